CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- What the restaurant takes bookings by. Every edit raises the version; a statement that books names the version by which it was judged, and
-- shares its lock, so that nothing is booked by what was before.
CREATE TABLE house (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    -- What is left out has its default.
    rules       jsonb NOT NULL DEFAULT '{}',
    -- The services of the week; without any the restaurant is open around the clock.
    schedule    jsonb NOT NULL DEFAULT '[]',
    pause_until timestamptz,
    -- The sections that are declared elsewhere, in the resource or a file: booking, openingHours, floor. The staff do not edit them.
    declared    text[] NOT NULL DEFAULT '{}',
    version     integer NOT NULL DEFAULT 1
);
INSERT INTO house DEFAULT VALUES;

CREATE FUNCTION raise_house() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE house SET version = version + 1;
    RETURN NULL;
END
$$;

-- Dates with hours of their own, in place of the week's. Without services the restaurant is closed.
CREATE TABLE exception (
    id         serial PRIMARY KEY,
    from_date  date NOT NULL,
    until_date date NOT NULL CHECK (until_date >= from_date),
    services   jsonb NOT NULL,
    note       text,
    version    integer NOT NULL DEFAULT 1,
    CONSTRAINT exception_of_a_date EXCLUDE USING gist (daterange(from_date, until_date, '[]') WITH &&)
);
CREATE TRIGGER raise_house BEFORE INSERT OR UPDATE OR DELETE ON exception FOR EACH STATEMENT EXECUTE FUNCTION raise_house();

CREATE TABLE area (
    id       serial PRIMARY KEY,
    name     text NOT NULL,
    -- Whether guests may book there; the staff always may.
    online   boolean NOT NULL,
    position integer NOT NULL,
    version  integer NOT NULL DEFAULT 1,
    CONSTRAINT area_name_key UNIQUE (name)
);
CREATE TRIGGER raise_house BEFORE INSERT OR UPDATE OR DELETE ON area FOR EACH STATEMENT EXECUTE FUNCTION raise_house();

CREATE TABLE "table" (
    id           serial PRIMARY KEY,
    table_number integer NOT NULL,
    capacity     integer NOT NULL CHECK (capacity BETWEEN 1 AND 12),
    description  text,
    is_active    boolean NOT NULL DEFAULT true,
    area_id      integer REFERENCES area (id),
    -- The smallest party of guests that it is given to; the staff may seat fewer.
    min_party    integer NOT NULL DEFAULT 1 CHECK (min_party BETWEEN 1 AND capacity),
    online       boolean NOT NULL DEFAULT true,
    version      integer NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT table_number_key UNIQUE (table_number)
);
CREATE TRIGGER raise_house BEFORE INSERT OR UPDATE OR DELETE ON "table" FOR EACH STATEMENT EXECUTE FUNCTION raise_house();

-- Tables that are joined for a larger party.
CREATE TABLE table_group (
    id        serial PRIMARY KEY,
    name      text NOT NULL,
    -- Tables in use, all of one area.
    table_ids integer[] NOT NULL CHECK (cardinality(table_ids) BETWEEN 2 AND 12),
    capacity  integer NOT NULL CHECK (capacity BETWEEN 2 AND 20),
    -- The smallest party of guests that it is given to; the staff may seat fewer.
    min_party integer NOT NULL CHECK (min_party BETWEEN 1 AND capacity),
    version   integer NOT NULL DEFAULT 1
);
CREATE TRIGGER raise_house BEFORE INSERT OR UPDATE OR DELETE ON table_group FOR EACH STATEMENT EXECUTE FUNCTION raise_house();

-- Tables that the staff take out of use for a while.
CREATE TABLE block (
    id         serial PRIMARY KEY,
    table_ids  integer[] NOT NULL CHECK (cardinality(table_ids) > 0),
    from_at    timestamptz NOT NULL,
    until_at   timestamptz NOT NULL CHECK (until_at > from_at AND until_at <= from_at + interval '30 days'),
    reason     text,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX block_until ON block (until_at);
CREATE TRIGGER raise_house BEFORE INSERT OR UPDATE OR DELETE ON block FOR EACH STATEMENT EXECUTE FUNCTION raise_house();

CREATE TABLE reservation (
    id               serial PRIMARY KEY,
    reservation_code varchar(50) NOT NULL,
    -- The account that booked; null where the staff did, for somebody else.
    user_id          integer,
    table_id         integer NOT NULL REFERENCES "table" (id),
    -- All its tables, by their numbers; the first one is also in table_id. They stay after the tables are free again.
    table_ids        integer[] NOT NULL CHECK (table_ids[1] = table_id),
    -- Whether the tables were named, or the house chose them.
    table_named      boolean NOT NULL DEFAULT false,
    guests_count     integer NOT NULL CHECK (guests_count BETWEEN 1 AND 20),
    reservation_time timestamptz NOT NULL,
    duration_minutes integer NOT NULL DEFAULT 120 CHECK (duration_minutes BETWEEN 15 AND 480),
    status           varchar(20) NOT NULL DEFAULT 'pending'
                     CHECK (status IN ('pending', 'confirmed', 'seated', 'completed', 'cancelled', 'no_show')),
    source           varchar(20) NOT NULL DEFAULT 'account' CHECK (source IN ('account', 'guest', 'phone', 'walk_in')),
    contact_name     varchar(255),
    contact_phone    varchar(50),
    contact_email    varchar(255),
    special_requests text,
    -- For the staff alone.
    staff_note       text,
    -- Whether the staff booked or moved it against the rules of the house.
    overridden       boolean NOT NULL DEFAULT false,
    -- As whom it was last changed, and by which user.
    changed_by       varchar(10) NOT NULL DEFAULT 'system' CHECK (changed_by IN ('guest', 'staff', 'system')),
    changed_by_user  integer,
    -- The state that reopening leads back to, and when it was left; null where there is nothing to undo.
    undo_status      varchar(20),
    undo_at          timestamptz,
    -- The language in which the restaurant writes to the guest; null where it is the restaurant's.
    language         varchar(5),
    -- Links to the booking are good for one version: it grows with a change of the e-mail address, to which they are sent. It begins anywhere, so
    -- that a link of a booking that a restore has lost opens none that gets its id.
    link_version     integer NOT NULL DEFAULT (random() * 1000000000)::integer,
    version          integer NOT NULL DEFAULT 1,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT reservation_code_key UNIQUE (reservation_code),
    CONSTRAINT reservation_user_of_account CHECK ((source = 'account') = (user_id IS NOT NULL))
);
-- Every list is a merge of ordered scans, one for each state that it shows: so none skips bookings that it does not show.
CREATE INDEX reservation_status ON reservation (status, reservation_time, id);
CREATE INDEX reservation_user ON reservation (user_id, status, reservation_time, id);
CREATE INDEX reservation_of_table ON reservation (table_id, status, reservation_time, id);
-- Those of the other tables of a joined booking are few, and looked through.
CREATE INDEX reservation_joined ON reservation (status, reservation_time, id) WHERE cardinality(table_ids) > 1;
-- The bookings that a user made within the last hour are counted through this one.
CREATE INDEX reservation_made ON reservation (user_id, created_at);

-- The text in which the staff search.
CREATE FUNCTION searched(code text, name text, email text, phone text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN lower(coalesce(code, '') || ' ' || coalesce(name, '') || ' ' || coalesce(email, '') || ' ' || coalesce(phone, ''));
CREATE INDEX reservation_searched ON reservation
    USING gin (searched(reservation_code, contact_name, contact_email, contact_phone) gin_trgm_ops);

-- The quarter of an hour in which something begins.
CREATE FUNCTION quarter(timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT to_timestamp(floor(extract(epoch FROM $1) / 900) * 900)
$$;

-- How many guests and parties begin in it, of the bookings that are neither walk-ins nor cancelled nor a no-show. Empty where the rules limit
-- neither.
CREATE TABLE pacing (
    bucket  timestamptz PRIMARY KEY,
    covers  integer NOT NULL,
    parties integer NOT NULL
);

-- A booking that is called off begins in no quarter any more. A function of its own sees what an edit of the rules, for which its statement
-- waited, has counted.
CREATE FUNCTION lower_pacing(start timestamptz, guests integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE pacing SET covers = covers - guests, parties = parties - 1 WHERE bucket = quarter(start);
END
$$;

-- A booking, as events tell of it: nothing personal.
CREATE FUNCTION event_of(r reservation) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
        'id', r.id, 'reservation_code', r.reservation_code, 'user_id', r.user_id, 'source', r.source, 'table_id', r.table_id,
        'table_ids', r.table_ids, 'guests_count', r.guests_count, 'reservation_time', event_time(r.reservation_time),
        'duration_minutes', r.duration_minutes, 'ends_at', event_time(r.reservation_time + make_interval(mins => r.duration_minutes)),
        'status', r.status, 'version', r.version, 'created_at', event_time(r.created_at), 'updated_at', event_time(r.updated_at))
$$;

-- What occupies a table for a while: the bookings that are pending, confirmed or seated, and blocks. The others have no row here. No table is
-- held twice at a time; ranges are half-open, so back to back is no overlap.
-- A hold that is longer than 8 hours is several rows, back to back: a reader looks back 8 hours and no further.
-- Rows are inserted with ON CONFLICT DO NOTHING: a plain INSERT against an exclusion constraint deadlocks under contention.
-- A booking is moved by deleting and inserting its rows in one transaction.
CREATE TABLE reservation_table (
    reservation_id integer REFERENCES reservation (id) ON DELETE CASCADE,
    table_id       integer NOT NULL REFERENCES "table" (id),
    start_at       timestamptz NOT NULL,
    end_at         timestamptz NOT NULL,
    -- Whether the party sits there; of a hold in several rows the last one says so.
    seated         boolean NOT NULL DEFAULT false,
    block_id       integer REFERENCES block (id) ON DELETE CASCADE,
    CONSTRAINT reservation_table_key UNIQUE NULLS NOT DISTINCT (reservation_id, block_id, table_id, start_at),
    CONSTRAINT reservation_table_of_one CHECK (num_nonnulls(reservation_id, block_id) = 1),
    CONSTRAINT reservation_table_length CHECK (end_at > start_at AND end_at <= start_at + interval '8 hours'),
    CONSTRAINT reservation_table_no_overlap EXCLUDE USING gist (table_id WITH =, tstzrange(start_at, end_at) WITH &&)
);
-- Availability reads this one: a B-tree from 8 hours before the time asked for answers faster than the GiST index. It has all that is
-- asked for, so that the rows, each of which lies on a page of its own, need not be read.
CREATE INDEX reservation_table_start_at ON reservation_table (table_id, start_at, end_at) INCLUDE (reservation_id);
CREATE INDEX reservation_table_block ON reservation_table (block_id) WHERE block_id IS NOT NULL;
-- One party sits at a table.
CREATE UNIQUE INDEX reservation_table_seated ON reservation_table (table_id) WHERE seated;

-- Which limit a user has reached, if any: so many bookings made within an hour, so many that are not over yet; 0 is no limit.
-- Bookings of one user go through here one after another, until each is committed; a query within a function sees what was committed
-- before it began, which the statement around it does not. So the limits hold for bookings that are made at once, too.
CREATE FUNCTION booking_limit(booker integer, per_hour integer, upcoming integer) RETURNS text LANGUAGE plpgsql VOLATILE
-- One plan does for every user: to plan anew for each would take longer than to count.
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    IF per_hour = 0 AND upcoming = 0 THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock(1919247732, booker);
    IF per_hour > 0 AND per_hour <= (
        SELECT count(*) FROM (
            SELECT FROM reservation WHERE user_id = booker AND created_at > now() - interval '1 hour'
            ORDER BY created_at DESC LIMIT per_hour) recent
    ) THEN
        RETURN 'per_hour';
    END IF;
    IF upcoming > 0 AND upcoming <= (
        SELECT count(*) FROM reservation WHERE user_id = booker AND status IN ('pending', 'confirmed', 'seated')
          AND reservation_time > now() - interval '8 hours'
          AND reservation_time + make_interval(mins => duration_minutes) > now()
    ) THEN
        RETURN 'upcoming';
    END IF;
    RETURN NULL;
END
$$;

-- What was done from networks without an account within the last hour: booked, or asked for the link of a booking.
CREATE TABLE network_use (
    network varchar(45) NOT NULL,
    use     varchar(10) NOT NULL CHECK (use IN ('booking', 'link')),
    made_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX network_use_network ON network_use (network, use, made_at);
CREATE INDEX network_use_made_at ON network_use (made_at);

-- Whether a network has reached the limit of bookings within an hour; 0 is no limit. As booking_limit, for networks.
CREATE FUNCTION network_limit(booker text, per_hour integer) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF booker IS NULL OR per_hour = 0 THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock(1735750516, hashtext(booker));
    IF per_hour <= (
        SELECT count(*) FROM network_use WHERE network = booker AND use = 'booking' AND made_at > now() - interval '1 hour'
    ) THEN
        RETURN 'network';
    END IF;
    RETURN NULL;
END
$$;

-- Mail to guests: written in the transaction of the change that it tells of, sent by the relay (reservation::mail::relay).
CREATE TABLE message (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind           varchar(20) NOT NULL CHECK (kind IN ('received', 'confirmed', 'changed', 'cancelled', 'reminder', 'link')),
    reservation_id integer NOT NULL,
    recipient      varchar(255) NOT NULL,
    -- Null where it is the restaurant's.
    language       varchar(5),
    -- The booking, as the message tells of it.
    params         jsonb NOT NULL,
    -- What is told once has one key; it is also in the Message-ID.
    dedupe_key     text NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- When it was to be sent first.
    due_at         timestamptz NOT NULL,
    -- After that nobody needs it.
    expires_at     timestamptz NOT NULL,
    state          varchar(10) NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sending', 'sent', 'failed', 'expired')),
    -- Until when nobody else takes it: a replica sends it, or it was refused for now and waits for the next attempt.
    taken_until    timestamptz,
    attempts       integer NOT NULL DEFAULT 0,
    last_error     text,
    sent_at        timestamptz,
    CONSTRAINT message_dedupe_key UNIQUE (dedupe_key)
);
CREATE INDEX message_due ON message (due_at, id) WHERE state IN ('waiting', 'sending');
CREATE INDEX message_of_reservation ON message (reservation_id, id);
CREATE INDEX message_of_recipient ON message (recipient, created_at);
CREATE INDEX message_expires_at ON message (expires_at);

-- A booking, as messages tell of it: what it is, and what it was before.
CREATE FUNCTION told_of(r reservation, before jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
        'code', r.reservation_code, 'version', r.version, 'link_version', r.link_version, 'status', r.status, 'by', r.changed_by,
        'name', r.contact_name, 'guests', r.guests_count, 'time', event_time(r.reservation_time), 'minutes', r.duration_minutes,
        'requests', r.special_requests, 'before', coalesce(before, '{}'))
$$;

-- When a message may be sent: at once, but to one address no more than 20 within an hour, and about one booking no more than 10. So whoever
-- has somebody else's address cannot fill their mailbox. What waits is replaced by what is newer.
CREATE FUNCTION mail_due(booking integer, address text) RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT greatest(clock_timestamp(), (
        SELECT created_at + interval '1 hour' FROM message
        WHERE recipient = address AND created_at > clock_timestamp() - interval '1 hour' AND kind <> 'reminder'
        ORDER BY created_at DESC OFFSET 19 LIMIT 1
    ), (
        SELECT created_at + interval '1 hour' FROM message
        WHERE reservation_id = booking AND created_at > clock_timestamp() - interval '1 hour' AND kind <> 'reminder'
        ORDER BY created_at DESC OFFSET 9 LIMIT 1
    ))
$$;

-- Tells the guest of a booking what happened to it. $2 is the kind of message, null where there is nothing to tell; $3 is what the booking was
-- before, of what has changed; $4 is how many hours before the visit the guest is reminded (0: never), null where no mail is configured.
-- A newer message takes the place of those that still wait; the reminder is written anew each time.
CREATE FUNCTION write_messages(r reservation, kind_told text, before jsonb, remind integer) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    kind_written text := kind_told;
    reminded_at  timestamptz := r.reservation_time - make_interval(hours => remind);
BEGIN
    IF remind IS NULL THEN
        RETURN;
    END IF;
    -- One that is on its way is waited for, or waits: whether it was taken is not decided in the middle of this.
    PERFORM FROM message m WHERE m.reservation_id = r.id AND m.state = 'sending' FOR UPDATE;
    DELETE FROM message m WHERE m.reservation_id = r.id AND m.state = 'waiting'
      AND (m.kind = 'reminder' OR kind_told IS NOT NULL AND m.dedupe_key NOT LIKE '%:former:%');
    IF r.contact_email IS NULL THEN
        RETURN;
    END IF;
    IF kind_told IS NOT NULL THEN
        -- To somebody who has not heard of its state yet, a change is none.
        IF kind_told = 'changed' AND NOT EXISTS (
            SELECT FROM message m WHERE m.reservation_id = r.id AND m.recipient = r.contact_email AND m.state IN ('sending', 'sent')
              AND (r.status = 'pending' OR m.params ->> 'status' = r.status)
        ) THEN
            kind_written := CASE r.status WHEN 'pending' THEN 'received' ELSE 'confirmed' END;
        END IF;
        INSERT INTO message (kind, reservation_id, recipient, language, params, dedupe_key, due_at, expires_at)
        VALUES (kind_written, r.id, r.contact_email, r.language, told_of(r, before), concat_ws(':', r.id, kind_written, r.version),
            mail_due(r.id, r.contact_email), greatest(r.reservation_time, now() + interval '1 hour'))
        ON CONFLICT (dedupe_key) DO NOTHING;
        -- The address from which a booking was taken is told so.
        IF before ? 'email' THEN
            INSERT INTO message (kind, reservation_id, recipient, language, params, dedupe_key, due_at, expires_at)
            VALUES ('changed', r.id, before ->> 'email', r.language, told_of(r, before), concat_ws(':', r.id, 'former', r.version),
                mail_due(r.id, before ->> 'email'), greatest(r.reservation_time, now() + interval '1 hour'))
            ON CONFLICT (dedupe_key) DO NOTHING;
        END IF;
    END IF;
    IF remind > 0 AND r.status = 'confirmed' AND reminded_at > now() THEN
        INSERT INTO message (kind, reservation_id, recipient, language, params, dedupe_key, due_at, expires_at)
        VALUES ('reminder', r.id, r.contact_email, r.language, told_of(r, NULL),
            concat_ws(':', r.id, 'reminder', event_time(r.reservation_time)), reminded_at, r.reservation_time)
        ON CONFLICT (dedupe_key) DO NOTHING;
    END IF;
END
$$;

-- The guest directory, from user.events: shown to the staff beside each booking, and where a booking's contact is taken from.
CREATE TABLE guest (
    user_id   integer PRIMARY KEY,
    email     varchar(255) NOT NULL,
    full_name varchar(255),
    phone     varchar(50),
    version   integer NOT NULL,
    role      varchar(50) NOT NULL DEFAULT 'user'
);
CREATE INDEX guest_searched ON guest USING gin (searched('', full_name, email, phone) gin_trgm_ops);

-- Answers to POST /reservations/ by Idempotency-Key, kept for 24 hours. A row without a status is being answered.
CREATE TABLE idempotency_key (
    -- Of users by their ids, of whoever books without an account by the e-mail address.
    scope       text NOT NULL,
    key         varchar(255) NOT NULL,
    fingerprint bytea NOT NULL,
    status      smallint,
    headers     jsonb,
    body        bytea,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_key_created_at ON idempotency_key (created_at);
