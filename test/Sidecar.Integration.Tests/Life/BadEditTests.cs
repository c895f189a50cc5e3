using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Sidecar.Integration.Tests.Rig;
using Sidecar.TestKit;
using Sidecar.TestKit.Kafka;
using Sidecar.TestKit.Processes;

namespace Sidecar.Integration.Tests.Life;

/// <summary>Edits that are wrong, half done or undone: the last good configuration stays in force, and it is said.</summary>
internal sealed class BadEditTests
{
    private const string IsGood = "sidecar_config_last_reload_successful";
    private static readonly TimeSpan Patience = RunningAgent.Patience;

    // What is wrong, what the file holds, and what the status says; null: there is no file.
    private static readonly (string Name, string? Text, string Says)[] Bad =
    [
        ("empty", "", "there is no subscription"),
        ("half-written", Line("subscription.test", "TOPIC")[..^2], "the closing quote is missing"),
        ("absent", null, "the file does not exist"),
        ("wrong types", Line("subscription.test", "TOPIC; concurrency=lots"), "concurrency"),
        ("unknown keys", Line("subscription.test", "TOPIC") + Line("subscription.test.concurency", "4"), "Did you mean concurrency?"),
        ("one name by case", Line("subscription.test", "TOPIC") + Line("subscription.Test", "more.v1"), "subscription.Test"),
        ("over the limit", Line("subscription.test", "TOPIC; concurrency=9999"), "1024"),
        ("five megabytes", Line("subscription.test", "TOPIC") + "x=\"" + new string('y', 5_000_000) + "\"\n", "larger than 4096 KiB"),
        ("no property of the client's", Line("subscription.test", "TOPIC") + Line("kafka.bogus", "3"), "librdkafka has no property"),
        ("not what the client takes", Line("subscription.test", "TOPIC") + Line("kafka.fetch.min.bytes", "x"), "does not take it"),
        ("a port that is not open", Line("subscription.test", "TOPIC; max-deadline=1h"), "without the port for it"),
    ];

    [Test]
    public async Task A_bad_edit_keeps_the_last_good_configuration_and_says_so_until_it_is_mended()
    {
        var kafka = await SharedKafka.GetAsync();
        var topic = SharedKafka.NewTopic("bad-edit");
        await kafka.CreateTopicAsync(topic, 1);
        await using var inbox = await Inbox.StartAsync();
        using var records = new Records(kafka, topic);
        using var volume = new PodInfo(("subscription.test", topic));
        var setup = new AgentSetup(kafka.BootstrapServers, topic, inbox.Address) { Annotations = volume.Path };
        await using var agent = await RunningAgent.StartAsync(setup);
        await agent.MetricIsAsync(1, IsGood);
        var goodAt = await agent.MetricAsync("sidecar_config_last_reload_success_timestamp_seconds");

        foreach (var (name, text, says) in Bad)
        {
            volume.Swap(text?.Replace("TOPIC", topic, StringComparison.Ordinal));
            await Until.TrueAsync(
                async () => (await ErrorsAsync(agent)).Any(error => error.Contains(says, StringComparison.Ordinal)),
                Patience,
                $"{name}: {says}");
            Assert.That(await agent.MetricAsync(IsGood), Is.Zero, name);
            records.Add(10, inbox.Ledger);
            await inbox.HasAsync(records.Produced, Patience);
        }

        Assert.That(agent.Says("the last good one stays in force"), Is.EqualTo(Bad.Length), "each is logged once");
        Assert.That(await agent.MetricAsync("sidecar_config_last_reload_success_timestamp_seconds"), Is.EqualTo(goodAt));
        await using (var status = ProgramProcess.Start(Programs.Agent, ["status", "--admin-port", $"{agent.AdminPort}"]))
        {
            Assert.That(await status.WaitForExitAsync(Patience), Is.Zero, status.Output);
            Assert.That(status.Output, Does.Contain("not in force, the last good configuration is: subscription.test.max-deadline: "));
        }

        volume.Write(("subscription.test", topic), ("drain-timeout", "3s"));
        await agent.MetricIsAsync(1, IsGood);
        Assert.That(await ErrorsAsync(agent), Is.Empty);
        var waiting = (await StatusAsync(agent))["needRestart"]!.AsArray().Select(one => one!.GetValue<string>());
        Assert.That(waiting, Is.EqualTo(["drain-timeout"]));
        await agent.MetricIsAsync(1, "sidecar_config_restart_needed");
        volume.Write(("subscription.test", topic));
        await agent.MetricIsAsync(0, "sidecar_config_restart_needed");

        Assert.That(await agent.StopAsync(), Is.Zero, agent.Process.Output);
        Assert.That(inbox.Ledger.Table().IsRight, Is.True, inbox.Ledger.Table().ToString());
        Assert.That(inbox.Taken, Has.Count.EqualTo(records.Produced), "nothing came twice");
    }

    [Test]
    public async Task Of_edits_in_quick_succession_the_last_wins_and_one_that_is_undone_leaves_no_trace()
    {
        using var volume = new PodInfo(("subscription.test", "nowhere"));
        await using var agent = await RunningAgent.StartAsync(
            new AgentSetup($"127.0.0.1:{Ports.Free()}", "nowhere", "127.0.0.1:1") { Annotations = volume.Path });
        await agent.MetricIsAsync(1, IsGood);

        for (var concurrency = 1; concurrency <= 20; concurrency++)
        {
            volume.Write(("subscription.test", $"nowhere; concurrency={concurrency}"));
        }

        await agent.MetricIsAsync(20, "sidecar_inflight_limit_ceiling");
        await agent.Process.WaitForLineAsync("test: has other concurrency", Patience);
        var told = agent.Says("The configuration has changed");

        // Undone before any two looks have shown the same; then another edit, which shows that the looks went on.
        volume.Write(("subscription.test", "nowhere; ordering=none; concurrency=20"));
        volume.Write(("subscription.test", "nowhere; concurrency=20"));
        volume.Write(("subscription.test", "nowhere; concurrency=20"), ("x", "y"));
        await agent.Process.WaitForLineAsync("the last good one stays in force", Patience);
        volume.Write(("subscription.test", "nowhere; concurrency=20"));
        await agent.Process.WaitForLineAsync("The configuration is right again", Patience);
        Assert.That(agent.Says("The configuration has changed"), Is.EqualTo(told));
        Assert.That(agent.Says("it goes"), Is.Zero);

        // A megabyte of other programs' annotations is none of ours.
        volume.Swap(Line("subscription.test", "nowhere; concurrency=7") + "other.example/x=\"" + new string('y', 1_000_000) + "\"\n");
        await agent.MetricIsAsync(7, "sidecar_inflight_limit_ceiling");
        Assert.That(await agent.StopAsync(), Is.Zero, agent.Process.Output);
    }

    private static string Line(string key, string value) => $"sidecar.events/{key}=\"{value}\"\n";

    private static async Task<JsonNode> StatusAsync(RunningAgent agent)
    {
        using var client = new HttpClient();
        var status = await client.GetFromJsonAsync<JsonNode>(new Uri($"http://127.0.0.1:{agent.AdminPort}/status"));
        return status!["configuration"]!;
    }

    private static async Task<IReadOnlyList<string>> ErrorsAsync(RunningAgent agent) =>
        [.. (await StatusAsync(agent))["errors"]!.AsArray().Select(error => error!.GetValue<string>())];
}
