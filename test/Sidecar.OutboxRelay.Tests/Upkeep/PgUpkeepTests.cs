using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Sidecar.OutboxRelay.Telemetry;
using Sidecar.OutboxRelay.Tests.Fixtures;
using Sidecar.OutboxRelay.Upkeep;
using Sidecar.TestKit.Postgres;
using Sidecar.TestKit.Processes;

namespace Sidecar.OutboxRelay.Tests.Upkeep;

/// <summary>Status, metrics, alarms and replay on PostgreSQL, by the program itself.</summary>
[TestFixtureSource(typeof(SharedPostgres), nameof(SharedPostgres.Ends))]
internal sealed class PgUpkeepTests(PostgresEnd end)
{
    [Test]
    public async Task Status_counts_what_waits_and_names_what_stands_without_Kafka()
    {
        var outbox = await OperatedOutbox.MakeAsync(end);
        await outbox.PublishAsync("old", "k", "1");
        await outbox.SettleAllAsync();
        await outbox.PublishAsync("t", "k", "1");
        await outbox.PublishAsync("t", "k", "2");
        await outbox.HoldAsync(await outbox.PublishAsync("t", "bad", "3"), "refused");
        await outbox.ExecuteAsync("INSERT INTO outbox.alarm (kind, subject, text) VALUES ('slot', 'log_1', 'altered')");
        var (code, text) = await outbox.CommandAsync("status");
        Assert.That(code, Is.Zero, text);
        Assert.That(text, Does.Contain("pending  2 rows").And.Contain("because it is refused").And.Contain("slot log_1")
            .And.Contain("64 lanes, 64 without a live relay"));
        var json = JsonDocument.Parse((await outbox.CommandAsync("status", "--output", "json")).Output).RootElement;
        Assert.That(json.GetProperty("pending").GetInt64(), Is.EqualTo(2));
        Assert.That(json.GetProperty("topics")[0].GetProperty("pending").GetInt64(), Is.EqualTo(2));
        Assert.That(json.GetProperty("heldRows").GetInt64(), Is.EqualTo(1));
        Assert.That(json.GetProperty("slots").GetArrayLength(), Is.EqualTo(4));
    }

    [Test]
    public async Task Of_very_many_held_rows_no_more_are_counted_than_their_measure_takes_and_it_says_so()
    {
        var outbox = await OperatedOutbox.MakeAsync(end);
        await outbox.ExecuteAsync(
            $"""
            INSERT INTO outbox.held (id, bucket, topic, key, value, created_at, kind, reason)
            SELECT i, i % 64, 'missing', 'k', 'v', now(), 'waiting', 'its topic'
              FROM generate_series(1, {PgBacklogSql.RowsLookedAt + 100}) i
            """);
        var status = (await PgStatusReader.ReadAsync(outbox.Address)).Value;
        Assert.That((status.HeldRows, status.HeldAreMore), Is.EqualTo((PgBacklogSql.RowsLookedAt, true)));
        Assert.That(status.Held.Single().Rows, Is.EqualTo(PgBacklogSql.RowsLookedAt));
        Assert.That((await outbox.CommandAsync("status")).Output, Does.Contain("held     50000 rows or more; of the first 50000:"));
        var metrics = new RelayMetrics();
        await new PgMeter(outbox.Options, metrics, TimeProvider.System).MeasureAsync();
        Assert.That(metrics.HeldRecords.Value, Is.GreaterThanOrEqualTo(PgBacklogSql.RowsLookedAt));
    }

    [Test]
    public async Task A_row_whose_transaction_ended_late_is_pending_below_the_floor()
    {
        var outbox = await OperatedOutbox.MakeAsync(end);
        await using var late = await Sql.OpenAsync(outbox.ConnectionString);
        await using var transaction = await late.BeginTransactionAsync();
        await late.ExecuteAsync("SELECT outbox.publish('t', 'k'::text, NULL)");
        await outbox.PublishAsync("t", "k", "1");
        await outbox.SettleAllAsync();
        await transaction.CommitAsync();
        Assert.That((await outbox.CommandAsync("status")).Output, Does.Contain("pending  1 rows"));
    }

    [Test]
    public async Task The_gauges_follow_the_database_and_promtool_has_nothing_to_say()
    {
        var outbox = await OperatedOutbox.MakeAsync(end);
        var topic = await Kafka.TopicAsync();
        await using var relay = outbox.Run();
        await outbox.PublishAsync(topic, "k", "1");
        await outbox.DrainedAsync();
        var text = await MetricsAsync(relay);
        Assert.That(text, Does.Contain("outbox_lanes_owned 64").And.Contain("outbox_lanes_without_owner 0")
            .And.Contain("outbox_pending_records 0").And.Contain("outbox_slot_bytes{slot=\"0\"}")
            .And.Contain("outbox_open_alarms 0").And.Contain("outbox_mode{mode=\"table\"} 1"));
        await PromtoolAsync(text);
    }

    [Test]
    public async Task A_backlog_is_told_while_Kafka_is_away()
    {
        var outbox = await OperatedOutbox.MakeAsync(end);
        await outbox.ExecuteAsync(
            "UPDATE outbox.config SET max_backlog_rows = 2; SELECT outbox.publish('t', 'k', 'v') FROM generate_series(1, 3)");
        await using var relay = Relays.Start(
            "run", "--postgres", outbox.ConnectionString, "--bootstrap-servers", "127.0.0.1:1", "--metrics-port", "0",
            "--metrics-address", "127.0.0.1", "--log-format", "text");
        await relay.SaysAsync("Alarm (backlog outbox): more than 2 rows wait for Kafka");
        Assert.That((await outbox.CommandAsync("status")).Output, Does.Contain("backlog outbox since"));
        Assert.That(await MetricsAsync(relay), Does.Contain("outbox_open_alarms 1"));
    }

    [Test]
    public async Task An_alarm_is_accepted_only_by_somebody_who_means_it()
    {
        var outbox = await OperatedOutbox.MakeAsync(end);
        await outbox.ExecuteAsync("INSERT INTO outbox.alarm (kind, subject, text) VALUES ('slot', 'log_1', 'altered')");
        Assert.That((await outbox.CommandAsync("alarms", "list")).Output, Does.Contain("log_1").And.Contain("are lost"));
        Assert.That((await outbox.CommandAsync("alarms", "accept", "1")).Code, Is.EqualTo(2));
        Assert.That((await outbox.CommandAsync("alarms", "accept", "2", "--yes")).Code, Is.EqualTo(1));
        var (code, said) = await outbox.CommandAsync("alarms", "accept", "1", "--yes");
        Assert.That(code, Is.Zero, said);
        Assert.That(said, Does.Contain("accepted alarm 1"));
        Assert.That((await outbox.CommandAsync("alarms", "accept", "1", "--yes")).Output, Does.Contain("was accepted by"));
        Assert.That((await outbox.CommandAsync("alarms", "list")).Output, Is.EqualTo("no alarm is open"));
    }

    [Test]
    public async Task A_replay_sends_the_same_events_with_their_ids_and_a_mark()
    {
        var outbox = await OperatedOutbox.MakeAsync(end);
        var topic = await Kafka.TopicAsync();
        const string Trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        for (var i = 1; i <= 5; i++)
        {
            await outbox.PublishAsync(topic, "k", $"{i}", $$"""{"traceparent":"{{Trace}}"}""");
        }

        await using (var relay = outbox.Run())
        {
            await outbox.DrainedAsync();
            await relay.TerminateAsync();
        }

        await outbox.PublishAsync(topic, "k", "not yet sent");
        var dry = await outbox.CommandAsync("replay", "--from", "2", "--dry-run");
        Assert.That(dry, Is.EqualTo((0, "4 rows from id 2 to 5 would be sent")));
        var (code, said) = await outbox.CommandAsync(
            "replay", "--from", "2", "--to", "4", "--rate", "1000", "--bootstrap-servers", Kafka.BootstrapServers);
        Assert.That((code, said), Is.EqualTo((0, "3 rows sent, from id 2 to 4")));
        var records = Kafka.ReadAll(topic).Select(record => record.Message).ToList();
        Assert.That(records.Select(record => Encoding.UTF8.GetString(record.Value!)), Is.EqualTo(
            new[] { "1", "2", "3", "4", "5", "2", "3", "4" }));
        Assert.That(records.Skip(5).Select(record => Header(record.Headers, "ce_id")), Is.EqualTo(
            records.Skip(1).Take(3).Select(record => Header(record.Headers, "ce_id"))));
        Assert.That(records.Select(record => Header(record.Headers, "traceparent")), Has.All.EqualTo(Trace));
        Assert.That(records.Select(record => Header(record.Headers, "sidecar-replay") is not null), Is.EqualTo(
            new[] { false, false, false, false, false, true, true, true }));
    }

    [Test]
    public async Task A_replay_of_rows_that_are_gone_says_what_is_there()
    {
        var outbox = await OperatedOutbox.MakeAsync(end);
        await outbox.PublishAsync("t", "k", "1");
        Assert.That((await outbox.CommandAsync("replay", "--from", "1", "--dry-run")).Output, Does.Contain("no settled row"));
        await outbox.SettleAllAsync();
        await outbox.ExecuteAsync("UPDATE outbox.slot SET emptied = 7 WHERE slot = 1");
        var (code, said) = await outbox.CommandAsync("replay", "--from", "0", "--dry-run");
        Assert.That(code, Is.EqualTo(1));
        Assert.That(said, Does.Contain("no longer in the log").And.Contain("has id 1").And.Contain("slot_bytes"));
    }

    private static async Task<string> MetricsAsync(ProgramProcess relay)
    {
        await relay.SaysAsync("metrics and health on");
        var line = relay.Lines.First(text => text.Contains("http://", StringComparison.Ordinal));
        var address = line[line.IndexOf("http://", StringComparison.Ordinal)..].Split(';', ' ', ',')[0];
        using var http = new HttpClient();
        return await http.GetStringAsync(new Uri($"{address}/metrics"));
    }

    private static string? Header(Confluent.Kafka.Headers headers, string name) =>
        headers.TryGetLastBytes(name, out var bytes) ? Encoding.UTF8.GetString(bytes) : null;

    private static async Task PromtoolAsync(string metrics)
    {
        using var promtool = new Process
        {
            StartInfo = new ProcessStartInfo("promtool", ["check", "metrics"])
            {
                UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
            },
        };
        try
        {
            promtool.Start();
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Ignore("needs promtool (Debian's package prometheus)");
        }

        await promtool.StandardInput.WriteAsync(metrics);
        promtool.StandardInput.Close();
        var said = await promtool.StandardOutput.ReadToEndAsync() + await promtool.StandardError.ReadToEndAsync();
        await promtool.WaitForExitAsync();
        Assert.That(promtool.ExitCode, Is.Zero, said);
    }
}
