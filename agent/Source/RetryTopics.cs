using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Kafka;

namespace Sidecar.Agent.Source;

/// <summary>The retry topics of one subscription.</summary>
/// <param name="Subscription">Its name.</param>
/// <param name="Source">The one topic that it reads its events from.</param>
/// <param name="Names">What the topics are called.</param>
/// <param name="Delays">The delays that are configured.</param>
/// <param name="MayCreate">A topic that is absent may be created.</param>
internal sealed record RetryRoute(
    string Subscription, string Source, RetryTopicNames Names, IReadOnlyList<TimeSpan> Delays, bool MayCreate);

/// <summary>One retry topic as it was found.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Delay">Its delay.</param>
/// <param name="Partitions">How many partitions it has.</param>
/// <param name="IsConfigured">Events are put into it; otherwise it is only read until it is empty.</param>
internal readonly record struct RetryTopic(string Name, TimeSpan Delay, int Partitions, bool IsConfigured);

/// <summary>
/// Looks for the retry topics of a subscription, creates those that are absent where that is allowed, and finds those
/// whose delay is no longer configured, in which events may wait. Blocks; on the retry reader's own thread.
/// </summary>
internal static class RetryTopics
{
    /// <summary>How long what is done in a topic that we create is kept beyond the topic's delay.</summary>
    public static readonly TimeSpan Retention = TimeSpan.FromDays(14);

    /// <summary>Returns what is wrong, with the fix; null: all are there.</summary>
    public static string? Find(KafkaConsumer consumer, RetryRoute route, TimeSpan timeout, out List<RetryTopic> found)
    {
        found = [];
        try
        {
            using var admin = consumer.Admin();
            var all = admin.GetMetadata(timeout).Topics.Where(topic => topic.Error.Code == ErrorCode.NoError)
                .ToDictionary(topic => topic.Topic, topic => topic.Partitions.Count, StringComparer.Ordinal);
            if (!all.TryGetValue(route.Source, out var partitions))
            {
                return $"the partitions of {route.Source} cannot be counted: {Librdkafka.Describe(CodeOf(admin, route.Source, timeout))}";
            }

            foreach (var delay in route.Delays)
            {
                var name = route.Names.Of(delay);
                if (!all.TryGetValue(name, out var count))
                {
                    if (Absent(admin, route, delay, partitions, timeout) is { } problem)
                    {
                        return problem;
                    }

                    count = partitions;
                }

                if (count < partitions)
                {
                    return $"the topic {name} has {count} partitions and {route.Source} has {partitions}: what fails in the others has no "
                        + $"place to wait. Give {name} {partitions} partitions";
                }

                found.Add(new RetryTopic(name, delay, count, IsConfigured: true));
            }

            found.AddRange(
                from topic in all
                where route.Names.DelayOf(topic.Key) is { } delay && !route.Delays.Contains(delay)
                select new RetryTopic(topic.Key, route.Names.DelayOf(topic.Key)!.Value, topic.Value, IsConfigured: false));
            return null;
        }
        catch (KafkaException error)
        {
            return $"the retry topics cannot be looked for: {error.Error.Reason}";
        }
    }

    private static string? Absent(IAdminClient admin, RetryRoute route, TimeSpan delay, int partitions, TimeSpan timeout)
    {
        var name = route.Names.Of(delay);
        var code = CodeOf(admin, name, timeout);
        return code switch
        {
            ErrorCode.TopicAuthorizationFailed =>
                $"not authorized for the topic {name}. Grant Describe, Read and Write on it to this principal",
            ErrorCode.NoError => null,
            ErrorCode.UnknownTopicOrPart when route.MayCreate => Create(admin, name, delay, partitions, timeout),
            ErrorCode.UnknownTopicOrPart =>
                $"the topic {name} does not exist, and create-topics is false. Create it with {partitions} partitions, as "
                + $"{route.Source} has",
            _ => $"the topic {name} cannot be looked for: {Librdkafka.Describe(code)}",
        };
    }

    private static ErrorCode CodeOf(IAdminClient admin, string topic, TimeSpan timeout) =>
        admin.GetMetadata(topic, timeout).Topics[0].Error.Code;

    private static string? Create(IAdminClient admin, string name, TimeSpan delay, int partitions, TimeSpan timeout)
    {
        const int brokersDefault = -1;
        var wanted = new TopicSpecification
        {
            Name = name,
            NumPartitions = partitions,
            ReplicationFactor = brokersDefault,
            Configs = new Dictionary<string, string>
            {
                ["cleanup.policy"] = "delete",
                ["retention.ms"] = $"{(long)(Retention + delay).TotalMilliseconds}",
            },
        };
        try
        {
            admin.CreateTopicsAsync([wanted], new CreateTopicsOptions { RequestTimeout = timeout, OperationTimeout = timeout })
                .GetAwaiter().GetResult();
            return null;
        }
        catch (CreateTopicsException error)
        {
            var report = error.Results[0].Error;
            return report.Code == ErrorCode.TopicAlreadyExists
                ? null
                : $"the topic {name} does not exist and could not be created: {report.Reason}. Create it with {partitions} partitions";
        }
    }
}
