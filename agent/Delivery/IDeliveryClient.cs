using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.Delivery;

/// <summary>What an attempt says about itself besides the event.</summary>
/// <param name="Number">1 for the first; attempts that never reached a working application are not counted.</param>
/// <param name="DeliveryId">Names this attempt and no other of this agent.</param>
/// <param name="FirstSeenMs">When this agent received the record, in milliseconds since the Unix epoch.</param>
public readonly record struct Attempt(int Number, ulong DeliveryId, long FirstSeenMs);

/// <summary>
/// The boundary to the application: one attempt in, one outcome out. It never throws for anything that the network, the
/// application or the record can do; an exception from it is a bug.
/// </summary>
public interface IDeliveryClient : IAsyncDisposable
{
    /// <summary>
    /// Calls the application once, with the subscription's deadline. Ends at the latest when the deadline has passed or
    /// <paramref name="cancellation"/> is set.
    /// </summary>
    ValueTask<AttemptOutcome> DeliverAsync(EventRecord record, Attempt attempt, CancellationToken cancellation);
}
