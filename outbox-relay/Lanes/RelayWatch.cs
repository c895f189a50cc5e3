namespace Sidecar.OutboxRelay.Lanes;

/// <summary>A relay as its row was just read.</summary>
/// <param name="Id">Which run of which relay it is: made anew by each start.</param>
/// <param name="Epoch">One more whenever it was taken for dead.</param>
/// <param name="Beat">One more with each renewal.</param>
/// <param name="Lease">How long its lease is; above zero.</param>
/// <param name="Left">Until its lease ends on the database's clock; zero or less: it has ended.</param>
public readonly record struct RelaySighting(Guid Id, long Epoch, long Beat, TimeSpan Lease, TimeSpan Left);

/// <summary>
/// Says which relays are dead: whose lease has ended on the database's clock, and whose row has stood still for a lease on
/// our own monotonic clock, so that a clock that was set back freezes nothing.
/// </summary>
public sealed class RelayWatch
{
    private readonly Dictionary<Guid, (long Epoch, long Beat, TimeSpan Since)> seen = [];

    /// <summary>
    /// Takes in all relays' rows, read in one statement; the answer: the live ones, by id.
    /// </summary>
    /// <param name="relays">Every row there is.</param>
    /// <param name="began">Our monotonic clock before the rows were read.</param>
    /// <param name="ended">The same clock when they had come: what was then seen for the first time is counted from here.</param>
    public IReadOnlyList<Guid> Live(IReadOnlyList<RelaySighting> relays, TimeSpan began, TimeSpan ended)
    {
        var live = new List<Guid>(relays.Count);
        foreach (var relay in relays)
        {
            if (!seen.TryGetValue(relay.Id, out var last) || (last.Epoch, last.Beat) != (relay.Epoch, relay.Beat))
            {
                seen[relay.Id] = last = (relay.Epoch, relay.Beat, ended);
            }

            if (relay.Left > TimeSpan.Zero && began - last.Since < relay.Lease)
            {
                live.Add(relay.Id);
            }
        }

        if (seen.Count > relays.Count)
        {
            foreach (var gone in seen.Keys.Except(relays.Select(relay => relay.Id)).ToList())
            {
                seen.Remove(gone);
            }
        }

        live.Sort();
        return live;
    }
}
