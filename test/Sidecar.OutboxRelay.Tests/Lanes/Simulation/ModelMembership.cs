using Sidecar.OutboxRelay.Lanes;

namespace Sidecar.OutboxRelay.Tests.Lanes.Simulation;

/// <summary>A relay's lease, and what it does about lanes: one statement renews and looks, another claims.</summary>
internal sealed class ModelMembership(World world, Guid id)
{
    private readonly RelayWatch watch = new();
    private List<RelaySighting>? relays;
    private LaneSighting[] lanes = [];
    private LaneProgress[] progress = [];
    private long lookedAtMs;

    public void Renew()
    {
        var rows = world.Outbox.Relays;
        var index = rows.FindIndex(row => row.Id == id);
        var mine = new ModelRelayRow
        {
            Id = id,
            Beat = index < 0 ? 1 : rows[index].Beat + 1,
            LeaseUntilMs = world.Server.ClockMs + world.LeaseMs,
        };

        if (index < 0)
        {
            rows.Add(mine);
        }
        else
        {
            rows[index] = mine;
        }

        world.Server.Commit();
        var lease = TimeSpan.FromMilliseconds(world.LeaseMs);
        relays = rows.ConvertAll(row =>
            new RelaySighting(row.Id, 0, row.Beat, lease, TimeSpan.FromMilliseconds(row.LeaseUntilMs - world.Server.ClockMs)));
        lanes = [.. world.Outbox.LookAtLanes()];
        progress = [.. world.Outbox.Lanes.Select(lane => lane.Progress)];
        lookedAtMs = world.NowMs;
    }

    /// <summary>Acts on what was seen. False: nothing was.</summary>
    public bool Continue(LaneBook book, bool stopping, ref int faults)
    {
        if (relays is not { } seen)
        {
            return false;
        }

        relays = null;
        foreach (var (bucket, epoch, _) in book.Lanes.ToList())
        {
            if ((lanes[bucket].Owner, lanes[bucket].Epoch) != (id, epoch))
            {
                book.Lose(bucket);
                faults++;
            }
        }

        if (!stopping)
        {
            TakeOver(book, seen);
        }

        return true;
    }

    public void Forget() => relays = null;

    /// <summary>Gives back whatever is its own by the rows: after memory is gone while stopping.</summary>
    public void Leave()
    {
        for (var bucket = 0; bucket < ModelOutbox.Buckets; bucket++)
        {
            ref var lane = ref world.Outbox.Lanes[bucket];
            lane.Owner = lane.Owner == id ? null : lane.Owner;
        }
    }

    /// <summary>The mutant's way to drain.</summary>
    public void ReleaseAtOnce(LaneBook book)
    {
        foreach (var (bucket, _, draining) in book.Lanes.ToList())
        {
            ref var lane = ref world.Outbox.Lanes[bucket];
            if (draining && lane.Owner == id)
            {
                lane.Owner = null;
                book.Lose(bucket);
            }
        }
    }

    private void TakeOver(LaneBook book, List<RelaySighting> seen)
    {
        var at = TimeSpan.FromMilliseconds(lookedAtMs);
        var live = world.Mutant == Mutant.DatabaseClockAlone
            ? seen.Where(relay => relay.Left > TimeSpan.Zero).Select(relay => relay.Id).Order().ToList()
            : watch.Live(seen, at, TimeSpan.FromMilliseconds(world.NowMs));
        foreach (var lane in lanes)
        {
            if (lane.Owner == id && book.EpochOf(lane.Bucket) is null && world.Outbox.Lanes[lane.Bucket] is var row &&
                (row.Owner, row.Epoch) == (id, lane.Epoch))
            {
                book.Claim(lane.Bucket, lane.Epoch, row.Progress);    // its own, from before its memory was gone
            }
        }

        var decision = FairShare.Decide(id, live, lanes, alone: false);
        foreach (var bucket in decision.Drain)
        {
            book.Drain(bucket);
        }

        foreach (var claim in decision.Claim)
        {
            if (world.Outbox.Claim(claim, id))
            {
                var stands = world.Mutant == Mutant.ProgressFromBeforeTheClaim
                    ? progress[claim.Bucket]
                    : world.Outbox.Lanes[claim.Bucket].Progress;
                book.Claim(claim.Bucket, claim.Epoch + 1, stands);
            }
        }
    }
}
