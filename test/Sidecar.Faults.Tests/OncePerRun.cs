using Sidecar.Faults.Tests.Rig;
using Sidecar.TestKit.Processes;

[assembly: NonParallelizable]

namespace Sidecar.Faults.Tests;

/// <summary>Says what is tested; at the end it prints the table of all scenarios and stops the servers.</summary>
[SetUpFixture]
internal sealed class OncePerRun
{
    [OneTimeSetUp]
    public void Say() => TestContext.Progress.WriteLine(
        $"Under test: {Programs.Describe()}; {(RunOptions.IsFull ? "full" : "short")} version, seed {RunOptions.Seed}.");

    [OneTimeTearDown]
    public async Task End()
    {
        await FaultTable.WriteAsync();
        await Servers.StopAsync();
    }
}
