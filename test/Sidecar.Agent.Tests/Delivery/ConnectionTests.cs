using Sidecar.Agent.Contracts;
using Sidecar.Agent.Delivery;
using Sidecar.TestKit.Apps;

namespace Sidecar.Agent.Tests.Delivery;

/// <summary>An application that comes, goes and comes again, and connections that fail in every way.</summary>
public sealed class ConnectionTests
{
    private static readonly EventRecord Event = Records.With(("h", "v"));

    [Test]
    public async Task Nothing_listening_is_unreachable_and_found_again_by_the_next_attempt_after_it_starts()
    {
        var address = MisbehavingApp.FreeAddress();
        await using var client = Client(delivery => delivery.AppAddress = address);
        for (var attempt = 0; attempt < 20; attempt++)
        {
            var outcome = await client.DeliverAsync(Event, Records.First, default);
            Assert.That(outcome.End, Is.EqualTo(AttemptEnd.Unreachable));
            Assert.That(outcome.Reason, Does.StartWith($"not delivered to {address}: connection refused"));
        }

        await using var late = await MisbehavingApp.StartAsync(address);
        Assert.That(await EndAsync(client), Is.EqualTo(AttemptEnd.Delivered));
    }

    [Test]
    public async Task A_restarted_application_is_found_by_the_first_attempt()
    {
        var address = MisbehavingApp.FreeAddress();
        await using var client = Client(delivery => delivery.AppAddress = address);
        for (var run = 0; run < 3; run++)
        {
            await using (await MisbehavingApp.StartAsync(address))
            {
                Assert.That(await EndAsync(client), Is.EqualTo(AttemptEnd.Delivered));
            }

            // The end of the old connection may show only by the event that was sent on it.
            var end = await EndAsync(client);
            Assert.That(
                end == AttemptEnd.Interrupted ? await EndAsync(client) : end, Is.EqualTo(AttemptEnd.Unreachable));
        }
    }

    [Test]
    public async Task A_graceful_stop_lets_the_call_under_way_end()
    {
        await using var app = await MisbehavingApp.StartAsync();
        var arrived = new TaskCompletionSource();
        var answer = new TaskCompletionSource();
        app.Handler = async context =>
        {
            arrived.SetResult();
            await answer.Task;
            await Answers.Ok()(context);
        };
        await using var client = Client(delivery => delivery.AppAddress = app.Address);
        var attempt = client.DeliverAsync(Event, Records.First, default);
        await arrived.Task;
        var stopping = app.StopAsync();
        answer.SetResult();
        Assert.That((await attempt).End, Is.EqualTo(AttemptEnd.Delivered));
        await stopping;
    }

    [Test]
    public async Task A_unix_socket_serves_as_well_and_is_found_when_it_appears()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        await using var client = Client(delivery => delivery.AppAddress = "unix:" + path);
        var outcome = await client.DeliverAsync(Event, Records.First, default);
        TestContext.Out.WriteLine(outcome);
        Assert.That(outcome.End, Is.EqualTo(AttemptEnd.Unreachable));

        await using var late = await MisbehavingApp.StartAsync("unix:" + path);
        Assert.That(await EndAsync(client), Is.EqualTo(AttemptEnd.Delivered));
    }

    [TestCase(RawBehaviour.ResetOnConnect, AttemptEnd.Unreachable)]
    [TestCase(RawBehaviour.CloseOnConnect, AttemptEnd.Unreachable)]
    [TestCase(RawBehaviour.ResetAfterRequest, AttemptEnd.Interrupted)]
    [TestCase(RawBehaviour.RefuseStream, AttemptEnd.Unreachable)]
    [TestCase(RawBehaviour.GoAwayUnprocessed, AttemptEnd.Unreachable)]
    [TestCase(RawBehaviour.GoAwayThenClose, AttemptEnd.Interrupted)]
    [TestCase(RawBehaviour.CloseAfterResponseHeaders, AttemptEnd.Interrupted)]
    [TestCase(RawBehaviour.Silent, AttemptEnd.Failed)]
    public async Task A_connection_that_fails_by_itself(RawBehaviour behaviour, AttemptEnd expected)
    {
        await using var raw = new RawApp(behaviour);
        await using var client = Client(delivery =>
            (delivery.AppAddress, delivery.Deadline) = (raw.Address, TimeSpan.FromSeconds(1)));
        var outcome = await client.DeliverAsync(Event, Records.First, default);
        TestContext.Out.WriteLine(outcome);
        Assert.That(outcome.End, Is.EqualTo(expected));
    }

    private static async Task<AttemptEnd> EndAsync(GrpcDeliveryClient client) =>
        (await client.DeliverAsync(Event, Records.First, default)).End;

    private static GrpcDeliveryClient Client(Action<DeliveryOptions> change)
    {
        var options = new DeliveryOptions();
        change(options);
        return new GrpcDeliveryClient(options, "orders", TimeProvider.System);
    }
}
