using Sidecar.OutboxRelay.Lanes;

namespace Sidecar.OutboxRelay.Tests.Lanes;

[TestFixture, FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class LaneBookTests
{
    private static readonly Snapshot First = Snapshot.Parse("10:10:");
    private static readonly Snapshot Second = Snapshot.Parse("20:20:");
    private static readonly Snapshot Third = Snapshot.Parse("30:30:");

    private readonly LaneBook book = new(chunksUnderWay: 2);

    [Test]
    public void Lanes_with_equal_progress_are_read_together_from_a_snapshot_of_the_reads_own()
    {
        Claim(0, 1, 2);
        var plan = book.NextRead()!;
        Assert.That(plan.Buckets, Is.EqualTo((int[])[0, 1, 2]));
        Assert.That((plan.Window, plan.Done, plan.After), Is.EqualTo(((Snapshot?)null, Snapshot.None, 0L)));
    }

    [Test]
    public void A_window_that_is_not_read_to_its_end_goes_on_after_the_last_row()
    {
        Claim(0);
        Take(First, complete: false, 3, 5);
        var plan = book.NextRead()!;
        Assert.That((plan.Window, plan.Done, plan.After), Is.EqualTo((First, Snapshot.None, 5L)));
    }

    [Test]
    public void A_window_ends_at_its_own_snapshot_however_late_its_rest_is_read()
    {
        Claim(0);
        Take(First, complete: false, 3, 5);
        Assert.That(book.TryTake(book.NextRead()!, Third, [new LaneRow(7, 0, 0)], complete: true, out _), Is.True);
        book.Settle([3, 5, 7]);
        var plan = book.NextRead()!;
        Assert.That((plan.Window, plan.Done), Is.EqualTo(((Snapshot?)null, First)), "what came after the first snapshot is to be read");
    }

    [Test]
    public void What_is_settled_without_a_gap_is_written_with_its_ledger()
    {
        Claim(0, 1);
        Take(First, complete: true, 2, 4, 7);
        book.Settle([2, 7]);
        var write = book.TakeCheckpoint(all: false)!.Writes.Single();
        Assert.That(write.Progress, Is.EqualTo(LaneProgress.Start.Within(First, 0, 2)));
        Assert.That(write.Ledger, Is.EqualTo((LedgerEntry[])[new(0, new LedgerSum(1, 2))]));

        book.Settle([4]);
        var checkpoint = book.TakeCheckpoint(all: false)!;
        book.Written(checkpoint, fenced: []);
        write = checkpoint.Writes.Single();
        Assert.That(write.Progress, Is.EqualTo(LaneProgress.Closed(First, 0)));
        Assert.That(write.Ledger, Is.EqualTo((LedgerEntry[])[new(0, new LedgerSum(2, 11))]));
        Assert.That(book.TakeCheckpoint(all: false), Is.Null);
        Assert.That(book.TakeCheckpoint(all: true)!.Writes, Has.Count.EqualTo(1), "lane 1 is behind in the database");
    }

    [Test]
    public void A_floor_that_rises_without_a_row_is_to_be_written_once()
    {
        Claim(0, 1);
        book.Note(lastId: 5, nextXid: 10);
        Take(First, complete: true);
        Assert.That(book.HasRisen, Is.True, "ids up to 5 were rolled back");
        var checkpoint = book.TakeCheckpoint(all: true)!;
        book.Written(checkpoint, fenced: []);
        Assert.That(checkpoint.Writes.Select(write => write.Progress), Is.All.EqualTo(LaneProgress.Closed(First, 5)));
        book.Note(lastId: 5, nextXid: 20);
        Take(Second, complete: true);
        Assert.That(book.HasRisen, Is.False, "no ids were given out since");
    }

    [Test]
    public void No_more_is_read_than_may_be_under_way()
    {
        Claim(0);
        Take(First, complete: false, 1);
        var second = Take(First, complete: true, 2)!;
        Assert.That(book.NextRead(), Is.Null);
        book.Settle(second);
        Assert.That(book.NextRead(), Is.Null, "the first is still in the way");
        book.Settle([1]);
        Assert.That(book.NextRead(), Is.Not.Null);
    }

    [Test]
    public void A_lane_that_was_claimed_later_catches_up_and_is_read_with_the_others()
    {
        Claim(0);
        Take(First, complete: true);
        Claim(1);
        Assert.That(book.HasMore);
        Take(Second, complete: true);
        var plan = book.NextRead()!;
        Assert.That((plan.Buckets.Single(), plan.Window), Is.EqualTo((1, Second)), "it reads up to the newest");
        Take(Second, complete: true);
        Assert.That(book.NextRead()!.Buckets, Has.Count.EqualTo(2));
        Assert.That(book.HasMore, Is.False);
    }

    [Test]
    public void A_lane_that_is_further_than_our_newest_snapshot_is_not_read_with_it()
    {
        Claim(0);
        Take(First, complete: true);
        book.Claim(1, epoch: 1, LaneProgress.Closed(Second, 0));
        Take(Third, complete: true);
        var plan = book.NextRead()!;
        Assert.That((plan.Buckets.Single(), plan.Window), Is.EqualTo((1, Third)));
    }

    [Test]
    public void A_snapshot_that_does_not_see_what_is_settled_is_refused()
    {
        book.Claim(0, epoch: 1, LaneProgress.Closed(Second, 0));
        Assert.That(book.TryTake(book.NextRead()!, First, [], complete: true, out _), Is.False);
    }

    [Test]
    public void After_a_rewind_rows_that_were_settled_out_of_turn_are_not_sent_again()
    {
        Claim(0);
        Take(First, complete: true, 1, 2, 3);
        book.Settle([1, 3]);
        book.Rewind();
        var plan = book.NextRead()!;
        Assert.That((plan.Window, plan.After), Is.EqualTo((First, 1L)));
        var again = Take(First, complete: true, 2, 3)!;
        Assert.That((again.Has(0), again.Has(1)), Is.EqualTo((false, true)));
        book.Settle([2]);
        Assert.That(book.TakeCheckpoint(all: false)!.Writes.Single().Ledger.Single().Sum, Is.EqualTo(new LedgerSum(3, 6)));
    }

    [Test]
    public void A_lane_is_given_back_when_what_was_read_of_it_is_settled()
    {
        Claim(0, 1);
        Take(First, complete: true, 1);
        book.Drain(1);
        Assert.That(book.HasReleasable, Is.False);
        Assert.That(book.NextRead()!.Buckets, Is.EqualTo((int[])[0]));
        book.Settle([1]);
        var checkpoint = book.TakeCheckpoint(all: false)!;
        Assert.That(checkpoint.Writes.Select(write => (write.Bucket, write.Release)), Is.EqualTo(((int, bool)[])[(0, false), (1, true)]));
        book.Written(checkpoint, fenced: []);
        Assert.That(book.EpochOf(1), Is.Null);
    }

    [Test]
    public void A_lane_that_was_lost_no_longer_counts()
    {
        Claim(0);
        Take(First, complete: true, 1);
        book.Lose(0);
        book.Claim(0, epoch: 3, LaneProgress.Start);
        book.Settle([1]);
        Assert.That(book.TakeCheckpoint(all: true), Is.Null);
        Assert.That(book.NextRead()!.Window, Is.EqualTo(First));
    }

    [Test]
    public void A_row_that_is_under_way_twice_is_settled_twice()
    {
        // Found by the simulation: both acknowledgements went to the chunk of the lane that was lost, and the other stood.
        Claim(0);
        Take(First, complete: true, 1);
        book.Lose(0);
        book.Claim(0, epoch: 3, LaneProgress.Start);
        Take(First, complete: true, 1);
        book.Settle([1]);
        Assert.That(book.UnderWay, Is.EqualTo(1));
        book.Settle([1]);
        Assert.That(book.UnderWay, Is.Zero);
        Assert.That(book.TakeCheckpoint(all: false)!.Writes.Single().Ledger.Single().Sum, Is.EqualTo(new LedgerSum(1, 1)));
    }

    [Test]
    public void Rows_of_a_lane_that_was_lost_do_not_wait_to_be_written()
    {
        Claim(0);
        Take(First, complete: true, 1);
        book.Lose(0);
        book.Settle([1]);
        Assert.That(book.UnwrittenRows, Is.Zero);
    }

    [Test]
    public void A_checkpoint_that_was_rolled_back_is_made_again()
    {
        Claim(0);
        Take(First, complete: true, 1);
        book.Settle([1]);
        var checkpoint = book.TakeCheckpoint(all: false)!;
        book.NotWritten(checkpoint);
        Assert.That(book.UnwrittenRows, Is.EqualTo(1));
        Assert.That(book.TakeCheckpoint(all: false)!.Writes.Single().Ledger, Is.EqualTo(checkpoint.Writes.Single().Ledger));
    }

    [Test]
    public void Empty_reads_while_a_chunk_is_under_way_take_no_room()
    {
        Claim(0);
        Take(First, complete: true, 1);
        for (var xid = 20; xid < 1000; xid++)
        {
            Take(Snapshot.Parse($"{xid}:{xid}:"), complete: true);
        }

        book.Settle([1]);
        Assert.That(book.TakeCheckpoint(all: false)!.Writes.Single().Progress.Done.Xmax, Is.EqualTo(999));
    }

    private void Claim(params int[] buckets)
    {
        foreach (var bucket in buckets)
        {
            book.Claim(bucket, epoch: 1, LaneProgress.Start);
        }
    }

    private Chunk? Take(Snapshot snapshot, bool complete, params long[] ids)
    {
        var plan = book.NextRead()!;
        var taken = book.TryTake(plan, snapshot, [.. ids.Select(id => new LaneRow(id, plan.Buckets[0], 0))], complete,
            out var chunk);
        Assert.That(taken);
        return chunk;
    }
}
