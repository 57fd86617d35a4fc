CREATE TABLE menuitem (
    -- Ids are never given again: the service tells by them what is new from what was deleted (menu::contents).
    id          serial PRIMARY KEY,
    name        varchar(255) NOT NULL,
    description text,
    -- The upper bound keeps NaN out, which PostgreSQL holds to be above any number.
    price       numeric(10, 2) NOT NULL CHECK (price BETWEEN 0 AND 99999999.99),
    version     integer NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    -- A digest of the form by which the dish was added on a page: a form that is sent twice adds one dish.
    form        bytea UNIQUE
);
