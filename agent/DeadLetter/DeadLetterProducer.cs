using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.Kafka;
using Sidecar.Credentials;

namespace Sidecar.Agent.DeadLetter;

/// <summary>Writes dead letters to Kafka: one producer for all subscriptions of the process.</summary>
/// <param name="properties">From <see cref="KafkaProducer.Properties"/>.</param>
/// <param name="keyring">The credentials in force.</param>
public sealed class DeadLetterProducer(IReadOnlyDictionary<string, string> properties, Keyring keyring) : IDeadLetterProducer, IDisposable
{
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(10);

    private readonly Lock guard = new();
    private KafkaProducer producer = new(properties, keyring);

    // Made when the broker first refuses a batch for its size: with one record in each it refuses the one that is too large.
    private KafkaProducer? alone;
    private bool disposed;

    /// <summary>The producer in use.</summary>
    internal KafkaProducer Producer => producer;

    /// <inheritdoc/>
    public async Task<ProduceOutcome> SendAsync(
        EventRecord record, LetterAddress address, Provenance provenance, LetterDetail detail)
    {
        var headers = LetterHeaders.Of(record, address, provenance, detail);
        return await SendAsync(record, new OutgoingRecord(address.Topic, OutgoingRecord.ByKey, headers), detail);
    }

    /// <inheritdoc/>
    public Task<ProduceOutcome> ResendAsync(EventRecord record, LetterAddress address, Resend resend) =>
        SendAsync(
            record,
            new OutgoingRecord(address.Topic, record.Position.Partition, RetryRecords.Headers(record, address, resend)),
            resend.Detail);

    private async Task<ProduceOutcome> SendAsync(EventRecord record, OutgoingRecord where, LetterDetail detail)
    {
        KafkaProducer used;
        Task<ProduceReport> sending;
        lock (guard)
        {
            if (disposed)
            {
                return new ProduceOutcome(ProduceEnd.Failed, "the agent ends");
            }

            // It copies and queues, and does not wait. The lock keeps the client alive meanwhile.
            used = detail == LetterDetail.Full
                ? producer
                : alone ??= new KafkaProducer(KafkaProducer.WithoutBatches(properties), keyring);
            sending = used.ProduceAsync(record, where);
        }

        var (error, offset) = await sending;
        if (error == ErrorCode.Local_Fatal)
        {
            Replace(used);
        }

        return Outcome(error) with { Offset = offset };
    }

    /// <inheritdoc/>
    public async Task<string?> EnsureTopicAsync(string topic, bool mayCreate)
    {
        // Asked for seldom: a client that lives for one request costs nothing while nobody asks. A consumer's, because
        // looking for a topic as a producer makes it where the cluster creates topics by itself.
        using var client = new ConsumerBuilder<Ignore, Ignore>(AskingProperties()).SetLogHandler((_, _) => { }).Build();
        using var admin = new DependentAdminClientBuilder(client.Handle).Build();
        var found = await Task.Run(() => CodeOf(admin, topic));
        if (found == ErrorCode.UnknownTopicOrPart && mayCreate)
        {
            return await CreateAsync(admin, topic);
        }

        return found switch
        {
            ErrorCode.NoError => null,
            ErrorCode.UnknownTopicOrPart => $"the topic {topic} does not exist, and create-topics is false. Create it",
            ErrorCode.TopicAuthorizationFailed =>
                $"not authorized for the topic {topic}. Grant Describe and Write on it to this principal",
            _ => $"the topic {topic} cannot be looked for: {Librdkafka.Describe(found)}",
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (guard)
        {
            disposed = true;
        }

        producer.Dispose();
        alone?.Dispose();
    }

    /// <summary>
    /// An idempotent producer that has lost its place among the records that Kafka knows never produces again. A new one
    /// takes over (that for single records when it is needed next); what was on its way in the old one is
    /// reported as failed, and comes again.
    /// </summary>
    private void Replace(KafkaProducer broken)
    {
        lock (guard)
        {
            if (disposed)
            {
                return;
            }

            if (broken == alone)
            {
                alone = null;
            }
            else if (broken == producer)
            {
                producer = new KafkaProducer(properties, keyring);
            }
            else
            {
                return;
            }
        }

        broken.Dispose();
    }

    private static ProduceOutcome Outcome(ErrorCode error) => error switch
    {
        ErrorCode.NoError => new(ProduceEnd.Acknowledged, ""),
        ErrorCode.MsgSizeTooLarge or ErrorCode.InvalidMsgSize => new(ProduceEnd.TooLarge, Librdkafka.Describe(error)),
        ErrorCode.UnknownTopicOrPart or ErrorCode.Local_UnknownTopic or ErrorCode.Local_UnknownPartition =>
            new(ProduceEnd.NoTopic, Librdkafka.Describe(error)),
        ErrorCode.TopicAuthorizationFailed => new(ProduceEnd.Failed, "not authorized. Grant Write and Describe on it to this principal"),
        _ => new(ProduceEnd.Failed, Librdkafka.Describe(error)),
    };

    // Not by DescribeTopics: that of Confluent.Kafka never ends where a partition has no replica in sync.
    private static ErrorCode CodeOf(IAdminClient admin, string topic)
    {
        try
        {
            return admin.GetMetadata(topic, RequestTimeout).Topics[0].Error.Code;
        }
        catch (KafkaException error)
        {
            return error.Error.Code;
        }
    }

    private static async Task<string?> CreateAsync(IAdminClient admin, string topic)
    {
        const int brokersDefault = -1;
        var wanted = new TopicSpecification
        {
            Name = topic, NumPartitions = brokersDefault, ReplicationFactor = brokersDefault,
        };
        try
        {
            await admin.CreateTopicsAsync(
                [wanted], new CreateTopicsOptions { RequestTimeout = RequestTimeout, OperationTimeout = RequestTimeout });
            return null;
        }
        catch (CreateTopicsException error)
        {
            var report = error.Results[0].Error;
            return report.Code == ErrorCode.TopicAlreadyExists
                ? null
                : $"the topic {topic} does not exist and could not be created: {report.Reason}. Create it";
        }
        catch (KafkaException error)
        {
            return $"the topic {topic} does not exist and could not be created: {error.Error.Reason}. Create it";
        }
    }

    private Dictionary<string, string> AskingProperties()
    {
        var own = properties.Where(property => !ProducerOnly.Contains(property.Key)).ToDictionary(StringComparer.Ordinal);
        own["group.id"] = "asks-for-a-topic";    // a consumer cannot be made without; it joins no group
        keyring.Current.AddTo(own);
        return own;
    }

    // A consumer warns of these on standard error.
    private static readonly HashSet<string> ProducerOnly = new(StringComparer.Ordinal)
    {
        "enable.idempotence", "acks", "delivery.timeout.ms", "queue.buffering.max.messages", "queue.buffering.max.kbytes",
        "linger.ms", "batch.size", "partitioner",
    };
}
