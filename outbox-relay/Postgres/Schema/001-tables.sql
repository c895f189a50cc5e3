  CREATE SCHEMA IF NOT EXISTS outbox;

  -- One row: what writers and relays must agree on. It changes by hand only, so reading it never meets dead rows.
  CREATE TABLE outbox.config (
    one                boolean     PRIMARY KEY DEFAULT true CHECK (one),
    uuid               uuid        NOT NULL DEFAULT gen_random_uuid(),  -- with a row's id, the event's id in the world
    schema_version     integer     NOT NULL DEFAULT 0,
    oldest_relay       integer     NOT NULL DEFAULT 0,    -- programs that know at least this version may work on it
    system_id          text        NOT NULL,              -- transaction numbers mean something in this cluster alone
    buckets            smallint    NOT NULL DEFAULT 64 CHECK (buckets > 0 AND (buckets & (buckets - 1)) = 0),
    slot_bytes         bigint      NOT NULL DEFAULT 67108864 CHECK (slot_bytes >= 65536),
    max_backlog_rows   bigint      CHECK (max_backlog_rows > 0),    -- null: no limit
    max_backlog_policy text        NOT NULL DEFAULT 'alarm' CHECK (max_backlog_policy IN ('alarm', 'raise')),
    created_at         timestamptz NOT NULL DEFAULT clock_timestamp()
  );
  INSERT INTO outbox.config (system_id) SELECT system_identifier::text FROM pg_control_system();

  -- Numbers that every writer reads and relays change. Sequences, since those are changed in place: no dead rows, and
  -- the latest value is seen by every transaction whatever its isolation level.
  CREATE SEQUENCE outbox.log_id AS bigint CACHE 1;    -- a cache would hand out numbers against the order of commits
  CREATE SEQUENCE outbox.current_slot AS bigint MINVALUE 0 START 0;
  CREATE SEQUENCE outbox.bell AS bigint;              -- Unix seconds until which publish() notifies; 1: it does not
  CREATE SEQUENCE outbox.settled AS bigint MINVALUE 0 START 0;    -- every row up to this id is settled
  PERFORM setval('outbox.current_slot', 0), setval('outbox.bell', 1), setval('outbox.settled', 0);

  -- The events. Rows are inserted, read, and leave with their whole slot: never updated, never deleted one by one.
  CREATE TABLE outbox.log (
    xid        xid8        NOT NULL,    -- the top-level transaction, taken before the id
    id         bigint      NOT NULL,
    created_at timestamptz NOT NULL,
    slot       smallint    NOT NULL,
    bucket     smallint    NOT NULL,
    topic      text        NOT NULL,
    key        bytea,                   -- null: no key, no order
    value      bytea,                   -- null: a tombstone, which is not the same as empty
    headers    jsonb                    -- pairs in order, [["name", "text or null"], ...]; null: none
  ) PARTITION BY LIST (slot);

  FOR slot IN 0 .. 3 LOOP
    -- What is never updated needs no vacuum before its slot is emptied.
    EXECUTE format(
      'CREATE TABLE outbox.log_%1$s PARTITION OF outbox.log FOR VALUES IN (%1$s)
         WITH (autovacuum_vacuum_insert_threshold = -1);
       CREATE UNIQUE INDEX log_%1$s_id ON outbox.log_%1$s (id);
       CREATE INDEX log_%1$s_xid ON outbox.log_%1$s (xid, id);', slot);
  END LOOP;

  -- What is known of each slot: a file that is not the one we know was put there by hand.
  CREATE TABLE outbox.slot (
    slot       smallint    PRIMARY KEY,
    filenode   oid         NOT NULL,
    accepted   boolean     NOT NULL DEFAULT false,  -- a person has accepted that it is not as it was left
    emptied    bigint      NOT NULL DEFAULT 0,      -- rows that left it since there is an outbox
    emptied_at timestamptz
  );
  INSERT INTO outbox.slot (slot, filenode)
  SELECT n, pg_relation_filenode(format('outbox.log_%s', n)::regclass) FROM generate_series(0, 3) n;

  -- Settled rows of each slot: how many, and the sum of their ids modulo 2^62. Relays write to different parts.
  CREATE TABLE outbox.ledger (
    slot   smallint NOT NULL,
    part   smallint NOT NULL,
    rows   bigint   NOT NULL DEFAULT 0,
    id_sum bigint   NOT NULL DEFAULT 0,
    PRIMARY KEY (slot, part)
  ) WITH (fillfactor = 20, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);
  INSERT INTO outbox.ledger (slot, part) SELECT n, p FROM generate_series(0, 3) n, generate_series(0, 7) p;

  -- One row for each relay that runs: its lease, which its lanes hang on.
  CREATE TABLE outbox.relay (
    id          uuid        PRIMARY KEY,
    name        text        NOT NULL,
    epoch       bigint      NOT NULL DEFAULT 0,    -- one more whenever it is taken for dead
    beat        bigint      NOT NULL DEFAULT 0,    -- one more with each renewal
    lease_ms    bigint      NOT NULL,
    lease_until timestamptz NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp()
  ) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

  -- Who owns a bucket, and how far it is settled: everything that is visible in done; of what is visible in win and not
  -- in done, the rows up to win_id. Rows above a floor are all that the next window can hold, but for those of the
  -- transactions that the snapshot saw running.
  CREATE TABLE outbox.lane (
    bucket    smallint    PRIMARY KEY,
    owner     uuid,                                -- null: nobody
    epoch     bigint      NOT NULL DEFAULT 0,      -- one more with each owner
    done      pg_snapshot NOT NULL DEFAULT '1:1:',
    floor     bigint      NOT NULL DEFAULT 0,
    win       pg_snapshot,
    win_floor bigint,
    win_id    bigint
  ) WITH (fillfactor = 20, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);
  INSERT INTO outbox.lane (bucket) SELECT generate_series(0, 63);

  -- Rows that were taken out of the line. refused: Kafka does not take it, a person decides. behind: a later row of the
  -- topic and key of a refused one. waiting: its topic is not there; it goes out by itself when the topic is.
  CREATE TABLE outbox.held (
    id          bigint      PRIMARY KEY,
    bucket      smallint    NOT NULL,
    topic       text        NOT NULL,
    key         bytea,
    value       bytea,
    headers     jsonb,
    created_at  timestamptz NOT NULL,
    kind        text        NOT NULL CHECK (kind IN ('refused', 'behind', 'waiting')),
    reason      text        NOT NULL,
    held_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    released_at timestamptz             -- a person wants a refused row to be tried again
  );
  CREATE INDEX held_key ON outbox.held (topic, md5(key), id);
  CREATE INDEX held_waiting ON outbox.held (id) WHERE kind = 'waiting';

  -- What a relay found. It goes on only when a person has accepted it; a backlog is told, and does not stop it.
  CREATE TABLE outbox.alarm (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text        NOT NULL,
    subject     text        NOT NULL,
    text        text        NOT NULL,
    raised_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    accepted_at timestamptz,
    accepted_by text
  );
  CREATE UNIQUE INDEX alarm_open ON outbox.alarm (kind, subject) WHERE accepted_at IS NULL;

  -- Topics that were written to, by the id that Kafka gave them.
  CREATE TABLE outbox.topic (
    name     text        PRIMARY KEY,
    topic_id text        NOT NULL,
    seen_at  timestamptz NOT NULL DEFAULT clock_timestamp()
  );

  -- For relays that read the write-ahead log. Where wal_level is not logical, it is there and not used.
  PERFORM set_config('client_min_messages', 'error', true);
  CREATE PUBLICATION outbox FOR TABLE outbox.log WITH (publish = 'insert', publish_via_partition_root = true);
