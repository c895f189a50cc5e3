using Microsoft.Extensions.Time.Testing;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Lease;

namespace Sidecar.OutboxRelay.Tests.Lease;

/// <summary>
/// The lease's row as the database would keep it, a few relays around it, and the checks after every step.
/// </summary>
internal sealed class LeaseModel
{
    private const int LengthMs = 1000;
    private static readonly TimeSpan Length = TimeSpan.FromMilliseconds(LengthMs);

    private readonly FakeTimeProvider time = new();
    private readonly LeaseWatch[] watches;
    private readonly LeaseTerm?[] terms;
    private LeaseRow row;
    private long databaseMs = 1_000_000;

    public LeaseModel(int relays)
    {
        watches = [.. Enumerable.Range(0, relays).Select(_ => new LeaseWatch(time))];
        terms = new LeaseTerm?[relays];
    }

    public void Step(int relay, int action, int milliseconds)
    {
        switch (action)
        {
            case 0:
                databaseMs -= milliseconds * 1000L;    // the clock is set back
                break;
            case 1:
                databaseMs += milliseconds * 1000L;    // or forward
                break;
            case 2:
                terms[relay] = null;                   // a crash: the process has forgotten everything
                watches[relay] = new LeaseWatch(time);
                break;
            case 3 or 4:
                Pass(milliseconds);
                break;
            default:
                Act(relay);
                break;
        }
    }

    public bool ADeadOwnerIsReplaced()
    {
        terms.AsSpan().Clear();
        var epoch = row.Epoch;
        for (var looks = 0; looks < 3 && row.Epoch == epoch; looks++)
        {
            Act(relay: 0);
            Pass(LengthMs);
        }

        return row.Epoch == epoch + 1;
    }

    private void Act(int relay)
    {
        if (terms[relay] is { } term)
        {
            var isLatest = term.Fence.Epoch == row.Epoch;
            var wrote = Renew(term.Fence);
            Assert.That(wrote, Is.EqualTo(isLatest), "only the latest owner's progress is written");
            if (wrote)
            {
                term.Renewed(time.GetTimestamp());
            }
            else
            {
                terms[relay] = null;
            }
        }
        else if (watches[relay].IsFree(row with { Times = row.Times with { NowMs = databaseMs } }))
        {
            var epoch = row.Epoch + 1;
            Assert.That(terms.Where(other => other?.Fence.Epoch == epoch), Is.Empty, "an epoch has one owner");
            row = new LeaseRow($"relay {relay}", epoch, row.Beat + 1, Times());
            terms[relay] = new LeaseTerm(new Fence(row.Owner!, epoch), Length, time, time.GetTimestamp());
        }
    }

    private bool Renew(Fence fence)
    {
        if (fence != new Fence(row.Owner ?? "", row.Epoch))
        {
            return false;
        }

        row = row with { Beat = row.Beat + 1, Times = Times() };
        return true;
    }

    private LeaseTimes Times() => new(LengthMs, databaseMs + LengthMs, databaseMs);

    private void Pass(int milliseconds)
    {
        time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        databaseMs += milliseconds;
    }
}
