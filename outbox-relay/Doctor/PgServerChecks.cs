using System.Globalization;
using Npgsql;
using Sidecar.OutboxRelay.Upkeep;

namespace Sidecar.OutboxRelay.Doctor;

/// <summary>The server: its version, its clock, its settings.</summary>
internal static class PgServerChecks
{
    /// <summary>A difference of the clocks above which ages are misleading. Leases go by the database's clock alone.</summary>
    public static readonly TimeSpan ClockDifference = TimeSpan.FromSeconds(5);

    private const int OldestVersion = 150000;
    private const string IdleTimeout = "idle_in_transaction_session_timeout";

    public static async Task<IEnumerable<Finding>> VersionAsync(NpgsqlConnection connection)
    {
        var (text, number) = (await PgDesk.ReadAsync(
            connection, "SELECT current_setting('server_version'), current_setting('server_version_num')::integer",
            reader => (reader.GetString(0), reader.GetInt32(1))))[0];
        return [number < OldestVersion
            ? Finding.Bad("version", $"PostgreSQL {text}", "the outbox needs PostgreSQL 15 or later")
            : Finding.Fine("version", $"PostgreSQL {text}")];
    }

    public static async Task<IEnumerable<Finding>> ClockAsync(NpgsqlConnection connection)
    {
        var before = TimeProvider.System.GetUtcNow();
        var theirs = new DateTimeOffset(await PgDesk.ScalarAsync<DateTime>(connection, "SELECT clock_timestamp()"), TimeSpan.Zero);
        var after = TimeProvider.System.GetUtcNow();
        var off = theirs < before ? before - theirs : theirs > after ? theirs - after : TimeSpan.Zero;
        var text = $"{off.TotalSeconds.ToString("F1", CultureInfo.InvariantCulture)} s between the database and this machine";
        return [off > ClockDifference
            ? Finding.Warn("clock", text, "set one of the clocks: ages and latencies are wrong by that much (leases are not)")
            : Finding.Fine("clock", text)];
    }

    public static async Task<IEnumerable<Finding>> SettingsAsync(NpgsqlConnection connection)
    {
        var settings = (await PgDesk.ReadAsync(
            connection,
            """
            SELECT name, setting FROM pg_settings WHERE name IN ('wal_level', 'max_slot_wal_keep_size', 'max_replication_slots',
              'autovacuum', 'fsync', 'full_page_writes')
            """,
            reader => (reader.GetString(0), reader.GetString(1)))).ToDictionary(row => row.Item1, row => row.Item2);

        var commit = await ForWritersAsync(connection, "synchronous_commit");
        settings[IdleTimeout] = await ForWritersAsync(connection, IdleTimeout);
        return
        [
            settings["fsync"] == "on" && settings["full_page_writes"] == "on"
                ? Finding.Fine("durability", "fsync and full_page_writes are on")
                : Finding.Bad("durability", "fsync or full_page_writes is off", "turn both on: a crash may lose or damage rows"),
            commit == "off"
                ? Finding.Warn("synchronous_commit", "off: a crash of the server takes back the last commits",
                    "set it on: Kafka may already have events whose rows are lost")
                : Finding.Fine("synchronous_commit", commit),
            settings["autovacuum"] == "on"
                ? Finding.Fine("autovacuum", "on")
                : Finding.Bad("autovacuum", "off", "turn it on: the lanes' rows are updated and grow without it"),
            settings["wal_level"] == "logical"
                ? Finding.Fine("wal_level", "logical: --mode wal is possible")
                : Finding.Warn("wal_level", $"{settings["wal_level"]}: the relay reads the table", "logical, where --mode wal is wanted"),
            .. WalSettings(settings),
        ];
    }

    /// <summary>A setting as writers get it: what is said for the database, else for the server. Our own session has its own.</summary>
    private static Task<string> ForWritersAsync(NpgsqlConnection connection, string name) => PgDesk.ScalarAsync<string>(
        connection,
        $"""
        SELECT coalesce((SELECT split_part(c, '=', 2) FROM pg_db_role_setting s, unnest(s.setconfig) c
                          WHERE c LIKE '{name}=%' AND s.setrole = 0
                            AND s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1),
                        (SELECT reset_val FROM pg_settings WHERE name = '{name}'))
        """);

    private static IEnumerable<Finding> WalSettings(Dictionary<string, string> settings)
    {
        if (settings["wal_level"] == "logical")
        {
            yield return settings["max_replication_slots"] == "0"
                ? Finding.Warn("max_replication_slots", "0", "at least 1 for --mode wal")
                : Finding.Fine("max_replication_slots", settings["max_replication_slots"]);
            yield return settings["max_slot_wal_keep_size"] == "-1"
                ? Finding.Warn("max_slot_wal_keep_size", "no limit", "set one: a slot that stands fills the disk")
                : Finding.Fine("max_slot_wal_keep_size", $"{settings["max_slot_wal_keep_size"]} MB");
        }

        yield return settings[IdleTimeout] == "0"
            ? Finding.Warn(
                IdleTimeout, "none",
                "set one (for instance 5min): a forgotten transaction keeps slots from being emptied, and dead rows from leaving")
            : Finding.Fine(
                IdleTimeout, settings[IdleTimeout].All(char.IsAsciiDigit) ? $"{settings[IdleTimeout]} ms" : settings[IdleTimeout]);
    }
}
