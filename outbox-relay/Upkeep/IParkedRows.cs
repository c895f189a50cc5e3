using Sidecar.OutboxRelay.Contracts;

namespace Sidecar.OutboxRelay.Upkeep;

/// <summary>
/// The rows that are out of the line, for a person who decides about them. Works beside a running relay and without one.
/// </summary>
public interface IParkedRows
{
    /// <summary>The rows that are meant, by id.</summary>
    Task<StoreAnswer<IReadOnlyList<ParkedRow>>> ListAsync(ParkedFilter filter, int limit);

    /// <summary>One row with its content; null: it is not there.</summary>
    Task<StoreAnswer<ParkedContent?>> ShowAsync(long id, int maxBytes);

    /// <summary>
    /// Lets the rows that are meant go back into the line, and with each the whole of its topic and key, in their order.
    /// </summary>
    Task<StoreAnswer<ParkedCount>> RetryAsync(ParkedFilter filter);

    /// <summary>
    /// Deletes the rows that are meant for good. Rows that stood behind them, and behind no other, go back into the line.
    /// None is deleted that a relay has under way: then nothing is done, and that is the answer.
    /// </summary>
    Task<StoreAnswer<ParkedDrop>> DropAsync(ParkedFilter filter);
}
