using System.Text;
using CsCheck;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Tests.Tracking;

public sealed class AckMapCodecTests
{
    [Test]
    public void A_map_reads_back_as_it_was_written() => Gen.Select(Gen.Int, Gen.Int[0, 300], Gen.Long[0, 1L << 60]).Sample(
        (seed, runs, committed) =>
        {
            var random = new Random(seed);
            var map = Random(random, runs, committed);
            var text = AckMapCodec.Encode(map, runs);
            Assert.That(text, Has.Length.LessThanOrEqualTo(AckMapCodec.MaxChars));
            Assert.That(AckMapCodec.TryDecode(text, committed, out var read, out var startPartitions), Is.True);
            Assert.That(startPartitions, Is.EqualTo(runs));
            if (!read.IsEmpty)
            {
                Assert.That(read.Done, Is.EqualTo(map.Done));
                Assert.That(read.Attempts, Is.EqualTo(map.Attempts));
            }
        },
        iter: 500);

    [Test]
    public void A_dense_window_of_the_largest_kind_fits_whatever_is_done_in_it()
    {
        var map = new AckMap.Builder(0);
        for (var offset = 1; offset < 16_000; offset += 2)
        {
            map.Done(offset, continues: false);
        }

        var text = AckMapCodec.Encode(map.Build(), 0);
        AckMapCodec.TryDecode(text, 0, out var read, out _);
        Assert.That((text.Length <= AckMapCodec.MaxChars, read.Done.Count), Is.EqualTo((true, 8000)));
    }

    [Test]
    public void A_map_that_does_not_fit_is_left_out()
    {
        var map = new AckMap.Builder(0);
        for (var i = 1; i < 4000; i++)
        {
            map.Done(i * 1000L, continues: false);
        }

        Assert.That(AckMapCodec.TryDecode(AckMapCodec.Encode(map.Build(), 6), 0, out var read, out var started), Is.True);
        Assert.That((read.IsEmpty, started), Is.EqualTo((true, 6)));
    }

    [TestCase("")]
    [TestCase("something of another tool")]
    [TestCase("sc3.AAAA")]
    [TestCase("sc1.")]
    [TestCase("sc1.!!!!")]
    [TestCase("sc1.AAAF")]
    [TestCase("sc1._________w")]
    public void Foreign_newer_and_damaged_metadata_is_refused(string metadata) =>
        Assert.That(AckMapCodec.TryDecode(metadata, 5, out _, out _), Is.False);

    [Test]
    public void Any_damage_is_refused_or_read_as_a_map_and_never_more() => Gen.Select(Gen.Int, Gen.Int[0, 60]).Sample(
        (seed, runs) =>
        {
            var random = new Random(seed);
            var text = new StringBuilder(AckMapCodec.Encode(Random(random, runs, 1000), 4));
            for (var i = random.Next(4); i >= 0; i--)
            {
                text[random.Next(text.Length)] = (char)random.Next(32, 127);
            }

            if (AckMapCodec.TryDecode(text.ToString(), 1000, out var read, out _))
            {
                Assert.That(read.Done.All(run => run.First <= run.Last && run.First >= 1000), Is.True);
                Assert.That(read.Done.Zip(read.Done.Skip(1)).All(pair => pair.First.Last < pair.Second.First), Is.True);
            }
        },
        iter: 4000);

    private static AckMap Random(Random random, int runs, long committed)
    {
        var map = new AckMap.Builder(committed);
        var offset = committed;
        for (var i = 0; i < runs; i++)
        {
            offset += 1 + random.Next(random.Next(10) == 0 ? 100_000 : 4);
            if (random.Next(10) == 0)
            {
                map.Attempted(offset, 1 + random.Next(200));
                offset++;
            }

            map.Done(offset, continues: false);
            for (var more = random.Next(5); more > 0; more--)
            {
                map.Done(++offset, continues: true);
            }

            offset++;
        }

        return map.Build();
    }
}
