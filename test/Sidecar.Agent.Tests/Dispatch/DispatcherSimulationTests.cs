using Sidecar.Agent.Delivery;
using Sidecar.Agent.Dispatch;

namespace Sidecar.Agent.Tests.Dispatch;

public sealed class DispatcherSimulationTests
{
    /// <summary>Schedules for each order; a failing one prints its seed, and runs again with it alone.</summary>
    private const int Seeds = 150;

    private const int Steps = 400;

    [Test]
    public void Every_event_ends_once_and_in_order_whatever_happens([Values] Ordering ordering, [Values] OnExhausted end)
    {
        var letters = 0;
        for (var seed = 1; seed <= Seeds; seed++)
        {
            try
            {
                var simulation = new DispatcherSimulation(seed, ordering, end, slots: 1 + (seed % 9));
                simulation.Run(Steps);
                letters += simulation.DeadLettered;
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"seed {seed}, ordering {ordering}, end {end}: {error.Message}", error);
            }
        }

        Assert.That(letters > 0, Is.EqualTo(end == OnExhausted.DeadLetter), "what is to be seen has been seen");
    }
}
