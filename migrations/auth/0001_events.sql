-- Events on their way to the broker (chassis::events::outbox): written in the transaction of their change, deleted once acknowledged.
CREATE TABLE outbox (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id   uuid NOT NULL DEFAULT gen_random_uuid(),
    topic      varchar(255) NOT NULL,
    key        varchar(255) NOT NULL,
    type       varchar(255) NOT NULL,
    data       jsonb NOT NULL,
    time       timestamptz NOT NULL DEFAULT now(),
    -- How often the broker refused the event, and why: what follows of the same key waits behind it.
    attempts   integer NOT NULL DEFAULT 0,
    last_error text
);

-- Events that were handled (chassis::events::inbox): written in the transaction of their effect, so that it happens once.
CREATE TABLE processed_event (
    event_id     text PRIMARY KEY,
    processed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX processed_event_processed_at ON processed_event (processed_at);

-- Events that could not be handled, and what follows of the same key: tried again, in order, until they can be or a person deletes
-- them. Whatever came, however malformed, fits in here; an event with an id is parked once.
CREATE TABLE parked_event (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic     text NOT NULL,
    key       text NOT NULL,
    event_id  text UNIQUE,
    type      text,
    payload   bytea NOT NULL,
    error     text NOT NULL,
    attempts  integer NOT NULL DEFAULT 1,
    parked_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX parked_event_key ON parked_event (topic, key, id);
