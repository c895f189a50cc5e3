using Sidecar.TestKit.Kafka;

namespace Sidecar.Integration.Tests.Credentials;

/// <summary>The one broker of these tests that asks who one is.</summary>
[SetUpFixture]
internal sealed class SecuredBroker
{
    private static SecuredKafka? broker;

    /// <summary>Skips where there is none.</summary>
    public static SecuredKafka Get()
    {
        if (broker is null) Assert.Ignore("a broker with users and certificates of our own needs KAFKA_HOME");
        return broker!;
    }

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        if (Environment.GetEnvironmentVariable("KAFKA_HOME") is { Length: > 0 } home)
        {
            broker = await SecuredKafka.StartAsync(home);
        }
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (broker is not null) await broker.DisposeAsync();
        broker = null;
    }
}
