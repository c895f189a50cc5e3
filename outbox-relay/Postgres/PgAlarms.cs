using Npgsql;

namespace Sidecar.OutboxRelay.Postgres;

/// <summary>What a relay found and cannot repair, kept in <c>outbox.alarm</c> until a person accepts it.</summary>
internal static class PgAlarms
{
    /// <summary>More rows wait than the outbox's limit allows. Told; the relay goes on.</summary>
    public const string Backlog = "backlog";

    /// <summary>What a slot holds is not what was settled, or its file was replaced.</summary>
    public const string Slot = "slot";

    /// <summary>The sequence gives out ids that were given out before.</summary>
    public const string Sequence = "sequence";

    /// <summary>The database does not know transactions that it had told of.</summary>
    public const string History = "history";

    /// <summary>A topic has another id than it had.</summary>
    public const string Topic = "topic";

    /// <summary>The database was copied into another cluster.</summary>
    public const string Cluster = "cluster";

    private const string Open =
        "SELECT id, kind, subject, text FROM outbox.alarm WHERE accepted_at IS NULL AND kind <> 'backlog' ORDER BY id LIMIT 1";

    /// <summary>Raises an alarm; false: it stood already.</summary>
    public static async Task<bool> RaiseAsync(NpgsqlConnection connection, string kind, string subject, string text)
    {
        await using var command = new NpgsqlCommand(
            "SELECT NOT EXISTS (SELECT FROM outbox.alarm WHERE kind = $1 AND subject = $2 AND accepted_at IS NULL), " +
            "outbox.raise_alarm($1, $2, $3)", connection);
        foreach (var value in new[] { kind, subject, text })
        {
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = value });
        }

        return (bool)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>The first alarm that keeps relays from going on, in a sentence; null: none does.</summary>
    public static async Task<string?> FirstAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(Open, connection);
        await using var row = await command.ExecuteReaderAsync();
        return await row.ReadAsync()
            ? $"alarm {row.GetInt64(0)} ({row.GetString(1)} {row.GetString(2)}): {row.GetString(3)}; the relay goes on after " +
              $"`outbox-relay alarms accept {row.GetInt64(0)}`"
            : null;
    }
}
