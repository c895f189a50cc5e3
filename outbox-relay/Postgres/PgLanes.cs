using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Lanes;

namespace Sidecar.OutboxRelay.Postgres;

/// <summary>
/// The lanes of this relay, from its entry to its leaving: renews the lease, claims its fair share, drains what others
/// should have, and notices what was taken from it. Everything on one connection.
/// </summary>
internal sealed class PgLanes(PgSession session, Guid me, RelayWatch watch, LaneMemory memory, TimeProvider time)
{
    private readonly PgLaneTable table = new(session, me);

    /// <summary>What is read and settled in these lanes.</summary>
    public LaneBook Book { get; } = new(PgLimits.Chunks);

    /// <summary>The epochs of our lanes by bucket.</summary>
    public long[] Epochs { get; } = new long[PgLimits.MaxBuckets];

    /// <summary>One relay owns all lanes, and the others stand by.</summary>
    public bool Alone { get; init; }

    /// <summary>The epoch of our entry.</summary>
    public long Epoch { get; private set; }

    /// <summary>Lanes were claimed since this was last asked.</summary>
    public bool HasClaimed { get; set; }

    /// <summary>What is known of the lanes from earlier connections.</summary>
    public LaneMemory Memory => memory;

    /// <summary>How a lane's row contradicts what this relay knows of it; null: none does.</summary>
    public string? Contradiction { get; private set; }

    /// <summary>Buckets and epochs of all lanes that are ours.</summary>
    public (short[] Buckets, long[] Epochs) Owned =>
        ([.. Book.Lanes.Select(lane => (short)lane.Bucket)], [.. Book.Lanes.Select(lane => lane.Epoch)]);

    /// <summary>Enters this relay, and claims what is free. A problem: it may not work now, and is not entered.</summary>
    public async Task<StoreProblem?> EnterAsync(string name, TimeSpan length)
    {
        Epoch = await table.RegisterAsync(name, length);
        var problem = await RenewAsync(length);
        if (problem is { Fault: StoreFault.Alarm })
        {
            await LeaveAsync();
        }

        return problem;
    }

    /// <summary>
    /// Renews the lease and evens out the lanes. A problem: the entry or a lane was taken from us, and what is under way
    /// belongs to another; or something was found that no relay goes on with.
    /// </summary>
    public async Task<StoreProblem?> RenewAsync(TimeSpan length)
    {
        var began = Now();
        var view = await table.RenewAsync(Epoch, length);
        if (!view.IsOurs || HasLost(view))
        {
            return new StoreProblem(StoreFault.Fenced, "another relay took this one for dead, and has its lanes");
        }

        if (view.Alarm is { } alarm)
        {
            return alarm.Problem(session.Address);
        }

        var live = watch.Live(view.Relays, began, Now());
        var decision = FairShare.Decide(me, live, view.Lanes, Alone);
        foreach (var bucket in decision.Drain)
        {
            Book.Drain(bucket);
        }

        if (decision.Claim.Count > 0)
        {
            await ClaimAsync(decision.Claim);
        }

        var dead = view.Relays.Where(relay => !live.Contains(relay.Id) && relay.Id != me).ToList();
        if (dead.Count > 0)
        {
            await table.BuryAsync(dead);
        }

        return null;
    }

    /// <summary>Gives back what is left, and removes the entry.</summary>
    public Task LeaveAsync() => table.LeaveAsync(Epoch);

    /// <summary>These lanes were written, but for those that are another's.</summary>
    public void Wrote(Checkpoint checkpoint, IReadOnlyCollection<int> fenced)
    {
        foreach (var write in checkpoint.Writes)
        {
            if (!fenced.Contains(write.Bucket))
            {
                memory.Knows(write.Bucket, write.Epoch, write.Progress);
            }
        }
    }

    private async Task ClaimAsync(IReadOnlyList<LaneSighting> wanted)
    {
        foreach (var claim in await table.ClaimAsync(Epoch, wanted))
        {
            if (memory.Contradiction(claim.Bucket, claim.Epoch, claim.Progress) is { } contradiction)
            {
                Contradiction ??= contradiction;
                continue;
            }

            memory.Knows(claim.Bucket, claim.Epoch, claim.Progress);
            Epochs[claim.Bucket] = claim.Epoch;
            Book.Claim(claim.Bucket, claim.Epoch, claim.Progress);
            HasClaimed = true;
        }
    }

    private bool HasLost(PgView view)
    {
        var rows = view.Lanes.ToDictionary(lane => lane.Bucket);
        return Book.Lanes.Any(lane =>
            !rows.TryGetValue(lane.Bucket, out var row) || row.Owner != me || row.Epoch != lane.Epoch);
    }

    private TimeSpan Now() => time.GetElapsedTime(0);
}
