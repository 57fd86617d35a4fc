-- What every service has for its events; chassis::run::database puts it before the service's own migrations. Numbers are unique among
-- these and each service's own.

-- An instant as every event tells it, and as jiff writes it: 2030-05-17T17:30:00Z, 2030-05-01T10:00:00.123456Z.
CREATE FUNCTION event_time(at timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    RETURN rtrim(rtrim(to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.') || 'Z';

-- Events on their way to the broker (chassis::events::outbox): written in the transaction of their change, deleted once acknowledged.
CREATE TABLE outbox (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id   uuid NOT NULL DEFAULT gen_random_uuid(),
    topic      varchar(255) NOT NULL,
    key        varchar(255) NOT NULL,
    type       varchar(255) NOT NULL,
    data       jsonb NOT NULL,
    -- Not now(): that is when the transaction began, which may be before the change that it waited for.
    time       timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- How often the broker refused the event, and why: what follows of the same key waits behind it.
    attempts   integer NOT NULL DEFAULT 0,
    last_error text
) WITH (
    -- A queue is all dead rows, whatever its size: it is vacuumed by their number, at once and without pauses. Its end is not cut off,
    -- for that takes a lock that those who write events would wait for.
    autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0, vacuum_truncate = false,
    autovacuum_analyze_threshold = 10000, autovacuum_analyze_scale_factor = 0
);

-- The one replica whose relay publishes, and until when it may (chassis::events::outbox).
CREATE TABLE outbox_lease (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    holder   bigint NOT NULL,
    until    timestamptz NOT NULL,
    -- Every event that waits has this id or a greater one: what is read begins here, and not among the remains of what was published.
    oldest   bigint NOT NULL
);
INSERT INTO outbox_lease (holder, until, oldest) VALUES (0, '-infinity', 0);

-- How many events wait, and for how many seconds the oldest has. By the index, whatever the statistics say of a table that fills and
-- empties in seconds.
CREATE FUNCTION outbox_waiting(OUT pending bigint, OUT oldest_age double precision) LANGUAGE sql STABLE SET enable_seqscan = off AS $$
    SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(time)), 0)
    FROM outbox WHERE id >= (SELECT oldest FROM outbox_lease)
$$;

-- Events that were handled (chassis::events::inbox), by each consumer: written in the transaction of their effect, so that it happens
-- once.
CREATE TABLE processed_event (
    consumer     text NOT NULL,
    event_id     text NOT NULL,
    processed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, event_id)
);
CREATE INDEX processed_event_processed_at ON processed_event (processed_at);

-- Events that a consumer could not handle, and what follows of the same key: tried again, in order, until they can be or a person
-- deletes them. Whatever came, however malformed, fits in here; an event with an id is parked once.
CREATE TABLE parked_event (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consumer  text NOT NULL,
    topic     text NOT NULL,
    key       text NOT NULL,
    event_id  text,
    type      text,
    payload   bytea NOT NULL,
    error     text NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (consumer, event_id)
);
CREATE INDEX parked_event_key ON parked_event (consumer, topic, key, id);

-- The keys of which events are parked: when the oldest of each is tried again, and how often it was.
CREATE TABLE parked_key (
    consumer        text NOT NULL,
    topic           text NOT NULL,
    key             text NOT NULL,
    attempts        integer NOT NULL DEFAULT 1,
    next_attempt_at timestamptz NOT NULL,
    PRIMARY KEY (consumer, topic, key)
);
CREATE INDEX parked_key_next_attempt_at ON parked_key (consumer, next_attempt_at);
