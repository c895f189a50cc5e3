using Sidecar.Agent.Dispatch;

namespace Sidecar.Agent.Tests.Dispatch;

public sealed class DispatcherSimulationTests
{
    /// <summary>Schedules for each order; a failing one prints its seed, and runs again with it alone.</summary>
    private const int Seeds = 150;

    private const int Steps = 400;

    [Test]
    public void Every_event_ends_once_and_in_order_whatever_happens([Values] Ordering ordering)
    {
        for (var seed = 1; seed <= Seeds; seed++)
        {
            try
            {
                new DispatcherSimulation(seed, ordering, slots: 1 + (seed % 9)).Run(Steps);
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"seed {seed}, ordering {ordering}: {error.Message}", error);
            }
        }
    }
}
