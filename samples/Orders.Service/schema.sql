-- The service's own tables; `outbox-relay init --apply` makes the outbox beside them.
CREATE TABLE IF NOT EXISTS orders(
    id          TEXT PRIMARY KEY,
    customer    TEXT NOT NULL,
    total_cents BIGINT NOT NULL,
    changes     INTEGER NOT NULL);

-- A row for each delivery, not for each event: what came twice is here twice, and can be counted.
CREATE TABLE IF NOT EXISTS received(
    number   BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    attempt  INTEGER NOT NULL,
    pod      TEXT NOT NULL,
    at       TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp());
