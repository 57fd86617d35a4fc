CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TABLE "table" (
    id           serial PRIMARY KEY,
    table_number integer NOT NULL,
    capacity     integer NOT NULL CHECK (capacity BETWEEN 1 AND 12),
    description  text,
    is_active    boolean NOT NULL DEFAULT true,
    version      integer NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT table_number_key UNIQUE (table_number)
);

CREATE TABLE reservation (
    id               serial PRIMARY KEY,
    reservation_code varchar(50) NOT NULL,
    user_id          integer NOT NULL,
    table_id         integer NOT NULL REFERENCES "table" (id),
    guests_count     integer NOT NULL CHECK (guests_count BETWEEN 1 AND 20),
    reservation_time timestamptz NOT NULL,
    duration_minutes integer NOT NULL DEFAULT 120 CHECK (duration_minutes BETWEEN 15 AND 480),
    status           varchar(20) NOT NULL DEFAULT 'pending'
                     CHECK (status IN ('pending', 'confirmed', 'seated', 'completed', 'cancelled', 'no_show')),
    contact_phone    varchar(50) NOT NULL,
    contact_email    varchar(255) NOT NULL,
    special_requests text,
    version          integer NOT NULL DEFAULT 1,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT reservation_code_key UNIQUE (reservation_code)
);
CREATE INDEX reservation_user ON reservation (user_id, reservation_time, id);
CREATE INDEX reservation_day ON reservation (reservation_time, id);

-- The tables that a booking holds, and for how long: a row for each, while it is pending, confirmed or seated. A cancelled booking,
-- a no-show and a completed one hold none. No table is held twice at a time; back to back is no overlap, since ranges are half-open.
-- Rows are inserted with ON CONFLICT DO NOTHING: a plain INSERT against an exclusion constraint deadlocks under contention.
-- A booking is moved by deleting and inserting its rows in one transaction.
CREATE TABLE reservation_table (
    reservation_id integer NOT NULL REFERENCES reservation (id) ON DELETE CASCADE,
    table_id       integer NOT NULL REFERENCES "table" (id),
    start_at       timestamptz NOT NULL,
    end_at         timestamptz NOT NULL CHECK (end_at > start_at),
    PRIMARY KEY (reservation_id, table_id),
    CONSTRAINT reservation_table_no_overlap EXCLUDE USING gist (table_id WITH =, tstzrange(start_at, end_at) WITH &&)
);
-- Availability reads this one: a B-tree from the longest duration before the time asked for answers faster than the GiST index.
CREATE INDEX reservation_table_start_at ON reservation_table (start_at, end_at, table_id);

-- The guest directory, from user.events: shown to the host beside each booking, and where a booking's contact is taken from.
CREATE TABLE guest (
    user_id   integer PRIMARY KEY,
    email     varchar(255) NOT NULL,
    full_name varchar(255),
    phone     varchar(50),
    version   integer NOT NULL
);

-- Answers to POST /reservations/ by Idempotency-Key, kept for 24 hours. A row without a status is being answered.
CREATE TABLE idempotency_key (
    user_id     integer NOT NULL,
    key         varchar(255) NOT NULL,
    fingerprint bytea NOT NULL,
    status      smallint,
    headers     jsonb,
    body        bytea,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, key)
);
CREATE INDEX idempotency_key_created_at ON idempotency_key (created_at);
