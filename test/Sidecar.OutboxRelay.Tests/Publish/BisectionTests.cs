using Confluent.Kafka;
using CsCheck;
using Sidecar.OutboxRelay.Publish;

namespace Sidecar.OutboxRelay.Tests.Publish;

[TestFixture]
internal sealed class BisectionTests
{
    [Test]
    public void Exactly_the_refused_rows_and_those_behind_them_are_held() =>
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, 5]).Array[1, 50].Sample(shape =>
        {
            var records = shape.Select((s, i) => Record(i + 1, s.Item1 == 0 ? null : $"k{s.Item1}")).ToList();
            HashSet<long> refused = [.. shape.Index().Where(s => s.Item.Item2 == 0).Select(s => s.Index + 1L)];
            if (refused.Count == 0)
            {
                refused.Add(1);
            }

            var sent = new List<long>();
            var found = Run(records, refused, sent);
            Assert.That(found.Complete, Is.True);
            var ended = found.Done.Concat(found.Held.Select(held => held.Id)).Order();
            Assert.That(ended, Is.EqualTo(records.Select(record => record.Row.Id)));
            Assert.That(sent, Is.EqualTo(found.Done), "sent once each, in order");
            foreach (var held in found.Held)
            {
                var key = records[(int)held.Id - 1].Row.Key;
                var first = records.First(r => refused.Contains(r.Row.Id) && key is not null &&
                    r.Row.Key is not null && r.Row.Key.AsSpan().SequenceEqual(key) || r.Row.Id == held.Id);
                Assert.That(first.Row.Id, Is.LessThanOrEqualTo(held.Id));
            }
        });

    [Test]
    public void A_batch_whose_parts_are_all_taken_holds_nothing()
    {
        var found = Run([Record(1, "a"), Record(2, "a")], [], []);
        Assert.That(found.Held, Is.Empty);
        Assert.That(found.Done, Is.EqualTo(new long[] { 1, 2 }));
    }

    [Test]
    public void A_search_that_must_stop_leaves_the_rest_as_it_was()
    {
        var found = Bisection.RunAsync(
            [Record(1, "a"), Record(2, "a")], _ => Task.FromResult(false)).GetAwaiter().GetResult();
        Assert.That(found.Complete, Is.False);
        Assert.That(found.Done.Count + found.Held.Count, Is.Zero);
    }

    private static BisectionResult Run(List<OutgoingRecord> records, HashSet<long> refused, List<long> sent) =>
        Bisection.RunAsync(records, part =>
        {
            var bad = part.Any(record => refused.Contains(record.Row.Id));
            foreach (var record in new Window(part, []).Records)
            {
                record.Report(new Error(bad ? ErrorCode.InvalidRecord : ErrorCode.NoError));
                if (!bad)
                {
                    sent.Add(record.Row.Id);
                }
            }

            return Task.FromResult(true);
        }).GetAwaiter().GetResult();

    private static OutgoingRecord Record(long id, string? key) =>
        new(WindowPlanTests.Row(id, key), new Message<byte[]?, byte[]?>());
}
