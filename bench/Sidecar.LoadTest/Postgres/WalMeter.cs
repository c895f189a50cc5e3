using Npgsql;
using Sidecar.TestKit.Postgres;

namespace Sidecar.LoadTest.Postgres;

/// <summary>What was written to the write-ahead log between two positions.</summary>
/// <param name="RecordBytes">The records, without images of pages.</param>
/// <param name="ImageBytes">Images of pages that were changed for the first time after a checkpoint.</param>
/// <param name="Kinds">The record bytes by what wrote them, the most first.</param>
internal sealed record WalWritten(long RecordBytes, long ImageBytes, IReadOnlyList<(string Kind, long Count, long Bytes)> Kinds)
{
    /// <summary>The largest kinds, by the row.</summary>
    public string Describe(long rows) => string.Join(", ", Kinds.Take(6).Select(
        kind => $"{kind.Kind} {(double)kind.Bytes / rows:F1} B in {(double)kind.Count / rows:F3}"));
}

/// <summary>Reads the write-ahead log with the server's own pg_walinspect.</summary>
internal static class WalMeter
{
    public static async Task<string> PositionAsync(NpgsqlConnection connection) =>
        (await connection.ScalarAsync<string>("SELECT pg_current_wal_insert_lsn()::text"))!;

    public static async Task<WalWritten> BetweenAsync(NpgsqlConnection connection, string from, string to)
    {
        if (from == to) return new WalWritten(0, 0, []);
        await connection.ExecuteAsync("CREATE EXTENSION IF NOT EXISTS pg_walinspect");
        // Only what is on disk can be read, and a commit puts it there.
        await connection.ExecuteAsync("SELECT pg_logical_emit_message(true, 'loadtest', '')");
        await using var command = new NpgsqlCommand(
            """
            SELECT "resource_manager/record_type", count::bigint, record_size::bigint, fpi_size::bigint
            FROM pg_get_wal_stats($1::pg_lsn, $2::pg_lsn, true) WHERE count > 0 ORDER BY record_size DESC
            """, connection);
        command.Parameters.AddWithValue(from);
        command.Parameters.AddWithValue(to);
        await using var reader = await command.ExecuteReaderAsync();
        var (kinds, images) = (new List<(string, long, long)>(), 0L);
        while (await reader.ReadAsync())
        {
            kinds.Add((reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2)));
            images += reader.GetInt64(3);
        }

        return new WalWritten(kinds.Sum(kind => kind.Item3), images, kinds);
    }
}
