using NUnit.Framework.Internal;
using Sidecar.Agent.Dispatch;

namespace Sidecar.Agent.Tests.Dispatch;

public sealed class RetryLineTests
{
    private const int Seeds = 100;
    private const int Steps = 1500;
    private const int Events = 50;

    [Test]
    public void Every_event_ends_and_no_key_goes_back_whatever_happens([Values(Ordering.Key, Ordering.None)] Ordering ordering)
    {
        var (behind, letters, repeats, replays) = (0, 0, 0, 0);
        for (var seed = 1; seed <= Seeds; seed++)
        {
            var simulation = Ran(seed, RetryPlant.None, ordering);
            behind += simulation.WentBehind;
            letters += simulation.DeadLettered;
            replays += simulation.Replays;
            repeats += simulation.Ends - Events - simulation.Replays;
        }

        TestContext.Out.WriteLine(
            $"{Seeds} schedules: {behind} went behind, {letters} dead letters, {replays} replayed, {repeats} repeats after kills");
        Assert.That(behind > 0, Is.EqualTo(ordering == Ordering.Key));
        Assert.That(letters, Is.Positive, "what is to be seen has been seen");
        Assert.That(replays, Is.Positive);
        Assert.That(repeats, Is.Positive);
    }

    [Test]
    public void A_mistake_of_the_line_is_found(
        [Values(
            RetryPlant.DeliversBeforeItIsKnownWhatWaits, RetryPlant.IsDoneBeforeTheCopyIsWritten,
            RetryPlant.TakesAReplayForAStrayCopy)] RetryPlant plant)
    {
        for (var seed = 1; seed <= Seeds; seed++)
        {
            try
            {
                // An assertion that fails in here is what is looked for.
                using (new TestExecutionContext.IsolatedContext())
                {
                    Ran(seed, plant, Ordering.Key);
                }
            }
            catch (InvalidOperationException found)
            {
                TestContext.Out.WriteLine($"{plant} is found: {found.Message}");
                return;
            }
        }

        Assert.Fail($"{plant} is not found in {Seeds} schedules");
    }

    private static RetryLineSimulation Ran(int seed, RetryPlant plant, Ordering ordering)
    {
        try
        {
            var simulation = new RetryLineSimulation(seed, plant, ordering, Events);
            simulation.Run(Steps);
            return simulation;
        }
        catch (Exception error)
        {
            throw new InvalidOperationException($"seed {seed}, ordering {ordering}: {error.Message}", error);
        }
    }
}
