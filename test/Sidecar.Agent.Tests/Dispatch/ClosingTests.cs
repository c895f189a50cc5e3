using Grpc.Core;
using Microsoft.Extensions.Time.Testing;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Tests.Dispatch;

/// <summary>What is in flight when its partition goes.</summary>
public sealed class ClosingTests
{
    [TestCase(AttemptEnd.Failed, ExpectedResult = 1)]
    [TestCase(AttemptEnd.Cancelled, ExpectedResult = 0)]
    public int An_attempt_that_fails_while_its_partition_goes_is_known_to_the_next_owner(AttemptEnd end)
    {
        using var dispatcher = new Dispatcher(
            new DispatchOptions(), new DeliveryOptions(), new BufferBudget(long.MaxValue), new FakeTimeProvider(), new Random(1));
        var tracker = new PartitionTracker(0, AckMap.Empty(0));
        using var worker = dispatcher.Open("t", 0, tracker);
        var slots = new SlotsInFlight(dispatcher, 1);
        dispatcher.Accept(worker, Records.Of(0, "k"), -1);
        slots.Collect();
        Assert.That(slots.TryTakeOne(new Random(1), out _, out var queued), Is.True);
        dispatcher.Close(worker);

        dispatcher.Finish(queued!, new AttemptOutcome(end, StatusCode.Internal, "no", null));

        return tracker.Map().AttemptsOf(0);
    }
}
