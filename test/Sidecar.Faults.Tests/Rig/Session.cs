using Npgsql;
using Sidecar.TestKit.Postgres;

namespace Sidecar.Faults.Tests.Rig;

/// <summary>
/// One connection of the application. An event is published while its key's account is locked, with the account's new
/// version: that is what makes the order of a key's events the order of their commits.
/// </summary>
internal sealed class Session(NpgsqlConnection connection, string topic) : IAsyncDisposable
{
    private const string PublishSql =
        "WITH a AS (UPDATE account SET version = version + 1 WHERE key = $1 RETURNING version) " +
        "SELECT outbox.publish($2, $1, convert_to(a.version || ' ' || repeat('x', $3), 'UTF8')) FROM a";

    public static async Task<Session> OpenAsync(string address, string topic) =>
        new(await Sql.OpenAsync(address), topic);

    /// <summary>Publishes the next event of this key, of about that many bytes, in the transaction that is open.</summary>
    public async Task PublishAsync(string key, int bytes = 200)
    {
        await using var command = new NpgsqlCommand(PublishSql, connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = key });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = topic });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = bytes });
        await command.ExecuteScalarAsync();
    }

    /// <summary>Publishes that many events, going round the keys, in one statement.</summary>
    public Task PublishManyAsync(IReadOnlyList<string> keys, int count, int bytes = 200) => ExecuteAsync(
        $"""
        DO $$ DECLARE
          keys text[] := ARRAY['{string.Join("','", keys)}'];
          v bigint;
        BEGIN
          FOR i IN 0 .. {count - 1} LOOP
            UPDATE account SET version = version + 1 WHERE key = keys[i % {keys.Count} + 1] RETURNING version INTO v;
            PERFORM outbox.publish('{topic}', keys[i % {keys.Count} + 1],
                                   convert_to(v || ' ' || repeat('x', {bytes}), 'UTF8'));
          END LOOP;
        END $$
        """);

    public Task ExecuteAsync(string sql) => connection.ExecuteAsync(sql);

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
