using NUnit.Framework.Internal;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Tests.Tracking;

internal sealed class ParkedKeysTests
{
    /// <summary>Schedules; a failing one prints its seed, and runs again with it alone.</summary>
    private const int Seeds = 400;
    private const int Steps = 600;
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Test]
    public void Every_event_ends_and_none_before_an_earlier_one_of_its_key_whoever_owns_it()
    {
        var behind = 0;
        for (var seed = 1; seed <= Seeds; seed++)
        {
            behind += Ran(seed, Plant.None, ownersGo: true).WentBehind;
        }

        Assert.That(behind, Is.GreaterThan(Seeds), "what is to be seen has been seen");
    }

    [Test]
    public void While_its_owner_stays_every_event_ends_once()
    {
        for (var seed = 1; seed <= Seeds; seed++)
        {
            Assert.That(Ran(seed, Plant.None, ownersGo: false).Ends, Is.EqualTo(60), $"seed {seed}");
        }
    }

    [Test]
    public void The_simulation_finds_what_an_owner_does_wrong(
        [Values(
            Plant.DoesNotLookIntoTheRetryTopics, Plant.IsDoneBeforeTheCopyIsWritten, Plant.DeliversARetryWithoutAsking,
            Plant.DeliversTheSourceWithoutAsking, Plant.TakesEveryCopyForTheOne)] Plant plant)
    {
        var found = 0;
        string? first = null;
        for (var seed = 1; seed <= 200; seed++)
        {
            using (new TestExecutionContext.IsolatedContext())
            {
                try
                {
                    new RetrySimulation(seed, plant, ownersGo: true).Run(Steps);
                }
                catch (AssertionException error)
                {
                    found++;
                    first ??= $"seed {seed}: {error.Message.Trim()}";
                }
            }
        }

        TestContext.Out.WriteLine($"{plant}: found by {found} of 200 schedules; {first}");
        Assert.That(found, Is.GreaterThan(0));
    }

    [Test]
    public void A_key_is_its_bytes_and_an_empty_one_is_a_key()
    {
        var parked = new ParkedKeys();
        parked.Moved([], 1, new RetryPlace(Minute, 0));

        Assert.That(parked.OfSource([], 2).Turn, Is.EqualTo(Turn.Behind));
        Assert.That(parked.OfSource([0], 2).Turn, Is.EqualTo(Turn.Deliver));
    }

    [Test]
    public void Of_two_copies_that_a_crash_left_the_later_one_counts_in_whatever_order_they_are_found()
    {
        RetryPlace[] places = [new(Minute, 7), new(10 * Minute, 2)];
        foreach (var order in new[] { places, [.. places.Reverse()] })
        {
            var parked = new ParkedKeys();
            foreach (var place in order)
            {
                parked.Found("k"u8, 5, place);
            }

            Assert.That(parked.Events, Is.EqualTo(1));
            Assert.That(parked.OfRetry("k"u8, 5, places[0]).Turn, Is.EqualTo(Turn.Elsewhere));
            Assert.That(parked.OfRetry("k"u8, 5, places[1]).Turn, Is.EqualTo(Turn.Deliver));
            Assert.That(parked.OfSource("k"u8, 5).Turn, Is.EqualTo(Turn.Elsewhere), "it waits already");
        }
    }

    private static RetrySimulation Ran(int seed, Plant plant, bool ownersGo)
    {
        try
        {
            var simulation = new RetrySimulation(seed, plant, ownersGo);
            simulation.Run(Steps);
            return simulation;
        }
        catch (Exception error)
        {
            throw new InvalidOperationException($"seed {seed}: {error.Message}", error);
        }
    }
}
