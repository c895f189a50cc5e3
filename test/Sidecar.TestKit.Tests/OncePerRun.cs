using Sidecar.TestKit.Kafka;

namespace Sidecar.TestKit.Tests;

[SetUpFixture]
public sealed class OncePerRun
{
    [OneTimeTearDown]
    public Task StopServers() => SharedKafka.StopAsync();
}
