CREATE TABLE "user" (
    id            serial PRIMARY KEY,
    email         varchar(255) NOT NULL,
    password_hash varchar(255) NOT NULL,
    role          varchar(50) NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin')),
    full_name     varchar(255),
    phone         varchar(50),
    version       integer NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now()
);
-- An e-mail address keeps its case and is compared without it.
CREATE UNIQUE INDEX user_email_key ON "user" (lower(email));

-- One row at most: that the first administrator was made, whatever has become of that user since.
CREATE TABLE administrator_seed (
    only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    seeded_at timestamptz NOT NULL DEFAULT now()
);

-- Failed logins of the last 15 minutes, for known and unknown addresses alike, which stand here as a hash.
-- One row for an address, so that its lock decides which of several failures at once is the tenth.
CREATE TABLE login_failure (
    email_hash     bytea PRIMARY KEY,
    failed_at      timestamptz[] NOT NULL,
    last_failed_at timestamptz NOT NULL
);
CREATE INDEX login_failure_last_failed_at ON login_failure (last_failed_at);

-- What reservation.events tells of each booking: visits, no-shows, cancellations and the next booking of a user.
CREATE TABLE user_reservation (
    reservation_id   integer PRIMARY KEY,
    user_id          integer NOT NULL,
    status           varchar(20) NOT NULL,
    reservation_time timestamptz NOT NULL,
    version          integer NOT NULL
);
CREATE INDEX user_reservation_user_id ON user_reservation (user_id);
