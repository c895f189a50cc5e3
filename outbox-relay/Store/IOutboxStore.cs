using Sidecar.OutboxRelay.Contracts;

namespace Sidecar.OutboxRelay.Store;

/// <summary>What one read found.</summary>
/// <param name="Rows">The rows, by id.</param>
/// <param name="ReadTo">Every pending row up to this id has been looked at.</param>
public sealed record WindowRead(IReadOnlyList<OutboxRow> Rows, long ReadTo);

/// <summary>What a window came to, written in one fenced transaction.</summary>
/// <param name="Done">Ids that Kafka acknowledged, ascending: deleted.</param>
/// <param name="Held">Rows that are set aside, ascending.</param>
public sealed record Settlement(IReadOnlyList<long> Done, IReadOnlyList<HeldRow> Held);

/// <summary>
/// The database that the application writes to. Used by one loop at a time. Nothing here throws for what a database can
/// do to its user: that is the answer's problem. No transaction stays open between two calls.
/// </summary>
public interface IOutboxStore : IDisposable
{
    /// <summary>Connects where that is needed and checks the schema; the answer is the outbox's own id.</summary>
    ValueTask<StoreAnswer<string>> OpenAsync();

    /// <summary>Reads the lease without changing it.</summary>
    ValueTask<StoreAnswer<LeaseRow>> ReadLeaseAsync();

    /// <summary>
    /// Takes the lease if it still stands as it was seen; <see cref="StoreFault.Fenced"/>: another was first.
    /// </summary>
    ValueTask<StoreAnswer<Fence>> TakeLeaseAsync(string owner, LeaseRow seen, TimeSpan length);

    /// <summary>Renews the lease from now.</summary>
    ValueTask<StoreAnswer<bool>> RenewLeaseAsync(Fence fence, TimeSpan length);

    /// <summary>Gives the lease back, so that another relay need not wait for its end.</summary>
    ValueTask<StoreAnswer<bool>> ReleaseLeaseAsync(Fence fence);

    /// <summary>
    /// Reads the next rows by id after <paramref name="after"/>, without those of the topics that wait.
    /// </summary>
    ValueTask<StoreAnswer<WindowRead>> ReadWindowAsync(
        long after, IReadOnlyCollection<string> waitingTopics, long maxPartBytes);

    /// <summary>Writes what a window came to, and renews the lease with it.</summary>
    ValueTask<StoreAnswer<bool>> SettleAsync(Fence fence, TimeSpan length, Settlement settlement);

    /// <summary>
    /// Returns when there may be something new since the last read, or after <paramref name="atMost"/>.
    /// </summary>
    ValueTask WaitForNewsAsync(TimeSpan atMost, CancellationToken stop);
}
