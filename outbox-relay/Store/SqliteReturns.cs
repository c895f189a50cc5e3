using Microsoft.Data.Sqlite;

namespace Sidecar.OutboxRelay.Store;

/// <summary>
/// How often held rows have gone back into the line: a relay that reads on from an id learns by it that there are rows
/// below. In <c>outbox_meta</c>, where it appears with the first return.
/// </summary>
internal static class SqliteReturns
{
    private const string Name = "returned";

    /// <summary>Reads the count; prepared for one connection.</summary>
    public static SqliteCommand Reader(SqliteConnection connection) => SqliteLease.Prepare(
        connection, $"SELECT coalesce((SELECT CAST(value AS INTEGER) FROM outbox_meta WHERE name = '{Name}'), 0)");

    /// <summary>Counts a return, in the transaction that is open.</summary>
    public static void Count(SqliteConnection connection) => SqliteFile.Execute(
        connection,
        $"""
        INSERT INTO outbox_meta(name, value) VALUES ('{Name}', '1')
        ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)
        """);
}
