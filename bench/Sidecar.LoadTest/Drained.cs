using Confluent.Kafka;
using Sidecar.TestKit.Kafka;

namespace Sidecar.LoadTest;

/// <summary>Waits until a relay has brought all rows to Kafka, without reading them.</summary>
internal static class Drained
{
    private static readonly TimeSpan StallTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <returns>From the first records that Kafka shows to the last, in seconds.</returns>
    /// <exception cref="InvalidOperationException">Nothing has come for a minute; with the relay's output.</exception>
    public static async Task<double> SecondsAsync(KafkaServer kafka, string topic, int partitions, int rows, Started relay)
    {
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(
            new ConsumerConfig(kafka.Client()) { GroupId = "loadtest" }).Build();
        var (count, since, begin) = (0L, TimeProvider.System.GetTimestamp(), 0L);
        while (count < rows)
        {
            var before = count;
            count = TopicLoader.Count(consumer, topic, partitions);
            if (begin == 0 && count > 0) begin = TimeProvider.System.GetTimestamp();
            if (count != before) since = TimeProvider.System.GetTimestamp();
            if (relay.Process.HasExited || TimeProvider.System.GetElapsedTime(since) > StallTimeout)
                throw new InvalidOperationException(
                    $"the drain stands at {count:N0} rows; the relay's output:\n{relay.Process.Output}");
            await Task.Delay(Interval, TimeProvider.System);
        }

        return TimeProvider.System.GetElapsedTime(begin, since).TotalSeconds;
    }
}
