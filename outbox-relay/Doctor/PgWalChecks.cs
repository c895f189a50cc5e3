using Npgsql;
using Sidecar.OutboxRelay.Upkeep;

namespace Sidecar.OutboxRelay.Doctor;

/// <summary>What logical replication needs, and what it holds.</summary>
internal static class PgWalChecks
{
    public static async Task<IEnumerable<Finding>> PublicationAsync(NpgsqlConnection connection)
    {
        var found = await PgDesk.ReadAsync(
            connection,
            """
            SELECT p.pubinsert AND NOT p.pubupdate AND NOT p.pubdelete AND NOT p.pubtruncate, p.pubviaroot,
                   EXISTS (SELECT FROM pg_publication_tables t WHERE t.pubname = p.pubname AND t.schemaname = 'outbox'),
                   (SELECT c.relreplident::text FROM pg_class c WHERE c.oid = 'outbox.log'::regclass)
              FROM pg_publication p WHERE p.pubname = 'outbox'
            """,
            r => (Inserts: r.GetBoolean(0), Root: r.GetBoolean(1), Log: r.GetBoolean(2), Identity: r.GetString(3)));
        const string Again =
            "DROP PUBLICATION outbox; CREATE PUBLICATION outbox FOR TABLE outbox.log " +
            "WITH (publish = 'insert', publish_via_partition_root = true)";
        if (found is not [var publication])
        {
            return [Finding.Bad("publication", "there is none named outbox", Again)];
        }

        return
        [
            publication is { Inserts: true, Root: true, Log: true }
                ? Finding.Fine("publication", "outbox publishes the inserts of outbox.log")
                : Finding.Bad("publication", "outbox is not for the inserts of outbox.log through its root", Again),
            publication.Identity == "f"
                ? Finding.Warn("replica identity", "full", "ALTER TABLE outbox.log REPLICA IDENTITY DEFAULT: rows are only inserted")
                : Finding.Fine("replica identity", "none is needed: rows are only inserted"),
        ];
    }

    public static async Task<IEnumerable<Finding>> SlotsAsync(NpgsqlConnection connection)
    {
        var idle = await PgDesk.ReadAsync(
            connection,
            """
            SELECT slot_name::text, coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint,
                   coalesce(wal_status, 'unknown')
              FROM pg_replication_slots WHERE NOT active AND NOT pg_is_in_recovery() ORDER BY 2 DESC LIMIT 20
            """,
            r => (Name: r.GetString(0), Bytes: r.GetInt64(1), Status: r.GetString(2)));
        return idle.Count == 0
            ? [Finding.Fine("replication slots", "none stands")]
            : idle.Select(slot => Finding.Warn(
                "replication slots", $"{slot.Name} has no reader and holds {slot.Bytes / 1024 / 1024} MiB of WAL ({slot.Status})",
                $"start its reader, or SELECT pg_drop_replication_slot('{slot.Name}'): the relay's own end with their connection"));
    }
}
