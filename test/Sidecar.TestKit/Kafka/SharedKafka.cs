using NUnit.Framework;

namespace Sidecar.TestKit.Kafka;

/// <summary>
/// The servers that a test assembly starts once, when the first test asks, and stops at its end: call
/// <see cref="StopAsync"/> from the one-time tear-down of a <c>[SetUpFixture]</c>.
/// </summary>
public static class SharedKafka
{
    private static readonly SemaphoreSlim OneAtATime = new(1, 1);
    private static KafkaStart? real;
    private static KafkaServer? mock;

    /// <summary>The real Kafka of this machine where there is one, else the mock cluster.</summary>
    public static async Task<KafkaServer> GetAsync() => (await StartRealOnceAsync()).Server ?? await GetMockAsync();

    /// <summary>A real Kafka. Where there is none, the test is skipped with the reason.</summary>
    public static async Task<KafkaServer> GetRealAsync()
    {
        var start = await StartRealOnceAsync();
        if (start.Server is null) Assert.Ignore(start.Reason);
        return start.Server!;
    }

    /// <summary>The mock cluster.</summary>
    public static async Task<KafkaServer> GetMockAsync()
    {
        await OneAtATime.WaitAsync();
        try
        {
            if (mock is null)
            {
                mock = await KafkaServer.StartMockAsync();
                Say(mock);
            }

            return mock;
        }
        finally
        {
            OneAtATime.Release();
        }
    }

    /// <summary>A topic name that no other test uses: the sentence, shortened, and a part that is unique.</summary>
    public static string NewTopic(string name) => $"{name}-{Guid.NewGuid():N}"[..Math.Min(name.Length + 9, 200)];

    public static async Task StopAsync()
    {
        if (real?.Server is { } server) await server.DisposeAsync();
        if (mock is not null) await mock.DisposeAsync();
        (real, mock) = (null, null);
    }

    private static async Task<KafkaStart> StartRealOnceAsync()
    {
        await OneAtATime.WaitAsync();
        try
        {
            if (real is null)
            {
                real = await KafkaServer.StartRealAsync();
                if (real.Server is not null) Say(real.Server);
                else await TestContext.Progress.WriteLineAsync(real.Reason);
            }

            return real;
        }
        finally
        {
            OneAtATime.Release();
        }
    }

    private static void Say(KafkaServer server) => TestContext.Progress.WriteLine($"Tests run against {server.Name}.");
}
