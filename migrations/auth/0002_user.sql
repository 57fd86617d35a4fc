CREATE TABLE "user" (
    id            serial PRIMARY KEY,
    email         varchar(255) NOT NULL,
    -- The e-mail address in NFC and folded without case by the service, so that no locale of a database has a say in who is who.
    email_folded  text NOT NULL,
    password_hash varchar(255) NOT NULL,
    -- Whether an administrator made the password, and the user is to choose their own.
    password_change_required boolean NOT NULL DEFAULT false,
    role          varchar(50) NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'host', 'admin')),
    full_name     varchar(255),
    phone         varchar(50),
    version       integer NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX user_email_folded_key ON "user" (email_folded);

-- Every role but that of guests has few users: they are found without a walk through all accounts.
CREATE INDEX user_staff ON "user" (role, id) WHERE role <> 'user';

-- Every suffix of a text. The cost keeps the planner from making them for one row after another; it is not for parallel plans, since to
-- begin one takes longer than the whole search.
CREATE FUNCTION suffixes(text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL UNSAFE COST 10000 AS $$
    SELECT array_to_tsvector(ARRAY(SELECT substr($1, start) FROM generate_series(1, char_length($1)) AS start))
$$;

-- Finds what begins with a text.
CREATE FUNCTION prefix_query(text) RETURNS tsquery LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT ('''' || replace(replace($1, '\', '\\'), '''', '''''') || ''':*')::tsquery
$$;

-- Finds a part of an address, which is the prefix of a suffix: as many entries are read as there are users who have it. pg_trgm would
-- not do: it sees letters and digits only, by the database's locale, no part of less than three characters, and reads whatever shares
-- the common ones. Few new entries wait to be sorted in, since every search reads all that wait.
CREATE INDEX user_email_suffixes ON "user" USING gin (suffixes(email_folded)) WITH (gin_pending_list_limit = 64);

-- Gives a user another e-mail address; false where it belongs to another user. The unique index decides. A violation is caught here,
-- since one that reaches the client is also written to the server's log, with the address.
-- Two users who take each other's address would wait for each other at the index: who gives or takes an address has its lock.
CREATE FUNCTION take_email(user_id integer, new_email text, new_email_folded text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(key) FROM (
        SELECT hashtextextended(email_folded, 0) AS key FROM "user" WHERE id = user_id
        UNION SELECT hashtextextended(new_email_folded, 0) ORDER BY key
    ) AS given_and_taken;
    UPDATE "user" SET email = new_email, email_folded = new_email_folded WHERE id = user_id;
    RETURN true;
EXCEPTION WHEN unique_violation THEN
    RETURN false;
END
$$;

-- One row at most: the administrator that the settings of the service named last, whatever has become of that account since. The hash is
-- of the password in the settings, so that another one there is noticed.
CREATE TABLE administrator_declaration (
    only_row      boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    email_folded  text NOT NULL,
    password_hash text NOT NULL,
    declared_at   timestamptz NOT NULL DEFAULT now()
);

-- Wrong passwords of the last 15 minutes. The subject is the hash of what they were given for: the folded e-mail address of a login,
-- whether it belongs to an account or not, or the account whose password was to be changed.
-- One row for a subject, so that its lock decides which of several failures at once is the tenth.
CREATE TABLE login_failure (
    subject        bytea PRIMARY KEY,
    failed_at      timestamptz[] NOT NULL,
    last_failed_at timestamptz NOT NULL
);
CREATE INDEX login_failure_last_failed_at ON login_failure (last_failed_at);

-- The state of each booking, as reservation.events tell it.
CREATE TABLE user_reservation (
    reservation_id   integer PRIMARY KEY,
    user_id          integer NOT NULL,
    status           varchar(20) NOT NULL,
    reservation_time timestamptz NOT NULL,
    version          integer NOT NULL
);
CREATE INDEX user_reservation_ahead ON user_reservation (user_id, reservation_time) WHERE status IN ('pending', 'confirmed', 'seated');

-- How many bookings of each user ended how. Counting them when asked would take the longer, the more often a guest came.
CREATE TABLE user_activity (
    user_id       integer PRIMARY KEY,
    visits        integer NOT NULL DEFAULT 0,
    no_shows      integer NOT NULL DEFAULT 0,
    cancellations integer NOT NULL DEFAULT 0
);

-- Triggers, since they see each row before and after, whichever of several writers at once comes first.
CREATE FUNCTION count_reservations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO user_activity AS counted (user_id, visits, no_shows, cancellations)
    SELECT user_id,
           TG_ARGV[0]::integer * count(*) FILTER (WHERE status = 'completed'),
           TG_ARGV[0]::integer * count(*) FILTER (WHERE status = 'no_show'),
           TG_ARGV[0]::integer * count(*) FILTER (WHERE status = 'cancelled')
    FROM changed GROUP BY user_id ORDER BY user_id
    ON CONFLICT (user_id) DO UPDATE SET
        visits = counted.visits + EXCLUDED.visits,
        no_shows = counted.no_shows + EXCLUDED.no_shows,
        cancellations = counted.cancellations + EXCLUDED.cancellations;
    RETURN NULL;
END
$$;
CREATE TRIGGER count_inserted AFTER INSERT ON user_reservation
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_reservations('1');
CREATE TRIGGER count_before_update AFTER UPDATE ON user_reservation
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_reservations('-1');
CREATE TRIGGER count_updated AFTER UPDATE ON user_reservation
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_reservations('1');
CREATE TRIGGER count_deleted AFTER DELETE ON user_reservation
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_reservations('-1');
