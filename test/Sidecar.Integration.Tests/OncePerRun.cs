using Sidecar.TestKit.Kafka;
using Sidecar.TestKit.Processes;

[assembly: NonParallelizable]

namespace Sidecar.Integration.Tests;

/// <summary>Says what is tested, and stops the shared servers at the end.</summary>
[SetUpFixture]
internal sealed class OncePerRun
{
    [OneTimeSetUp]
    public void Say() => TestContext.Progress.WriteLine($"Under test: {Programs.Describe()}.");

    [OneTimeTearDown]
    public Task StopAsync() => SharedKafka.StopAsync();
}
