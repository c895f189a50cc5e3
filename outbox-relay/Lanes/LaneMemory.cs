namespace Sidecar.OutboxRelay.Lanes;

/// <summary>
/// What this relay knows to stand in the database, from one connection to the next: one that then shows something older
/// has lost commits, as a standby has that was promoted behind its primary.
/// </summary>
/// <remarks>
/// A lane's row changes only under its epoch, and each owner has a higher one. So where nobody had the lane since, its row is
/// what we left, or what a write of ours left whose answer we never heard.
/// </remarks>
public sealed class LaneMemory
{
    private readonly Dictionary<int, (long Epoch, LaneProgress Progress)> known = [];
    private long pastAlarm;

    /// <summary>The highest id of a row that was read, so that was committed; 0: none was.</summary>
    public long HighestRow { get; private set; }

    /// <summary>A row was read.</summary>
    public void Read(long id) => HighestRow = Math.Max(HighestRow, id);

    /// <summary>Forgets everything: a contradiction was told, and what stands in the database is the past from now on.</summary>
    public void Forget()
    {
        known.Clear();
        HighestRow = 0;
    }

    /// <summary>
    /// The database is as a person accepted it after this alarm about its past: what was known before, this relay's own, is
    /// forgotten, whichever relay raised it.
    /// </summary>
    /// <param name="newest">The newest such alarm that the database knows of; 0: none.</param>
    public void Accepts(long newest)
    {
        if (newest > pastAlarm)
        {
            Forget();
        }

        // Lower where the alarm itself is among what the database lost: the next one may have its number.
        pastAlarm = newest;
    }

    /// <summary>The row of the lane is known to hold this, under an epoch of ours.</summary>
    public void Knows(int bucket, long epoch, LaneProgress progress) => known[bucket] = (epoch, progress);

    /// <summary>A sentence that says how a claim contradicts what is known; null: it does not, or nothing is known.</summary>
    /// <param name="bucket">The lane.</param>
    /// <param name="epoch">The epoch that it was claimed with.</param>
    /// <param name="progress">What its row held.</param>
    public string? Contradiction(int bucket, long epoch, LaneProgress progress)
    {
        if (!known.TryGetValue(bucket, out var last))
        {
            return null;
        }

        if (epoch <= last.Epoch)
        {
            return $"lane {bucket} was ours in epoch {last.Epoch}, and has epoch {epoch} only now";
        }

        return epoch == last.Epoch + 1 && IsBehind(progress, last.Progress)
            ? $"lane {bucket} was settled up to {last.Progress.Done} (row {last.Progress.After}), and stands at " +
              $"{progress.Done} (row {progress.After})"
            : null;
    }

    private static bool IsBehind(LaneProgress now, LaneProgress before) =>
        !now.Done.Covers(before.Done) || (now.Done.Equals(before.Done) && now.After < before.After);
}
