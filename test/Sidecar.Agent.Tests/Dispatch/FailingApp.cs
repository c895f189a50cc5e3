using Grpc.Core;
using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.Tests.Dispatch;

/// <summary>An application that fails at every second event, and then asks for a pause or refuses it now and then.</summary>
internal sealed class FailingApp(Random random)
{
    /// <summary>What it answers to an event; while all is calm it takes every one.</summary>
    public AttemptOutcome Answer(bool calm) => calm || random.Next(2) == 0 ? AttemptOutcome.Delivered : Failure();

    private AttemptOutcome Failure() => random.Next(12) == 0
        ? new AttemptOutcome(AttemptEnd.Rejected, StatusCode.OutOfRange, "never", null)
        : new AttemptOutcome(AttemptEnd.Failed, StatusCode.Aborted, "no", random.Next(6) == 0 ? TimeSpan.FromSeconds(5) : null);
}
