using Sidecar.TestKit.Postgres;

namespace Sidecar.Client.Tests;

[SetUpFixture]
public sealed class OncePerRun
{
    [OneTimeTearDown]
    public Task StopServers() => SharedPostgres.StopAsync();
}
