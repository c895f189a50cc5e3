using Microsoft.Extensions.Logging;
using Npgsql;
using Sidecar.OutboxRelay.Contracts;

namespace Sidecar.OutboxRelay.Postgres;

/// <summary>An alarm that is open and keeps every relay from going on.</summary>
internal sealed record PgAlarm(long Id, string Kind, string Subject, string Text)
{
    /// <summary>What it is for the line.</summary>
    public StoreProblem Problem(PgAddress address) => new(
        StoreFault.Alarm,
        $"{address.Shown}: alarm {Id} ({Kind} {Subject}): {Text}; the relay goes on after `outbox-relay alarms accept {Id}`");
}

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

    /// <summary>
    /// The alarms that keep relays from going on, in no order: by the index of the open ones, however many were accepted.
    /// </summary>
    public const string Open =
        "SELECT id, kind, subject, text FROM outbox.alarm WHERE accepted_at IS NULL AND kind <> 'backlog'";

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

    /// <summary>Raises an alarm, and logs it where it did not stand already.</summary>
    public static async Task RaiseAsync(NpgsqlConnection connection, ILogger log, string kind, string subject, string text)
    {
        if (await RaiseAsync(connection, kind, subject, text))
        {
            log.AlarmRaised(kind, subject, text);
        }
    }

    /// <summary>The first alarm that keeps relays from going on; null: none does.</summary>
    public static async Task<PgAlarm?> FirstAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(Open, connection);
        await using var reader = await command.ExecuteReaderAsync();
        return await FirstAsync(reader);
    }

    /// <summary>The first of those that <see cref="Open"/> found; null: it found none.</summary>
    public static async Task<PgAlarm?> FirstAsync(NpgsqlDataReader reader)
    {
        PgAlarm? first = null;
        while (await reader.ReadAsync())
        {
            if (first is null || reader.GetInt64(0) < first.Id)
            {
                first = new PgAlarm(reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetString(3));
            }
        }

        return first;
    }
}
