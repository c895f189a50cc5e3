using CsCheck;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Lanes;
using Sidecar.OutboxRelay.Wal;

namespace Sidecar.OutboxRelay.Tests.Wal;

public sealed class WalFeedTests
{
    private readonly WalBuffer buffer = new(1_000_000);

    [Test]
    public void Progress_waits_until_all_rows_before_the_marker_are_settled()
    {
        var feed = new WalFeed(Snapshot.Parse("10:10:"));
        Put(Row(10, 1), Row(11, 2), Marker("12:12:"));
        feed.MarkerAsked();
        Assert.That(feed.Take(buffer, 10, 1000).Select(row => row.Id), Is.EqualTo(new[] { 1L, 2L }));

        feed.Settle(2);
        Assert.That(feed.Advance(buffer), Is.Null);
        feed.Settle(1);
        var progress = feed.Advance(buffer);
        Assert.That(progress!.Done.ToString(), Is.EqualTo("12:12:"));
        Assert.That(progress.Rows.Sum(rows => rows.Sum.Rows), Is.EqualTo(2));
    }

    [Test]
    public void A_row_that_the_marker_does_not_see_counts_with_the_next_marker()
    {
        var feed = new WalFeed(Snapshot.Parse("10:10:"));
        Put(Row(10, 1), Row(11, 2), Marker("11:12:11"));
        feed.MarkerAsked();
        Settle(feed);
        Assert.That(feed.Advance(buffer)!.Rows.Single().Sum, Is.EqualTo(new LedgerSum(1, 1)));
        Assert.That(feed.NeedsMarker, "row 2 is settled and in no progress");

        feed.MarkerAsked();
        Put(Marker("12:12:"));
        Assert.That(feed.Advance(buffer)!.Rows.Single().Sum, Is.EqualTo(new LedgerSum(1, 2)));
        Assert.That(feed.NeedsMarker, Is.False);
    }

    [Test]
    public void Rows_that_the_table_had_are_passed_over()
    {
        var feed = new WalFeed(Snapshot.Parse("10:12:11"));
        Put(Row(9, 1), Row(10, 2), Row(11, 3), Row(12, 4));
        Assert.That(feed.Take(buffer, 10, 1000).Select(row => row.Id), Is.EqualTo(new[] { 3L, 4L }));
    }

    [Test]
    public void What_is_put_back_is_handed_out_again_before_what_comes_after_it()
    {
        var feed = new WalFeed(Snapshot.None);
        Put(Row(5, 1), Row(6, 2), Row(7, 3));
        Assert.That(feed.Take(buffer, 1, 1000).Single().Id, Is.EqualTo(1));
        Assert.That(feed.Take(buffer, 1, 1000).Single().Id, Is.EqualTo(2));
        feed.PutBack();
        Assert.That(feed.IsHandedOut, "row 1 is");
        feed.Settle(1);
        Assert.That((feed.IsHandedOut, feed.UnderWay), Is.EqualTo((false, 1)));
        Assert.That(feed.Take(buffer, 10, 1000).Select(row => row.Id), Is.EqualTo(new[] { 2L, 3L }));
        feed.Rewind();
        Assert.That((feed.IsHandedOut, feed.UnderWay), Is.EqualTo((false, 2)));
    }

    [Test]
    public void A_rewind_hands_out_what_is_not_settled_in_the_same_order()
    {
        var feed = new WalFeed(Snapshot.None);
        Put(Row(5, 7), Row(6, 3), Row(7, 5));
        feed.Take(buffer, 10, 1000);
        feed.Settle(3);
        feed.Rewind();
        Assert.That(feed.Take(buffer, 10, 1000).Select(row => row.Id), Is.EqualTo(new[] { 7L, 5L }));
    }

    [Test]
    public void An_idle_stream_asks_for_no_marker()
    {
        var feed = new WalFeed(Snapshot.None);
        Put(Row(5, 1));
        Settle(feed);
        feed.MarkerAsked();
        Put(Marker("6:6:"));
        feed.Advance(buffer);
        Assert.That((feed.NeedsMarker, feed.AwaitsMarker), Is.EqualTo((false, false)));
    }

    [Test]
    public void A_hundred_thousand_rows_of_one_transaction_are_few_numbers_once_they_are_settled()
    {
        var feed = new WalFeed(Snapshot.None);
        for (var id = 1L; id <= 100_000; id++)
        {
            Put(Row(5, id));
            foreach (var row in feed.Take(buffer, 500, 1000))
            {
                feed.Settle(row.Id);
            }

            feed.Advance(buffer);
        }

        Assert.That(feed.UnderWay, Is.Zero);
        feed.MarkerAsked();
        Put(Marker("6:6:"));
        Assert.That(feed.Advance(buffer)!.Rows.Sum(rows => rows.Sum.Rows), Is.EqualTo(100_000));
    }

    /// <summary>
    /// A server whose transactions are in the log some time before they can be seen, a table that is read by snapshots, and a
    /// line that settles in any order: no row is missing from the progress that claims it, and each is counted once.
    /// </summary>
    [Test]
    public void Whatever_the_schedule_progress_claims_only_what_is_settled_and_counts_it_once() =>
        Gen.UInt.Sample(
            seed =>
            {
                var random = new Random((int)seed);
                var server = new LogModel(random);
                var settled = new HashSet<long>();
                var counted = new LedgerSum();
                server.Run(random.Next(40));
                var start = server.Look();
                server.SlotAt(start);
                settled.UnionWith(server.VisibleIn(start));
                var feed = new WalFeed(start);
                var box = new WalBuffer(1_000_000);
                var under = new List<long>();
                for (var step = 0; step < 200; step++)
                {
                    server.Run(random.Next(3));
                    server.Deliver(box, random.Next(4));
                    under.AddRange(feed.Take(box, random.Next(1, 5), 1000).Select(row => row.Id));
                    if (random.Next(20) == 0)
                    {
                        feed.Rewind();
                        under.Clear();
                    }

                    if (under.Count > 0 && random.Next(2) == 0)
                    {
                        var id = under[random.Next(under.Count)];
                        under.Remove(id);
                        settled.Add(id);
                        feed.Settle(id);
                    }

                    if (feed.NeedsMarker && random.Next(3) == 0)
                    {
                        feed.MarkerAsked();
                        server.Mark();
                    }

                    if (feed.Advance(box) is { } progress)
                    {
                        counted = progress.Rows.Aggregate(counted, (sum, rows) => sum.With(rows.Sum));
                        var visible = server.VisibleIn(progress.Done);
                        Assert.That(visible.IsSubsetOf(settled), "progress covers a row that is not settled");
                        visible.ExceptWith(server.VisibleIn(start));
                        Assert.That(counted, Is.EqualTo(visible.Aggregate(new LedgerSum(), (sum, id) => sum.With(id))));
                    }
                }
            },
            iter: 2000);

    private void Settle(WalFeed feed)
    {
        foreach (var row in feed.Take(buffer, 10, 1000))
        {
            feed.Settle(row.Id);
        }
    }

    private void Put(params WalItem[] items)
    {
        foreach (var item in items)
        {
            _ = buffer.PutAsync(item);
        }
    }

    internal static WalItem Row(ulong xid, long id) => new(
        new WalRow(xid, 0, new OutboxRow { Id = id, Bucket = (int)(id % 4), Topic = "t", CreatedMs = 0, StoredBytes = 1 }), null);

    internal static WalItem Marker(string snapshot) => new(null, Snapshot.Parse(snapshot));
}
