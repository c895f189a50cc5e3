using Sidecar.OutboxRelay.Contracts;

namespace Sidecar.OutboxRelay.Store;

/// <summary>What a window came to.</summary>
/// <param name="Done">Ids that Kafka acknowledged, ascending.</param>
/// <param name="Held">Rows that are set aside, ascending.</param>
public sealed record Settlement(IReadOnlyList<long> Done, IReadOnlyList<HeldRow> Held);

/// <summary>
/// The database that the application writes to. Used by one loop at a time. Nothing here throws for what a database can
/// do to its user: that is the answer's problem. No transaction stays open between two calls.
/// </summary>
/// <remarks>
/// Rows are handed out in windows, and the store is told in the same order what became of each. How much of the outbox a
/// lease covers (all of it, or some of its buckets) is the store's own matter.
/// </remarks>
public interface IOutboxStore : IDisposable
{
    /// <summary>Connects where that is needed and checks the schema; the answer is the outbox's own id.</summary>
    ValueTask<StoreAnswer<string>> OpenAsync();

    /// <summary>
    /// Takes the lease where it is free or was ours before; asked again and again while it is another's.
    /// </summary>
    ValueTask<StoreAnswer<LeaseTaken>> TakeLeaseAsync(string owner, TimeSpan length);

    /// <summary>Renews the lease from now.</summary>
    ValueTask<StoreAnswer<bool>> RenewLeaseAsync(Fence fence, TimeSpan length);

    /// <summary>
    /// Writes what is settled and not yet written, and gives the lease back, so that another relay need not wait for its end.
    /// </summary>
    ValueTask<StoreAnswer<bool>> ReleaseLeaseAsync(Fence fence);

    /// <summary>The next rows in order, after those that were handed out before; none: there is nothing now.</summary>
    /// <param name="fromStart">
    /// Nothing is under way: begin with the first row that is not settled, also if it was handed out before.
    /// </param>
    /// <param name="waitingTopics">Topics that cannot be written now.</param>
    /// <param name="maxPartBytes">A key, value or headers larger than this are measured and left out.</param>
    ValueTask<StoreAnswer<IReadOnlyList<OutboxRow>>> ReadWindowAsync(
        bool fromStart, IReadOnlyCollection<string> waitingTopics, long maxPartBytes);

    /// <summary>
    /// Takes note of what a window came to. The store writes it now or, within its limits, with later ones; true: the lease
    /// was renewed with it.
    /// </summary>
    ValueTask<StoreAnswer<bool>> SettleAsync(Fence fence, TimeSpan length, Settlement settlement);

    /// <summary>The store keeps topics by their ids, and wants to be told of them.</summary>
    bool KeepsTopicIds { get; }

    /// <summary>
    /// A topic is about to be written to. A problem: it is another than the one of this name that was written to before.
    /// </summary>
    /// <param name="topic">Its name.</param>
    /// <param name="id">The id that Kafka gave it when it was made.</param>
    ValueTask<StoreAnswer<bool>> EnterTopicAsync(string topic, string id);

    /// <summary>
    /// Returns when there may be something new since the last read, or after <paramref name="atMost"/>.
    /// </summary>
    ValueTask WaitForNewsAsync(TimeSpan atMost, CancellationToken stop);
}
