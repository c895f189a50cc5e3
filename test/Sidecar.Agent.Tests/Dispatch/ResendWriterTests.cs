using Grpc.Core;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Prometheus;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Telemetry;
using Sidecar.Agent.Tracking;
using Sidecar.TestKit;

namespace Sidecar.Agent.Tests.Dispatch;

/// <summary>What is said of copies that cannot be written.</summary>
public sealed class ResendWriterTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly AttemptOutcome Failure = new(AttemptEnd.Failed, StatusCode.Unavailable, "down", null);

    [Test]
    public async Task No_copy_is_waited_for_any_more_when_the_partition_of_its_event_is_taken_away()
    {
        var time = new FakeTimeProvider();
        var metrics = new AgentMetrics(Metrics.NewCustomRegistry());
        var waits = new Waits(NullLogger<Waits>.Instance, metrics.Waiting);
        using var dispatcher = new Dispatcher(
            new DispatchOptions { Retries = [TimeSpan.FromMinutes(1)] }, new DeliveryOptions { Attempts = 1 },
            new BufferBudget(long.MaxValue), time, new Random(1));
        var desk = new LetterDesk { AnswerResend = _ => Task.FromResult(new ProduceOutcome(ProduceEnd.Failed, "no leader")) };
        var report = new ResendReport(NullLogger<ResendReport>.Instance, metrics, waits, "s");
        var writer = new ResendWriter(dispatcher, desk, RetryTopicsModel.Names, report, time);
        using var source = dispatcher.Open("t", 0, new PartitionTracker(0, AckMap.Empty(0)));
        writer.Start();
        dispatcher.Retries.Known(source);
        dispatcher.Accept(source, Records.Of(0, "k"), -1);
        var queued = (await dispatcher.TakeAsync(new DeliverySlot()))!;
        Assert.That(dispatcher.Finish(queued, Failure).Step, Is.EqualTo(Step.Resend));
        await Until.TrueAsync(() => waits.IsWaitingFor("retries-write:s"), Patience, "it is waited for");

        dispatcher.Close(source);

        await Until.TrueAsync(() => !waits.IsWaitingFor("retries-write:s"), Patience, "nobody waits for it");
        dispatcher.Stop();
        await writer.Completion;
    }
}
