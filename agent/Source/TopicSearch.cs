using Confluent.Kafka;
using Sidecar.Agent.Kafka;

namespace Sidecar.Agent.Source;

/// <summary>Looks for topics that were missing, now and then. On the consume thread.</summary>
internal sealed class TopicSearch(KafkaConsumer consumer, SourceReport report)
{
    /// <summary>Time between two looks.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>How long a look may keep the loop from polling.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);

    private TimeSpan nextAt;

    /// <summary>Looks, if it is time to.</summary>
    public void Tick(TimeSpan now)
    {
        if (now < nextAt)
        {
            return;
        }

        nextAt = now + Interval;
        try
        {
            foreach (var topic in report.MissingTopics().ToList())
            {
                if (consumer.PartitionCount(topic, Timeout) > 0)
                {
                    report.TopicFound(topic);
                }
            }
        }
        catch (KafkaException)
        {
            // Kafka does not answer now; whoever waits for it says so. The next look comes by itself.
        }
    }
}
