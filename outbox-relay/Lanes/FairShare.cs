namespace Sidecar.OutboxRelay.Lanes;

/// <summary>A lane as its row was just read.</summary>
/// <param name="Bucket">Which.</param>
/// <param name="Owner">The relay that it belongs to; null: none.</param>
/// <param name="Epoch">One more with each owner.</param>
public readonly record struct LaneSighting(int Bucket, Guid? Owner, long Epoch);

/// <summary>What a relay should do about its lanes now.</summary>
/// <param name="Share">How many it should hold.</param>
/// <param name="Drain">Buckets of ours that others should have: read no more of them and give them back.</param>
/// <param name="Claim">
/// Free lanes and lanes of the dead that we should take: where owner and epoch still are what was seen, and with an epoch
/// that is one higher.
/// </param>
public sealed record ShareDecision(int Share, IReadOnlyList<int> Drain, IReadOnlyList<LaneSighting> Claim);

/// <summary>Who should own which lanes. Every relay decides for itself, from the same rows; the fence makes the rest sure.</summary>
public static class FairShare
{
    /// <summary>Decides for one relay.</summary>
    /// <param name="me">The relay; one that does not live by <paramref name="live"/> claims nothing.</param>
    /// <param name="live">The live relays by id, from <see cref="RelayWatch"/>.</param>
    /// <param name="lanes">All lanes, by bucket.</param>
    /// <param name="alone">
    /// One relay owns all lanes: the one that owns most of them, and of equals the first by id. The others stand by.
    /// </param>
    public static ShareDecision Decide(Guid me, IReadOnlyList<Guid> live, IReadOnlyList<LaneSighting> lanes, bool alone)
    {
        var rank = IndexOf(live, me);
        if (rank < 0)
        {
            return new ShareDecision(0, [], []);
        }

        var share = alone ? (Leader(live, lanes) == me ? lanes.Count : 0) : ShareOf(rank, live.Count, lanes.Count);
        var mine = lanes.Where(lane => lane.Owner == me).ToList();
        if (mine.Count > share)
        {
            return new ShareDecision(share, [.. mine.Skip(share).Select(lane => lane.Bucket)], []);
        }

        // Each begins elsewhere, so that relays that start together seldom reach for the same lane.
        var start = rank * share;
        var free = lanes.Where(lane => lane.Owner is not { } owner || IndexOf(live, owner) < 0)
            .OrderBy(lane => (lane.Bucket - start + lanes.Count) % lanes.Count)
            .Take(share - mine.Count);
        return new ShareDecision(share, [], [.. free]);
    }

    /// <summary>Shares differ by one at most, and make up the whole.</summary>
    private static int ShareOf(int rank, int relays, int lanes) => (lanes / relays) + (rank < lanes % relays ? 1 : 0);

    private static Guid Leader(IReadOnlyList<Guid> live, IReadOnlyList<LaneSighting> lanes)
    {
        var (leader, most) = (live[0], -1);
        foreach (var relay in live)
        {
            var owned = lanes.Count(lane => lane.Owner == relay);
            (leader, most) = owned > most ? (relay, owned) : (leader, most);
        }

        return leader;
    }

    private static int IndexOf(IReadOnlyList<Guid> relays, Guid relay)
    {
        for (var i = 0; i < relays.Count; i++)
        {
            if (relays[i] == relay)
            {
                return i;
            }
        }

        return -1;
    }
}
