using Sidecar.TestKit.Kafka;
using Sidecar.TestKit.Postgres;

namespace Sidecar.TestKit.Tests;

[SetUpFixture]
public sealed class OncePerRun
{
    [OneTimeTearDown]
    public async Task StopServers()
    {
        await SharedKafka.StopAsync();
        await SharedPostgres.StopAsync();
    }
}
