using Microsoft.Data.Sqlite;

namespace Sidecar.OutboxRelay.Store;

/// <summary>How much waits, cheaply enough for every scrape.</summary>
/// <param name="Pending">Pending rows; above <see cref="SqliteBacklog.CountedExactly"/> the span of their ids.</param>
/// <param name="OldestCreatedMs">When the first was created; 0: none is pending.</param>
/// <param name="Held">Held rows.</param>
public readonly record struct Backlog(long Pending, long OldestCreatedMs, long Held);

/// <summary>
/// Measures the backlog on a connection of its own, beside the relay's loop and also while that stands by.
/// </summary>
public static class SqliteBacklog
{
    /// <summary>Rows that are counted one by one; counting more would read the whole table at every scrape.</summary>
    public const int CountedExactly = 100_000;

    /// <summary>The backlog; null: the database cannot be read now.</summary>
    public static Backlog? Measure(StoreOptions options)
    {
        try
        {
            using var connection = SqliteFile.Connect(options.SqlitePath, options.BusyTimeout);
            using var command = connection.CreateCommand();
            command.CommandText =
                $"""
                SELECT (SELECT count(*) FROM (SELECT 1 FROM outbox_event LIMIT {CountedExactly})),
                       (SELECT coalesce(max(id) - min(id) + 1, 0) FROM outbox_event),
                       coalesce((SELECT created_ms FROM outbox_event ORDER BY id LIMIT 1), 0),
                       (SELECT count(*) FROM outbox_held)
                """;
            using var reader = command.ExecuteReader();
            reader.Read();
            var counted = reader.GetInt64(0);
            return new Backlog(
                counted < CountedExactly ? counted : reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3));
        }
        catch (SqliteException)
        {
            return null;
        }
    }
}
