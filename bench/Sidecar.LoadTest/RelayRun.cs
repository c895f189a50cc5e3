using Microsoft.Data.Sqlite;
using Sidecar.TestKit.Kafka;
using Sidecar.TestKit.Processes;

namespace Sidecar.LoadTest;

/// <summary>
/// Drains a SQLite outbox of marked rows through the relay into Kafka, and reads them back from there.
/// </summary>
internal static class RelayRun
{
    private static readonly TimeSpan InitTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(3);

    public static async Task<Report> RunAsync(LoadOptions options, KafkaServer kafka)
    {
        var folder = Directory.CreateTempSubdirectory("sidecar-load-").FullName;
        try
        {
            var topic = SharedKafka.NewTopic("relayed");
            await kafka.CreateTopicAsync(topic, options.Partitions);
            var database = Path.Combine(folder, "outbox.db");
            await using (var init = ProgramProcess.Start(Programs.OutboxRelay,
                ["init", "--apply", "--sqlite", database]))
            {
                if (await init.WaitForExitAsync(InitTimeout) != 0) throw new InvalidOperationException(init.Output);
            }

            Task<Started> StartAsync() => Started.StartAsync(
                Programs.OutboxRelay, ["run", "--sqlite", database, "--bootstrap-servers", kafka.BootstrapServers],
                new Dictionary<string, string?>(), "outbox_");
            Say("the relay on an empty outbox");
            var idle = await IdleAsync(StartAsync);

            Say($"writing {options.Events:N0} rows");
            Write(database, topic, options);

            Say("draining");
            await using var relay = await StartAsync();
            var seconds = await Drained.SecondsAsync(kafka, topic, options.Partitions, options.Events, relay);
            var (cpu, peak, allocated) = (relay.CpuSinceLive(), relay.Figures().PeakResidentBytes,
                await relay.AllocatedAsync());
            var exit = await relay.StopAsync();

            Say("reading back");
            var tally = new Tally(options.Events, options.Keys);
            TopicLoader.ReadBack(kafka, topic, options.Partitions, tally);
            return new Report("outbox-relay", kafka.Name, Programs.OutboxRelay.IsPublished, tally.Table)
            {
                Setting = $"{options.Events:N0} rows of {options.ValueBytes:N0} bytes, {options.Keys:N0} keys, "
                    + $"{options.Partitions} partitions, SQLite",
                Figures =
                [
                    ("rows/s", $"{options.Events / seconds:N0}"),
                    ("CPU-us per row", $"{(double)cpu / options.Events:F1}"),
                    ("allocated per row", allocated is { } bytes ? $"{bytes / options.Events:N0} B" : "n/a"),
                    ("RSS idle", $"{idle.Resident / 1_000_000.0:F1} MB"),
                    ("RSS peak, loaded", $"{peak / 1_000_000.0:F1} MB"),
                    ("start to live", Milliseconds(idle.Live) + ", " + Milliseconds(relay.StartToLive)),
                    ("exit code on SIGTERM", $"{exit}"),
                ],
            };
        }
        finally
        {
            SqliteConnection.ClearAllPools();
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<(long Resident, TimeSpan Live)> IdleAsync(Func<Task<Started>> start)
    {
        await using var relay = await start();
        await relay.ReadyAsync();
        await Task.Delay(Settle, TimeProvider.System);
        var resident = relay.Figures().ResidentBytes;
        await relay.StopAsync();
        return (resident, relay.StartToLive);
    }

    private static void Write(string database, string topic, LoadOptions options)
    {
        using var connection = new SqliteConnection($"Data Source={database}");
        connection.Open();
        using var transaction = connection.BeginTransaction();
        using var insert = connection.CreateCommand();
        insert.CommandText = "INSERT INTO outbox_event(topic, key, value, headers, created_ms) "
            + "VALUES ($topic, $key, $value, $headers, $created)";
        insert.Parameters.AddWithValue("$topic", topic);
        var key = insert.Parameters.Add("$key", SqliteType.Blob);
        var value = insert.Parameters.Add("$value", SqliteType.Blob);
        insert.Parameters.AddWithValue("$headers", """[["ce_type","sidecar.loadtest.v1.Event"],["number","one"]]""");
        insert.Parameters.AddWithValue("$created", TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
        var bytes = new byte[options.ValueBytes];
        new Random(1).NextBytes(bytes);
        value.Value = bytes;
        for (var i = 0; i < options.Events; i++)
        {
            Mark.Write(bytes, i);
            key.Value = Mark.Key(i, options.Keys);
            insert.ExecuteNonQuery();
        }

        transaction.Commit();
    }

    private static string Milliseconds(TimeSpan time) => $"{time.TotalMilliseconds:N0} ms";

    private static void Say(string what) => Console.Error.WriteLine($"loadtest: {what}");
}
