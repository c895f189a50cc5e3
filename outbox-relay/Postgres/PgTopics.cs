using Npgsql;
using Sidecar.OutboxRelay.Contracts;

namespace Sidecar.OutboxRelay.Postgres;

/// <summary>The topics that were written to, by the ids that Kafka gave them: a name that has another id is another topic.</summary>
internal static class PgTopics
{
    private const string Enter =
        """
        WITH entered AS (
          INSERT INTO outbox.topic (name, topic_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING topic_id)
        SELECT topic_id FROM entered UNION ALL SELECT topic_id FROM outbox.topic WHERE name = $1 LIMIT 1
        """;

    /// <summary>Enters a topic that is new; one that was made again raises an alarm, which is the answer. Null: all is well.</summary>
    public static async Task<StoreProblem?> EnterAsync(PgSession session, string topic, string id)
    {
        await using var command = new NpgsqlCommand(Enter, session.Connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = topic });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = id });
        if (await command.ExecuteScalarAsync() is not string known || known == id)
        {
            return null;
        }

        var text = $"the topic {topic} was deleted and made again (its id was {known} and is {id}): what it held is gone, and " +
            "what is sent from now on begins anew";
        await PgAlarms.RaiseAsync(session.Connection, PgAlarms.Topic, topic, text);
        return new StoreProblem(StoreFault.Alarm, $"{session.Address.Shown}: {text}");
    }
}
