using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Tests.Tracking;

/// <summary>Passing over one offset by hand, against plain sets.</summary>
public sealed class AckMapWithTests
{
    [Test]
    public void One_more_offset_is_done_and_nothing_else_changes()
    {
        for (var seed = 1; seed <= 500; seed++)
        {
            var random = new Random(seed);
            const int committed = 100;
            var done = Enumerable.Range(committed + 1, 40).Where(_ => random.Next(2) == 0).Select(offset => (long)offset).ToHashSet();
            var builder = new AckMap.Builder(committed);
            foreach (var offset in done.Order())
            {
                builder.Done(offset, continues: done.Contains(offset - 1));
            }

            builder.Attempted(committed, 3);
            var skipped = committed + random.Next(42);

            var map = builder.Build().With(skipped);

            done.Add(skipped);
            for (var offset = (long)committed - 2; offset < committed + 60; offset++)
            {
                var isDone = offset < map.Committed || map.IsDone(offset);
                Assert.That(isDone, Is.EqualTo(offset < committed || done.Contains(offset)), $"seed {seed}, offset {offset}");
            }

            Assert.That(map.IsDone(map.Committed), Is.False, $"seed {seed}: it stands on what is not done");
            Assert.That(map.AttemptsOf(committed), Is.EqualTo(skipped == committed ? 0 : 3), $"seed {seed}");
        }
    }

    [Test]
    public void An_offset_below_is_done_already() =>
        Assert.That(AckMap.Empty(100).With(99), Has.Property(nameof(AckMap.Committed)).EqualTo(100));
}
