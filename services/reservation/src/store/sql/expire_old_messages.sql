-- Mail that was to be sent long before now: what it says has been sent, or is no news any more.
UPDATE message SET state = 'expired', taken_until = NULL
WHERE state IN ('waiting', 'sending') AND kind <> 'reminder' AND created_at < now() - interval '1 hour'
