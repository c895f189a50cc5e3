using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Tests.Tracking;

/// <summary>The ledger's specification as a table: what was begun, what is done, what may be committed.</summary>
public sealed class PartitionTrackerTests
{
    // begun offsets | done offsets, in this order | committable | done above it
    [TestCase("", "", 100, "")]
    [TestCase("100", "", 100, "")]
    [TestCase("100", "100", 101, "")]
    [TestCase("100 101 102", "100", 101, "")]
    [TestCase("100 101 102", "101", 100, "101-101")]
    [TestCase("100 101 102", "102 101", 100, "101-102")]
    [TestCase("100 101 102", "102 100", 101, "102-102")]
    [TestCase("100 101 102", "102 101 100", 103, "")]
    [TestCase("100 105 109", "100", 105, "")]
    [TestCase("100 105 109", "105", 100, "105-105")]
    [TestCase("100 105 109", "105 109", 100, "105-109")]
    [TestCase("100 105 109", "100 105 109", 110, "")]
    [TestCase("100 101 102 103 104", "101 103", 100, "101-101 103-103")]
    [TestCase("100 101 102 103 104", "101 103 102", 100, "101-103")]
    [TestCase("100 101 102 103 104", "101 103 100", 102, "103-103")]
    [TestCase("103", "", 103, "")]
    public void Commits_the_lowest_record_that_is_not_done(string begun, string done, long committable, string above)
    {
        var tracker = new PartitionTracker(100, AckMap.Empty(100));
        var tickets = Offsets(begun).ToDictionary(offset => offset, offset => tracker.Begin(offset, -1, 0).Ticket);
        foreach (var offset in Offsets(done))
        {
            tracker.Complete(tickets[offset]);
        }

        Assert.Multiple(() =>
        {
            Assert.That(tracker.Committable, Is.EqualTo(committable));
            Assert.That(string.Join(' ', tracker.Map().Done.Select(run => $"{run.First}-{run.Last}")), Is.EqualTo(above));
        });
    }

    [Test]
    public void A_record_that_an_earlier_owner_had_done_is_not_delivered_again()
    {
        var tracker = new PartitionTracker(100, Map(100, 101, 103));
        var begun = Enumerable.Range(100, 5).Select(offset => tracker.Begin(offset, -1, 0).Ticket).ToList();

        Assert.Multiple(() =>
        {
            Assert.That(begun.Select(ticket => ticket == Beginning.Done), Is.EqualTo(new[] { false, true, false, true, false }));
            Assert.That(tracker.Open, Is.EqualTo(3));
            Assert.That(tracker.Committable, Is.EqualTo(100));
        });
        tracker.Complete(begun[0]);
        Assert.That(tracker.Committable, Is.EqualTo(102), "the low-water mark passes what was done before");
    }

    [Test]
    public void What_was_done_before_moves_the_mark_even_when_nothing_is_open()
    {
        var tracker = new PartitionTracker(100, Map(100, 100, 101));
        tracker.Begin(100, 7, 0);
        tracker.Begin(101, 7, 0);

        Assert.That((tracker.Committable, tracker.Open, tracker.LeaderEpoch), Is.EqualTo((102, 0, 7)));
    }

    [Test]
    public void A_record_that_comes_twice_in_one_assignment_is_begun_once()
    {
        var tracker = new PartitionTracker(100, AckMap.Empty(100));
        tracker.Begin(100, -1, 0);
        tracker.Begin(101, -1, 0);

        Assert.That(tracker.Begin(100, -1, 0).Ticket, Is.EqualTo(Beginning.Repeated));
        Assert.That(tracker.Open, Is.EqualTo(2));
    }

    [Test]
    public void A_ticket_is_completed_once()
    {
        var tracker = new PartitionTracker(100, AckMap.Empty(100));
        tracker.Begin(100, -1, 0);
        var second = tracker.Begin(101, -1, 0).Ticket;
        tracker.Complete(second);

        Assert.That(() => tracker.Complete(second), Throws.InvalidOperationException);
        Assert.That(() => tracker.Complete(17), Throws.InvalidOperationException);
    }

    [Test]
    public void Attempts_travel_with_the_map_and_come_back()
    {
        var tracker = new PartitionTracker(100, AckMap.Empty(100));
        tracker.Begin(100, -1, 0);
        var second = tracker.Begin(101, -1, 0).Ticket;
        tracker.Attempted(second, 5);

        var next = new PartitionTracker(100, tracker.Map());
        Assert.That(next.Begin(100, -1, 0).Attempts, Is.Zero);
        Assert.That(next.Begin(101, -1, 0).Attempts, Is.EqualTo(5));
    }

    [Test]
    public void A_second_crash_before_the_done_records_are_reached_forgets_none_of_them()
    {
        var second = new PartitionTracker(100, Map(100, 150));
        second.Begin(100, -1, 0);

        var third = new PartitionTracker(second.Committable, second.Map());
        third.Begin(100, -1, 0);
        Assert.That(third.Begin(150, -1, 0).Ticket, Is.EqualTo(Beginning.Done));
    }

    [Test]
    public void The_epoch_is_that_of_the_last_record_behind_the_mark()
    {
        var tracker = new PartitionTracker(100, AckMap.Empty(100));
        var first = tracker.Begin(100, 3, 0).Ticket;
        var second = tracker.Begin(101, 4, 0).Ticket;
        tracker.Complete(second);
        Assert.That(tracker.LeaderEpoch, Is.EqualTo(-1));
        tracker.Complete(first);
        Assert.That(tracker.LeaderEpoch, Is.EqualTo(4));
    }

    private static IEnumerable<long> Offsets(string text) =>
        text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(long.Parse);

    private static AckMap Map(long committed, params long[] done)
    {
        var map = new AckMap.Builder(committed);
        foreach (var offset in done)
        {
            map.Done(offset, continues: false);
        }

        return map.Build();
    }
}
