using Confluent.Kafka;
using Npgsql;
using Sidecar.TestKit.Postgres;

namespace Sidecar.Faults.Tests.Rig;

/// <summary>
/// A relay as it is often written, with a known bug each. They are here to show that the rig finds them.
/// </summary>
internal sealed class NaiveRelay : IAsyncDisposable
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(2);

    private readonly CancellationTokenSource stopping = new();
    private readonly IProducer<byte[], byte[]> producer;
    private readonly Task running;

    private NaiveRelay(Scenario scenario, string next)
    {
        producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig(scenario.Kafka.Client())
        {
            EnableIdempotence = true, LingerMs = 1,
        }).Build();
        running = RunAsync(scenario, next);
    }

    /// <summary>Remembers the highest id: it loses every row that is committed after a row with a higher one.</summary>
    public static NaiveRelay AfterTheLastId(Scenario scenario) =>
        new(scenario, "SELECT id, key, value FROM outbox.log WHERE id > $1 ORDER BY id");

    /// <summary>
    /// Reads below the oldest transaction that runs, by transaction: it sends a key's events in the order in which their
    /// transactions began.
    /// </summary>
    public static NaiveRelay BelowTheHorizon(Scenario scenario) => new(
        scenario,
        """
        SELECT x, key, value FROM (
          SELECT xid::text::bigint AS x, id, key, value FROM outbox.log
           WHERE xid::text::bigint > $1 AND xid < pg_snapshot_xmin(pg_current_snapshot())) m ORDER BY x, id
        """);

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await running;
        producer.Flush(RunOptions.Bound);
        producer.Dispose();
        stopping.Dispose();
    }

    private async Task RunAsync(Scenario scenario, string next)
    {
        await using var connection = await Sql.OpenAsync(scenario.Database.AdminAddress);
        using var pace = new PeriodicTimer(Pace, TimeProvider.System);
        var last = 0L;
        while (!stopping.IsCancellationRequested)
        {
            await pace.WaitForNextTickAsync(CancellationToken.None);
            await using var command = new NpgsqlCommand(next, connection);
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = last });
            await using var rows = await command.ExecuteReaderAsync();
            while (await rows.ReadAsync())
            {
                last = Math.Max(last, rows.GetInt64(0));
                var message = new Message<byte[], byte[]>
                {
                    Key = rows.GetFieldValue<byte[]>(1), Value = rows.GetFieldValue<byte[]>(2),
                };
                producer.Produce(scenario.Topic, message);
            }
        }
    }
}
