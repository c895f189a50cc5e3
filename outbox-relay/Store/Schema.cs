namespace Sidecar.OutboxRelay.Store;

/// <summary>
/// The outbox's tables. The script is idempotent, and an application may run it in its own migrations.
/// </summary>
public static class Schema
{
    /// <summary>The version that this program reads and writes.</summary>
    public const string Version = "1";

    /// <summary>What <c>outbox-relay init</c> prints and <c>init --apply</c> runs.</summary>
    public const string Sql =
        """
        -- The outbox of outbox-relay, schema version 1. May be run again at any time.
        -- WAL: the relay reads while the application writes. It is a property of the file, set once.
        PRAGMA journal_mode = WAL;

        BEGIN IMMEDIATE;

        -- Where the application inserts, in the same transaction as its own rows. AUTOINCREMENT: an id is never used
        -- again, and as SQLite has one writer at a time, the order of ids is the order of commits.
        CREATE TABLE IF NOT EXISTS outbox_event (
          id         INTEGER PRIMARY KEY AUTOINCREMENT,
          topic      TEXT    NOT NULL,
          key        BLOB,              -- null: the record has no key, and no order
          value      BLOB,              -- null: a tombstone
          headers    TEXT,              -- JSON pairs in order, [["name","text or null"],...]; null: none
          created_ms INTEGER NOT NULL   -- milliseconds since 1970-01-01 UTC
        );

        -- The schema's version, and the identity of this outbox, which makes the events' ids unique in the world.
        CREATE TABLE IF NOT EXISTS outbox_meta (
          name  TEXT PRIMARY KEY,
          value TEXT NOT NULL
        );
        INSERT OR IGNORE INTO outbox_meta(name, value) VALUES
          ('schema_version', '1'),
          ('uuid', lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) ||
                         '-a' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))));

        -- Which relay may write. Times are milliseconds, expires_ms on this machine's clock.
        CREATE TABLE IF NOT EXISTS outbox_lease (
          bucket     INTEGER PRIMARY KEY,
          owner      TEXT,                        -- null: nobody
          epoch      INTEGER NOT NULL DEFAULT 0,  -- one more with each owner
          beat       INTEGER NOT NULL DEFAULT 0,  -- one more with each renewal and each progress write
          length_ms  INTEGER NOT NULL DEFAULT 0,
          expires_ms INTEGER NOT NULL DEFAULT 0
        );
        INSERT OR IGNORE INTO outbox_lease(bucket) VALUES (0);

        -- Rows that Kafka refused, and later rows of the same topic and key, in order.
        CREATE TABLE IF NOT EXISTS outbox_held (
          id         INTEGER PRIMARY KEY,
          topic      TEXT    NOT NULL,
          key        BLOB,
          value      BLOB,
          headers    TEXT,
          created_ms INTEGER NOT NULL,
          reason     TEXT    NOT NULL,
          held_ms    INTEGER NOT NULL
        );
        CREATE INDEX IF NOT EXISTS outbox_held_key ON outbox_held(topic, key);

        COMMIT;

        """;
}
