using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Prometheus;
using Sidecar.Agent.Admission;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Operating;
using Sidecar.Agent.Source;
using Sidecar.Agent.Telemetry;

namespace Sidecar.Agent.Tests.Operating;

internal sealed class OperatorDeskTests
{
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 5, 4, 3, 2, 1, TimeSpan.Zero));
    private Dispatcher dispatcher = null!;
    private PauseSwitch pause = null!;
    private OperatorDesk desk = null!;
    private AgentTelemetry telemetry = null!;
    private List<PartitionView> partitions = null!;

    [SetUp]
    public void Begin()
    {
        var metrics = new AgentMetrics(Metrics.NewCustomRegistry());
        var waits = new Waits(NullLogger<Waits>.Instance, metrics.Waiting);
        telemetry = new AgentTelemetry(
            metrics, waits, new Heartbeat(metrics.LastTick.WithLabels("x"), time), NullLoggerFactory.Instance, time);
        dispatcher = new Dispatcher(new DispatchOptions(), new DeliveryOptions(), new BufferBudget(1), time, new Random(1));
        pause = new PauseSwitch("orders", dispatcher.Control, telemetry);
        partitions = [];
        var route = new TopicRoute("orders", ["orders.v1"], StartAt.Earliest, dispatcher);
        desk = new OperatorDesk("shop.orders", waits);
        desk.Show([new SubscriptionDesk(route, "127.0.0.1:1", pause, () => partitions)]);
    }

    [TearDown]
    public void End() => dispatcher.Dispose();

    [Test]
    public void A_pause_says_who_and_why_everywhere_until_it_is_resumed()
    {
        Assert.That(desk.Pause(new PauseRequest("orders", "ann", "INC-7")).Done, Is.True);
        Assert.That(telemetry.Waits.Current, Is.EqualTo(["paused:orders: paused by ann since 2026-05-04T03:02:01Z: INC-7"]));
        var status = desk.Status().Subscriptions[0];
        Assert.That((status.Why, status.Pauses[0].Who), Is.EqualTo(("paused by ann since 2026-05-04T03:02:01Z: INC-7", "ann")));
        Assert.That(telemetry.Metrics.Paused.WithLabels("orders").Value, Is.EqualTo(1));

        Assert.That(desk.Resume(new PauseRequest("orders", "bob", null)).Done, Is.True);
        Assert.That((telemetry.Waits.Current, desk.Status().Subscriptions[0].Why), Is.EqualTo((Array.Empty<string>(), (string?)null)));
        Assert.That(telemetry.Metrics.Paused.WithLabels("orders").Value, Is.Zero);
    }

    [Test]
    public void A_person_does_not_lift_what_a_setting_says_and_a_setting_not_what_a_person_says()
    {
        pause.Configure("");
        desk.Pause(new PauseRequest("orders", "ann", "INC-7"));
        var answer = desk.Resume(new PauseRequest("orders", "ann", null));
        Assert.That((answer.Done, dispatcher.Control.Why(Bar.Commanded)), Is.EqualTo((false, (string?)null)));
        Assert.That(answer.Text, Does.Contain("still paused by its setting").And.Contain("subscription.orders.paused"));

        desk.Pause(new PauseRequest("orders", "ann", "INC-7"));
        pause.Configure(null);
        Assert.That(telemetry.Waits.Current.Single(), Does.Contain("paused by ann"));
    }

    [Test]
    public void A_pause_needs_a_name_that_exists_and_a_reason()
    {
        Assert.That(desk.Pause(new PauseRequest("order", "ann", "x")).Text, Does.Contain("no subscription order. There are: orders"));
        Assert.That(desk.Pause(new PauseRequest("orders", "ann", " ")).Text, Does.StartWith("say why"));
        Assert.That(desk.Pause(new PauseRequest(null, null, null)).Done, Is.False);
        Assert.That(desk.Resume(new PauseRequest("orders", null, null)).Text, Does.Contain("was not paused"));
    }

    [Test]
    public void What_a_person_writes_is_bounded_and_harms_no_terminal()
    {
        desk.Pause(new PauseRequest("orders", "ann\u001b[2J", new string('x', 5000)));
        Assert.That(pause.Commanded!.Who, Is.EqualTo("ann [2J"));
        Assert.That(pause.Commanded.Why, Has.Length.EqualTo(OperatorDesk.MaxText));
    }

    [Test]
    public void A_partition_shows_its_lag_in_records_and_seconds_and_why_it_stands()
    {
        partitions.Add(View(0, committable: 90, end: 100, oldestMs: 1_000, why: "parked: 1 events hold up their keys"));
        partitions.Add(View(1, committable: 5, end: null, oldestMs: 0, why: null));
        var shown = desk.Status().Subscriptions[0].Partitions;
        Assert.That((shown[0].Lag, shown[0].LagSeconds, shown[0].Why), Is.EqualTo((10L, 9L, "parked: 1 events hold up their keys")));
        Assert.That((shown[1].Lag, shown[1].Oldest, shown[1].Why), Is.EqualTo(((long?)null, (DateTimeOffset?)null, (string?)null)));
        pause.Halt("ann", "INC-7");
        Assert.That(desk.Status().Subscriptions[0].Partitions[1].Why, Does.StartWith("paused by ann"), "what holds all holds it");
    }

    private static PartitionView View(int partition, long committable, long? end, long oldestMs, string? why) =>
        new("orders", "orders.v1", partition)
        {
            SeenAtMs = 10_000, Committable = committable, End = end, OldestMs = oldestMs, Open = 1, InFlight = 1, Parked = 0, Why = why,
        };
}
