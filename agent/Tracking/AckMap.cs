namespace Sidecar.Agent.Tracking;

/// <summary>
/// What is already done above a committed offset, and how many attempts open records there have behind them. It travels
/// in the metadata of the commit, so that a crash brings back only what was in flight, not what finished after a slow one.
/// Immutable.
/// </summary>
public sealed class AckMap
{
    /// <summary>Open records whose attempts are kept; of more, the lowest offsets. Others start again from zero.</summary>
    public const int MaxAttempts = 64;

    /// <summary>Bytes that an encoded map takes besides its runs or bits and its attempts.</summary>
    public const int FixedBytes = 16;

    private readonly List<OffsetRange> done;
    private readonly List<OffsetAttempts> attempts;

    internal AckMap(long committed, List<OffsetRange> done, List<OffsetAttempts> attempts)
    {
        Committed = committed;
        this.done = done;
        this.attempts = attempts;
    }

    /// <summary>The offset that the map stands on: everything below it is done.</summary>
    public long Committed { get; }

    /// <summary>Runs of offsets that are done, ascending; a run may hold offsets that no record has.</summary>
    public IReadOnlyList<OffsetRange> Done => done;

    /// <summary>Attempts of open records, by ascending offset.</summary>
    public IReadOnlyList<OffsetAttempts> Attempts => attempts;

    /// <summary>The highest offset that the map tells of; one below <see cref="Committed"/> where it tells of none.</summary>
    public long Last => Math.Max(
        done.Count == 0 ? Committed - 1 : done[^1].Last, attempts.Count == 0 ? Committed - 1 : attempts[^1].Offset);

    /// <summary>There is nothing to tell.</summary>
    public bool IsEmpty => done.Count == 0 && attempts.Count == 0;

    /// <summary>A map without content, standing on an offset.</summary>
    public static AckMap Empty(long committed) => new(committed, [], []);

    /// <summary>A record at this offset is done.</summary>
    public bool IsDone(long offset)
    {
        if (done.Count == 0 || offset > done[^1].Last)
        {
            return false;
        }

        var index = done.BinarySearch(new(offset, offset), OffsetRange.ByFirst);
        return index >= 0 || (~index > 0 && done[~index - 1].Last >= offset);
    }

    /// <summary>Attempts that were spent on the record at this offset; 0 where none is known.</summary>
    public int AttemptsOf(long offset) => BehindOf(offset).Attempts;

    /// <summary>What is behind the record at this offset; nothing where nothing is known.</summary>
    public OffsetAttempts BehindOf(long offset)
    {
        var index = attempts.Count == 0 ? -1 : attempts.BinarySearch(new(offset, 0), OffsetAttempts.ByOffset);
        return index < 0 ? new(offset, 0) : attempts[index];
    }

    /// <summary>
    /// The same with one more offset done. Where it is the one that the map stands on, the map stands on the next that
    /// is not done. An offset below it is done already.
    /// </summary>
    public AckMap With(long offset)
    {
        var runs = new List<OffsetRange>();
        foreach (var run in done.Append(new(offset, offset)).Where(run => run.Last >= Committed).OrderBy(run => run.First))
        {
            if (runs.Count > 0 && run.First <= runs[^1].Last + 1)
            {
                runs[^1] = new(runs[^1].First, Math.Max(runs[^1].Last, run.Last));
            }
            else
            {
                runs.Add(run);
            }
        }

        var committed = Committed;
        if (runs.Count > 0 && runs[0].First <= committed)
        {
            committed = runs[0].Last + 1;
            runs.RemoveAt(0);
        }

        return new AckMap(committed, runs, attempts.FindAll(open => open.Offset >= committed && open.Offset != offset));
    }

    /// <summary>Collects a map in the order of the offsets.</summary>
    public sealed class Builder(long committed)
    {
        private readonly List<OffsetRange> done = [];
        private readonly List<OffsetAttempts> attempts = [];

        /// <summary>Adds a done record; <paramref name="continues"/> says that the record received before it is done too.</summary>
        public void Done(long offset, bool continues)
        {
            if (continues && done.Count > 0)
            {
                done[^1] = new(done[^1].First, offset);
            }
            else
            {
                done.Add(new(offset, offset));
            }
        }

        /// <summary>Adds an open record that has attempts behind it; more than <see cref="MaxAttempts"/> are left out.</summary>
        public void Attempted(long offset, int count, int interruptions = 0)
        {
            if (attempts.Count < MaxAttempts)
            {
                attempts.Add(new(offset, count, interruptions));
            }
        }

        /// <summary>Adds what another map tells of the offsets above one; after everything else.</summary>
        public void CarryOver(AckMap from, long above)
        {
            done.AddRange(from.done.Where(run => run.Last > above).Select(run => run with { First = Math.Max(run.First, above + 1) }));
            foreach (var (offset, count, interruptions) in from.attempts.Where(attempt => attempt.Offset > above))
            {
                Attempted(offset, count, interruptions);
            }
        }

        /// <summary>The map.</summary>
        public AckMap Build() => new(committed, done, attempts);
    }
}

/// <summary>Offsets from first to last, both included.</summary>
public readonly record struct OffsetRange(long First, long Last)
{
    internal static readonly Comparer<OffsetRange> ByFirst = Comparer<OffsetRange>.Create((a, b) => a.First.CompareTo(b.First));
}

/// <summary>Attempts behind the record at an offset, and interruptions (alone in flight, the connection lost): 0 to 255.</summary>
public readonly record struct OffsetAttempts(long Offset, int Attempts, int Interruptions = 0)
{
    internal static readonly Comparer<OffsetAttempts> ByOffset = Comparer<OffsetAttempts>.Create((a, b) => a.Offset.CompareTo(b.Offset));
}
