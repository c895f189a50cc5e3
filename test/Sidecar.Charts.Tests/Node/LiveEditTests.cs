using System.Globalization;
using Acme.Orders.V1;
using Sidecar.Client.Publishing;
using Sidecar.TestKit;
using Sidecar.TestKit.Postgres;

namespace Sidecar.Charts.Tests.Node;

/// <summary>
/// <c>kubectl annotate pod</c> on one of three pods while events flow: each edit is in force without a restart, a bad one is not,
/// and no event is lost, repeated or overtaken. Written down is how long each took from the kubelet's refresh of the file on.
/// </summary>
[TestFixture, Order(6)]
internal sealed class LiveEditTests : ShopTests
{
    private const string ReloadedAt = "sidecar_config_last_reload_success_timestamp_seconds";
    private const string IsGood = "sidecar_config_last_reload_successful";
    private const string OfOrders = "sub=\"orders\"";
    private const string OfExtra = "sub=\"extra\"";
    private const string Extra = "extra.v1";
    private const int ExtraEvents = 20;

    private readonly List<double> seconds = [];
    private EditedPod pod = null!;
    private string name = "";

    [SetUp]
    public async Task ChooseAsync()
    {
        var first = (await Shop.PodsAsync())[0];
        name = first.Name;
        pod = new EditedPod(Rig, Shop, first);
        // The first question takes what the client needs to start, which is no time of the agent's.
        Assert.That(await pod.MetricAsync(IsGood), Is.EqualTo(1));
    }

    [TearDown]
    public async Task RestoreAsync()
    {
        pod.Dispose();
        await Rig.KubectlAsync("delete", "pod", name, "--namespace", Shop.Space);
        await Shop.ReadyAsync(Replicas);
    }

    [Test]
    public async Task Annotations_that_are_edited_under_load_are_in_force_and_disturb_no_event()
    {
        await Servers.Kafka.CreateTopicAsync(Extra, Servers.Partitions);
        Right(await UnderLoadAsync($"annotations of one of {Replicas} pods edited live", async () =>
        {
            await SettingsAsync();
            await BadAsync();
            await SubscriptionAsync();
        }, () => string.Create(CultureInfo.InvariantCulture,
            $"{seconds.Count} edits, from refresh to effect at most {seconds.Max():0.00} s")));
        var extra = await Shop.SettledAsync("extra");
        Report.Add("events of the subscription that was added live", extra);
        Right(extra);
        var after = (await Shop.PodsAsync()).First(one => one.Name == name);
        Assert.That(after.Restarts(Agent), Is.Zero, "no edit restarts anything");
    }

    private async Task SettingsAsync()
    {
        await EditAsync("concurrency", "subscription.orders.concurrency=8", () => IsAsync(8, "sidecar_inflight_limit_ceiling", OfOrders));
        await EditAsync("attempts", "subscription.orders.attempts=3", ReloadedAsync);
        await EditAsync("filter", "subscription.orders.filter=header.test!=true", ReloadedAsync);
        await EditAsync("log level", "log-level=debug", ReloadedAsync);
        await EditAsync("paused", "subscription.orders.paused=INC-7", () => IsAsync(1, "sidecar_paused", OfOrders));
        Assert.That(await pod.StatusAsync(), Does.Contain("INC-7"));
        await EditAsync("paused no more", "subscription.orders.paused-", () => IsAsync(0, "sidecar_paused", OfOrders));
        var log = await pod.LogAsync();
        foreach (var said in (string[])["has other concurrency", "has other attempts", "has other filter", "log-level debug"])
        {
            Assert.That(log, Does.Contain(said));
        }

        await EditAsync("log level as it was", "log-level-", ReloadedAsync);
    }

    private async Task BadAsync()
    {
        await EditAsync("bad: concurrency=lots", "subscription.orders.concurrency=lots", () => IsAsync(0, IsGood));
        Assert.That(await pod.MetricAsync("sidecar_inflight_limit_ceiling", OfOrders), Is.EqualTo(8), "the last good one is in force");
        Assert.That(await pod.LogAsync(), Does.Contain("the last good one stays in force").And.Contain("not a whole number"));
        var status = await pod.StatusAsync();
        Assert.That(status, Does.Contain("not in force, the last good configuration is"));
        var line = status.Split('\n').First(one => one.Contains("not in force", StringComparison.Ordinal));
        Report.Note("a bad edit in `agent status`", line);
        await EditAsync("mended", "subscription.orders.concurrency=16", () => IsAsync(16, "sidecar_inflight_limit_ceiling", OfOrders));
        Assert.That(await pod.MetricAsync(IsGood), Is.EqualTo(1));
    }

    private async Task SubscriptionAsync()
    {
        await EditAsync("subscription added", $"subscription.extra={Extra}", ReloadedAsync);
        await Until.TrueAsync(
            () => IsAsync(Servers.Partitions, "sidecar_assigned_partitions", OfExtra), Shop.Patience, "it has its partitions");
        await PublishExtraAsync();
        await Shop.SettledAsync("extra");
        await EditAsync("subscription removed", "subscription.extra-", ReloadedAsync);
        await Until.TrueAsync(
            async () => await pod.MetricAsync("sidecar_assigned_partitions", OfExtra) is null, Shop.Patience, "its series are gone");
    }

    private async Task EditAsync(string what, string annotation, Func<Task<bool>> inForce)
    {
        var before = pod.State().Target;
        var typed = TimeProvider.System.GetUtcNow();
        await pod.AnnotateAsync(annotation);
        await Until.TrueAsync(() => pod.State().Target != before, Shop.Patience, $"the kubelet refreshes the file for: {what}");
        var refreshed = pod.State().Since;
        await Until.TrueAsync(inForce, Shop.Patience, $"in force: {what}");
        var done = TimeProvider.System.GetUtcNow();
        seconds.Add((done - refreshed).TotalSeconds);
        Report.Note($"live edit, {what}: refresh to effect, kubectl annotate to effect", string.Create(CultureInfo.InvariantCulture,
            $"{(done - refreshed).TotalSeconds:0.00} s, {(done - typed).TotalSeconds:0.0} s"));
    }

    private async Task<bool> IsAsync(double value, string metric, string label = "") =>
        await pod.MetricAsync(metric, label) is { } now && Math.Abs(now - value) < 0.5;

    // What shows in no metric of its own: the configuration in force is younger than the file.
    private async Task<bool> ReloadedAsync() =>
        await pod.MetricAsync(ReloadedAt) is { } at && at >= pod.State().Since.ToUnixTimeMilliseconds() / 1000.0;

    private async Task PublishExtraAsync()
    {
        await using var connection = await Sql.OpenAsync(Servers.Postgres.ConnectionString);
        await using var transaction = await connection.BeginTransactionAsync();
        for (var order = 1; order <= ExtraEvents; order++)
        {
            await transaction.PublishAsync(
                new OrderPlaced { OrderId = $"extra/{order}", CustomerId = "c", TotalCents = 100, Sequence = 1 },
                new PublishOptions { Topic = Extra });
        }

        await transaction.CommitAsync();
        await Servers.Postgres.ExecuteAsync(
            $"INSERT INTO placed(order_id, sequence) SELECT 'extra/' || n, 1 FROM generate_series(1, {ExtraEvents}) AS n");
    }
}
