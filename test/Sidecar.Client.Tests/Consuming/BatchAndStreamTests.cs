using Google.Protobuf;
using Grpc.Core;
using Sidecar.Client.Consuming;
using Sidecar.Delivery.V1;
using Verdict = Sidecar.Client.Consuming.Verdict;
using WireVerdict = Sidecar.Delivery.V1.Verdict;

namespace Sidecar.Client.Tests.Consuming;

internal sealed class BatchAndStreamTests
{
    [Test]
    public async Task A_batch_has_one_result_for_each_event_and_a_failure_is_its_own_alone()
    {
        await using var app = await StartAsync();
        var response = await app.Client.DeliverBatchAsync(new DeliverBatchRequest
        {
            Events =
            {
                Event("ack", "1"), Event("throw", "2"), Event("reject", "3"),
                Event("duplicate", "4"), Event("ack", "5"),
            },
        });

        Assert.That(
            response.Results.OrderBy(result => result.DeliveryId)
                .Select(result => (result.DeliveryId, result.Verdict, result.Reason)),
            Is.EqualTo(new[]
            {
                ("1", WireVerdict.Ack, ""),
                ("2", WireVerdict.Retry, "InvalidOperationException: no database"),
                ("3", WireVerdict.Reject, "too old"),
                ("4", WireVerdict.Ack, ""),
                ("5", WireVerdict.Ack, ""),
            }));
    }

    [Test]
    public async Task A_batch_with_an_event_that_nobody_handles_is_refused_before_any_is_handled()
    {
        var handled = 0;
        await using var app = await ConsumerApplication.StartAsync(app => app.MapEvent("ack", (_, _) =>
        {
            Interlocked.Increment(ref handled);
            return Task.FromResult(Verdict.Ack);
        }));
        var error = Assert.ThrowsAsync<RpcException>(async () => await app.Client.DeliverBatchAsync(
            new DeliverBatchRequest { Events = { Event("ack", "1"), Event("unheard", "2") } }))!;
        Assert.That(error.StatusCode, Is.EqualTo(StatusCode.Unimplemented));
        Assert.That(handled, Is.Zero);
    }

    [Test]
    public async Task A_stream_gives_results_as_they_come_in_any_order()
    {
        var release = new TaskCompletionSource();
        await using var app = await ConsumerApplication.StartAsync(app => app
            .MapEvent("slow", async (_, _) =>
            {
                await release.Task;
                return Verdict.Ack;
            })
            .MapEvent("ack", (_, _) => Task.FromResult(Verdict.Ack)));
        using var stream = app.Client.DeliverStream();
        await stream.RequestStream.WriteAsync(new DeliverStreamRequest { Event = Event("slow", "1") });
        await stream.RequestStream.WriteAsync(new DeliverStreamRequest { Event = Event("ack", "2") });

        Assert.That(await stream.ResponseStream.MoveNext(), Is.True);
        Assert.That(stream.ResponseStream.Current.Result.DeliveryId, Is.EqualTo("2"));
        release.SetResult();
        await stream.RequestStream.CompleteAsync();
        Assert.That(await stream.ResponseStream.MoveNext(), Is.True);
        Assert.That(stream.ResponseStream.Current.Result.DeliveryId, Is.EqualTo("1"));
        Assert.That(await stream.ResponseStream.MoveNext(), Is.False);
    }

    [Test]
    public async Task A_stream_ends_at_an_event_that_nobody_handles_after_those_that_had_begun()
    {
        var begun = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        await using var app = await ConsumerApplication.StartAsync(a => a.MapEvent("slow", async (_, cancellation) =>
        {
            begun.SetResult();
            await release.Task.WaitAsync(cancellation);
            return Verdict.Ack;
        }));
        using var stream = app.Client.DeliverStream();
        await stream.RequestStream.WriteAsync(new DeliverStreamRequest { Event = Event("slow", "1") });
        await begun.Task;
        await stream.RequestStream.WriteAsync(new DeliverStreamRequest { Event = Event("unheard", "2") });
        release.SetResult();

        Assert.That(await stream.ResponseStream.MoveNext(), Is.True);
        Assert.That(stream.ResponseStream.Current.Result.DeliveryId, Is.EqualTo("1"));
        var error = Assert.ThrowsAsync<RpcException>(async () => await stream.ResponseStream.MoveNext())!;
        Assert.That(error.StatusCode, Is.EqualTo(StatusCode.Unimplemented));
    }

    [Test]
    public async Task No_more_events_of_a_stream_are_handled_at_once_than_the_limit_says()
    {
        using var atOnce = new SemaphoreSlim(2);
        var exceeded = false;
        await using var app = await ConsumerApplication.StartAsync(
            app => app.MapEvent("count", async (_, _) =>
            {
                exceeded |= !await atOnce.WaitAsync(TimeSpan.Zero, CancellationToken.None);
                await Task.Yield();
                atOnce.Release();
                return Verdict.Ack;
            }),
            options: options => options.MaxConcurrentEventsPerCall = 2);
        using var stream = app.Client.DeliverStream();
        for (var i = 0; i < 200; i++)
        {
            await stream.RequestStream.WriteAsync(new DeliverStreamRequest { Event = Event("count", $"{i}") });
        }

        await stream.RequestStream.CompleteAsync();
        Assert.That(await stream.ResponseStream.ReadAllAsync().CountAsync(), Is.EqualTo(200));
        Assert.That(exceeded, Is.False);
    }

    [Test]
    public async Task A_stream_outlives_the_thirty_megabytes_that_Kestrel_grants_a_request()
    {
        await using var app = await StartAsync();
        using var stream = app.Client.DeliverStream();
        var big = Event("ack", "big");
        big.Data = ByteString.CopyFrom(new byte[1024 * 1024]);
        for (var megabyte = 0; megabyte < 40; megabyte++)
        {
            await stream.RequestStream.WriteAsync(new DeliverStreamRequest { Event = big });
            Assert.That(await stream.ResponseStream.MoveNext(), Is.True);
        }
    }

    private static Event Event(string type, string deliveryId) =>
        new() { Type = type, DeliveryId = deliveryId, Data = ByteString.Empty };

    private static Task<ConsumerApplication> StartAsync() => ConsumerApplication.StartAsync(app => app
        .MapEvent("ack", (_, _) => Task.FromResult(Verdict.Ack))
        .MapEvent("throw", (_, _) => throw new InvalidOperationException("no database"))
        .MapEvent("reject", (_, _) => throw new RpcException(new Status(StatusCode.FailedPrecondition, "too old")))
        .MapEvent("duplicate", (_, _) => throw new RpcException(new Status(StatusCode.AlreadyExists, ""))));
}
