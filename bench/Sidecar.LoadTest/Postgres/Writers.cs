using Npgsql;
using NpgsqlTypes;

namespace Sidecar.LoadTest.Postgres;

/// <summary>
/// Applications that publish, by <c>outbox.publish</c> alone: several connections, each with keys of its own, so that the
/// order of a key is that of its rows' numbers.
/// </summary>
internal sealed class Writers : IAsyncDisposable
{
    /// <summary>The headers of every row, and their bytes, which count as payload.</summary>
    public const string Headers = """{"ce_type": "sidecar.loadtest.v1.Event", "content-type": "application/octet-stream"}""";

    private const string One = "SELECT outbox.publish($1, $2, $3, $4)";
    private const string Several = "SELECT outbox.publish($1, e.key, e.value, $4) "
        + "FROM unnest($2, $3) WITH ORDINALITY AS e(key, value, number) ORDER BY e.number";

    private readonly NpgsqlDataSource source;
    private readonly string topic;
    private readonly Account account;
    private readonly byte[] value;

    public Writers(string connectionString, string topic, Account account, int valueBytes)
    {
        (this.topic, this.account) = (topic, account);
        value = new byte[valueBytes];
        new Random(1).NextBytes(value);
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            MaxPoolSize = 200, ApplicationName = "writer", NoResetOnClose = true,
        };
        source = NpgsqlDataSource.Create(settings);
    }

    /// <summary>Key and value of a row, and its headers: what it carries.</summary>
    public int PayloadBytes => value.Length + Mark.Key(0, account.Keys).Length + Headers.Length;

    /// <summary>Writes the rows of a range, at a rate or (0) as fast as it goes, and returns when all are committed.</summary>
    /// <returns>How far behind its time the latest statement began.</returns>
    public async Task<TimeSpan> WriteAsync(int first, int count, int rate, int connections, int rowsPerTransaction = 1)
    {
        var begin = TimeProvider.System.GetTimestamp();
        var behind = await Task.WhenAll(Enumerable.Range(0, connections).Select(number => Task.Run(() =>
            WriteMineAsync(
                Enumerable.Range(first, count).Where(i => i % account.Keys % connections == number).ToArray(),
                index => rate == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds((double)(index - first) / rate),
                begin, rowsPerTransaction))));
        return behind.Max();
    }

    /// <summary>Publishes one row of a key of its own in a transaction that then stays open for a while.</summary>
    public async Task WriteLateAsync(TimeSpan length)
    {
        await using var connection = await source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var one = await PrepareAsync(connection, One, NpgsqlDbType.Bytea);
        var late = (byte[])value.Clone();
        Mark.Write(late, account.Rows);
        (one.Parameters[1].Value, one.Parameters[2].Value) = ("late"u8.ToArray(), late);
        await one.ExecuteNonQueryAsync();
        await Task.Delay(length, TimeProvider.System);
        await transaction.CommitAsync();
    }

    public ValueTask DisposeAsync() => source.DisposeAsync();

    private async Task<TimeSpan> WriteMineAsync(int[] mine, Func<int, TimeSpan> due, long begin, int rowsPerTransaction)
    {
        await using var connection = await source.OpenConnectionAsync();
        await using var one = await PrepareAsync(connection, One, NpgsqlDbType.Bytea);
        await using var several = await PrepareAsync(connection, Several, NpgsqlDbType.Array | NpgsqlDbType.Bytea);
        var behind = TimeSpan.Zero;
        foreach (var rows in mine.Chunk(rowsPerTransaction))
        {
            var early = due(rows[^1]) - TimeProvider.System.GetElapsedTime(begin);
            if (early > TimeSpan.FromMilliseconds(1)) await Task.Delay(early, TimeProvider.System);
            else if (-early > behind) behind = -early;
            var sent = TimeProvider.System.GetTimestamp();
            await PublishAsync(rows.Length == 1 ? one : several, rows);
            var committed = TimeProvider.System.GetTimestamp();
            foreach (var row in rows) (account.Sent[row], account.Committed[row]) = (sent, committed);
        }

        return behind;
    }

    private async Task PublishAsync(NpgsqlCommand command, int[] rows)
    {
        var values = new byte[rows.Length][];
        for (var i = 0; i < rows.Length; i++)
        {
            values[i] = (byte[])value.Clone();
            Mark.Write(values[i], rows[i]);
        }

        var keys = rows.Select(row => Mark.Key(row, account.Keys)).ToArray();
        command.Parameters[1].Value = rows.Length == 1 ? keys[0] : keys;
        command.Parameters[2].Value = rows.Length == 1 ? values[0] : values;
        await command.ExecuteNonQueryAsync();
    }

    private async Task<NpgsqlCommand> PrepareAsync(NpgsqlConnection connection, string sql, NpgsqlDbType bytes)
    {
        var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new NpgsqlParameter { Value = topic, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = bytes });
        command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = bytes });
        command.Parameters.Add(new NpgsqlParameter { Value = Headers, NpgsqlDbType = NpgsqlDbType.Jsonb });
        await command.PrepareAsync();
        return command;
    }
}
