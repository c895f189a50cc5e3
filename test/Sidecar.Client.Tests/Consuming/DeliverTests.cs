using Acme.Orders.V1;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Sidecar.Client.Consuming;
using Sidecar.Delivery.V1;
using Verdict = Sidecar.Client.Consuming.Verdict;

namespace Sidecar.Client.Tests.Consuming;

internal sealed class DeliverTests
{
    [Test]
    public async Task A_handler_gets_the_message_and_its_facts()
    {
        OrderPlaced? received = null;
        string? facts = null;
        await using var app = await ConsumerApplication.StartAsync(a => a.MapEvent<OrderPlaced>((order, context, _) =>
        {
            received = order;
            facts = $"{context.Topic}/{context.Partition}/{context.Offset} {context.Subscription} {context.Attempt} " +
                $"{context.HeaderText("tenant")} {context.Key!.Value.Length} {context.IsTombstone}";
            return Task.FromResult(Verdict.Ack);
        }));
        var delivered = Deliveries.Order("o-1", sequence: 7, attempt: 3);
        delivered.Headers.Add(new Header { Name = "tenant", Value = ByteString.CopyFromUtf8("a") });

        var response = await app.Client.DeliverAsync(Deliveries.Single(delivered));

        Assert.That(received, Is.EqualTo(new OrderPlaced { OrderId = "o-1", Sequence = 7 }));
        Assert.That(facts, Is.EqualTo("orders.v1/0/7 orders 3 a 3 False"));
        Assert.That(response.Result, Is.EqualTo(
            new Result { DeliveryId = "d-o-1-7", Verdict = Sidecar.Delivery.V1.Verdict.Ack }));
    }

    [Test]
    public async Task Retry_and_reject_travel_with_their_delay_and_reason()
    {
        await using var app = await ConsumerApplication.StartAsync(app => app
            .MapEvent("later", (_, _) => Task.FromResult(Verdict.Retry(TimeSpan.FromSeconds(2.5), "busy")))
            .MapEvent("never", (_, _) => Task.FromResult(Verdict.Reject(new string('ä', 600)))));

        var later = await AnswerToAsync(app, "later");
        Assert.That(later.Verdict, Is.EqualTo(Sidecar.Delivery.V1.Verdict.Retry));
        Assert.That(later.RetryAfter.ToTimeSpan(), Is.EqualTo(TimeSpan.FromSeconds(2.5)));
        Assert.That(later.Reason, Is.EqualTo("busy"));

        var never = await AnswerToAsync(app, "never");
        Assert.That(never.Verdict, Is.EqualTo(Sidecar.Delivery.V1.Verdict.Reject));
        Assert.That(never.RetryAfter, Is.Null);
        Assert.That(never.Reason, Is.EqualTo(new string('ä', 512)), "1,024 bytes, cut between characters");
    }

    [Test]
    public async Task Data_that_is_not_the_message_is_rejected_with_the_reason()
    {
        await using var app = await ConsumerApplication.StartAsync(OrdersThat(Verdict.Ack));
        var broken = Deliveries.Order("o-1");
        broken.Data = ByteString.CopyFrom(0xFF, 0xFF, 0xFF);

        var result = (await app.Client.DeliverAsync(Deliveries.Single(broken))).Result;

        Assert.That(result.Verdict, Is.EqualTo(Sidecar.Delivery.V1.Verdict.Reject));
        Assert.That(result.Reason, Does.StartWith("The data is not a acme.orders.v1.OrderPlaced"));
    }

    [Test]
    public async Task An_event_that_nobody_handles_is_held_and_never_answered()
    {
        await using var app = await ConsumerApplication.StartAsync(OrdersThat(Verdict.Ack));
        var error = Assert.ThrowsAsync<RpcException>(async () => await app.Client.DeliverAsync(
            Deliveries.Single(new Event { Type = "acme.orders.v2.OrderPlaced", Data = ByteString.Empty })))!;
        Assert.That(error.StatusCode, Is.EqualTo(StatusCode.Unimplemented));
        Assert.That(error.Status.Detail, Does.Contain("'acme.orders.v2.OrderPlaced'"));
        Assert.That(error.Status.Detail, Does.Contain("it has: acme.orders.v1.OrderPlaced"));
    }

    [Test]
    public async Task A_tombstone_never_becomes_an_empty_message()
    {
        var tombstone = Deliveries.Order("o-1");
        tombstone.ClearData();
        await using (var app = await ConsumerApplication.StartAsync(OrdersThat(Verdict.Ack)))
        {
            var error = Assert.ThrowsAsync<RpcException>(
                async () => await app.Client.DeliverAsync(Deliveries.Single(tombstone)))!;
            Assert.That(error.StatusCode, Is.EqualTo(StatusCode.Unimplemented));
            Assert.That(error.Status.Detail, Does.Contain("MapTombstones"));
        }

        await using (var app = await ConsumerApplication.StartAsync(app =>
        {
            OrdersThat(Verdict.Ack)(app);
            app.MapTombstones((context, _) =>
                Task.FromResult(Verdict.Reject($"{context.IsTombstone} {context.Data is null}")));
        }))
        {
            var result = (await app.Client.DeliverAsync(Deliveries.Single(tombstone))).Result;
            Assert.That(result.Reason, Is.EqualTo("True True"));
        }
    }

    [Test]
    public async Task What_remains_goes_to_the_handler_of_others()
    {
        await using var app = await ConsumerApplication.StartAsync(app =>
        {
            OrdersThat(Verdict.Ack)(app);
            app.MapOtherEvents((context, _) => Task.FromResult(Verdict.Reject($"other: {context.Type}")));
        });
        var other = await AnswerToAsync(app, "x");
        var order = (await app.Client.DeliverAsync(Deliveries.Single(Deliveries.Order("o-1")))).Result;
        Assert.That(other.Reason, Is.EqualTo("other: x"));
        Assert.That(order.Verdict, Is.EqualTo(Sidecar.Delivery.V1.Verdict.Ack));
    }

    [Test]
    public async Task A_handler_that_throws_has_failed_its_attempt()
    {
        await using var app = await ConsumerApplication.StartAsync(app => app
            .MapEvent("broken", (_, _) => throw new InvalidOperationException("no database"))
            .MapEvent("status", (_, _) => throw new RpcException(new Status(StatusCode.NotFound, "not yet"))));

        foreach (var (type, status) in new[] { ("broken", StatusCode.Unknown), ("status", StatusCode.NotFound) })
        {
            var error = Assert.ThrowsAsync<RpcException>(async () => await app.Client.DeliverAsync(
                Deliveries.Single(new Event { Type = type, Data = ByteString.Empty })))!;
            Assert.That(error.StatusCode, Is.EqualTo(status));
        }
    }

    [Test]
    public async Task A_call_that_the_agent_gives_up_cancels_its_handler()
    {
        var begun = new TaskCompletionSource();
        var ended = new TaskCompletionSource();
        await using var app = await ConsumerApplication.StartAsync(a => a.MapEvent("slow", async (_, cancellation) =>
        {
            using var registration = cancellation.Register(ended.SetResult);
            begun.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
            return Verdict.Ack;
        }));
        using var giveUp = new CancellationTokenSource();
        var call = app.Client.DeliverAsync(
            Deliveries.Single(new Event { Type = "slow", Data = ByteString.Empty }), cancellationToken: giveUp.Token);
        await begun.Task;
        await giveUp.CancelAsync();
        Assert.That(async () => await call, Throws.TypeOf<RpcException>());
        await ended.Task;
    }

    [Test]
    public async Task Each_event_has_services_of_its_own()
    {
        var seen = new List<Scoped>();
        await using var app = await ConsumerApplication.StartAsync(
            app => app.MapEvent("scoped", (context, _) =>
            {
                seen.Add(context.Services.GetRequiredService<Scoped>());
                return Task.FromResult(Verdict.Ack);
            }),
            builder => builder.Services.AddScoped<Scoped>());
        for (var i = 0; i < 2; i++)
        {
            await app.Client.DeliverAsync(Deliveries.Single(new Event { Type = "scoped", Data = ByteString.Empty }));
        }

        Assert.That(seen[0], Is.Not.SameAs(seen[1]));
        Assert.That(seen.Select(scoped => scoped.IsDisposed), Is.All.True);
    }

    private static async Task<Result> AnswerToAsync(ConsumerApplication app, string type) =>
        (await app.Client.DeliverAsync(Deliveries.Single(new Event { Type = type, Data = ByteString.Empty }))).Result;

    private static Action<Microsoft.AspNetCore.Builder.WebApplication> OrdersThat(Verdict verdict) =>
        app => app.MapEvent<OrderPlaced>((_, _, _) => Task.FromResult(verdict));

    private sealed class Scoped : IDisposable
    {
        public bool IsDisposed { get; private set; }

        public void Dispose() => IsDisposed = true;
    }
}
