using CsCheck;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Tests.Tracking;

/// <summary>
/// The ledger against a model that is slow and obvious: sets of offsets. Random records with holes, completed in random
/// order, with crashes in between, after which a new ledger starts from what was committed.
/// </summary>
public sealed class PartitionTrackerModelTests
{
    private static readonly Gen<(int Seed, int Records, int CrashEvery, int Spread)> Schedules =
        Gen.Select(Gen.Int, Gen.Int[1, 400], Gen.Int[5, 200], Gen.Int[1, 60]);

    [Test]
    public void Agrees_with_sets_of_offsets_through_crashes() =>
        Schedules.Sample(schedule => new Model(schedule.Seed, schedule.Records, schedule.Spread).Run(schedule.CrashEvery), iter: 400);

    [Test]
    public void The_bound_of_the_map_is_never_below_what_it_takes() => Schedules.Sample(
        schedule =>
        {
            var random = new Random(schedule.Seed);
            var tracker = new PartitionTracker(0, AckMap.Empty(0));
            var open = new List<long>();
            var offset = 0L;
            for (var i = 0; i < schedule.Records; i++)
            {
                offset += 1 + random.Next(schedule.Spread * 50);
                open.Add(tracker.Begin(offset, -1, 0).Ticket);
            }

            foreach (var ticket in open.Where(_ => random.Next(2) == 0))
            {
                tracker.Attempted(ticket, 1 + random.Next(9));
                tracker.Complete(ticket);
            }

            var text = AckMapCodec.Encode(tracker.Map(), 1 + random.Next(100));
            var bytes = (text.Length - 4) * 3 / 4;
            Assert.That(tracker.Map().IsEmpty || bytes <= tracker.MapBytesBound, Is.True,
                $"{bytes} bytes, the bound says {tracker.MapBytesBound}");
        },
        iter: 300);

    private sealed class Model(int seed, int records, int spread)
    {
        private readonly Random random = new(seed);
        private readonly List<long> log = [];
        private readonly HashSet<long> done = [];
        private readonly Dictionary<long, int> delivered = [];

        public void Run(int crashEvery)
        {
            for (var offset = 0L; log.Count < records;)
            {
                offset += 1 + (random.Next(4) == 0 ? random.Next(spread) : 0);
                log.Add(offset);
            }

            var (committed, metadata) = (log[0], "");
            while (done.Count < log.Count)
            {
                (committed, metadata) = Own(committed, metadata, crashEvery);
            }

            Assert.That(delivered.Values, Is.All.EqualTo(1), "with a commit at every crash nothing is delivered twice");
        }

        /// <summary>One owner of the partition, from its assignment to its crash; returns what it had committed.</summary>
        private (long Committed, string Metadata) Own(long committed, string metadata, int steps)
        {
            var known = AckMapCodec.TryDecode(metadata, committed, out var map, out _) ? map : AckMap.Empty(committed);
            var tracker = new PartitionTracker(committed, known);
            var open = new List<(long Offset, long Ticket)>();
            var next = log.FindIndex(offset => offset >= committed);
            next = next < 0 ? log.Count : next;
            for (var step = 0; step < steps; step++)
            {
                if (next < log.Count && random.Next(2) == 0)
                {
                    var begun = tracker.Begin(log[next], -1, 0);
                    Assert.That(begun.Ticket == Beginning.Done, Is.EqualTo(done.Contains(log[next])), "known to be done");
                    if (begun.Ticket >= 0)
                    {
                        open.Add((log[next], begun.Ticket));
                    }

                    next++;
                }
                else if (open.Count > 0)
                {
                    var index = random.Next(open.Count);
                    tracker.Complete(open[index].Ticket);
                    done.Add(open[index].Offset);
                    delivered[open[index].Offset] = delivered.GetValueOrDefault(open[index].Offset) + 1;
                    open.RemoveAt(index);
                }

                Check(tracker, open, next, committed);
            }

            return (tracker.Committable, AckMapCodec.Encode(tracker.Map(), 3));
        }

        private void Check(PartitionTracker tracker, List<(long Offset, long Ticket)> open, int next, long start)
        {
            // The obvious way: the lowest record that was begun and is not done; with none, the end of what was begun.
            var begun = log.Take(next).Where(offset => offset >= start).ToList();
            var lowest = open.Count > 0 ? open.Min(o => o.Offset) : begun.Count > 0 ? begun[^1] + 1 : start;
            Assert.That(tracker.Committable, Is.EqualTo(lowest));
            Assert.That(tracker.Open, Is.EqualTo(open.Count));
            Assert.That(log.Where(offset => offset < tracker.Committable), Is.SubsetOf(done), "nothing undone is behind the mark");
            var map = tracker.Map();
            Assert.That(
                begun.Where(offset => offset > tracker.Committable).Where(map.IsDone),
                Is.EqualTo(begun.Where(offset => offset > tracker.Committable).Where(done.Contains)));
        }
    }
}
