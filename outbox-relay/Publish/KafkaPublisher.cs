using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Sidecar.Credentials;
using Sidecar.OutboxRelay.Telemetry;

namespace Sidecar.OutboxRelay.Publish;

/// <summary>
/// The Kafka producer: idempotent, acknowledged by all replicas in sync, in order per partition, and without a gap.
/// After a refusal it is broken by its own choice, and is made again. Owned by the relay's loop; reports come on its
/// own thread.
/// </summary>
public sealed class KafkaPublisher(PublishOptions options, Keyring keyring, RelayTelemetry telemetry) : IDisposable
{
    private const int DefaultBatchBytes = 1_000_000;
    private const int SmallestBatchBytes = 1024;
    /// <summary>
    /// A broker that has not answered for so long is given up, and whoever leads its partitions by then is asked. Longer
    /// than a cluster takes to find that a broker stands still (9 s); the library's own 60 s would hold its partitions back
    /// so long. The repeat costs nothing: it has the same sequence numbers.
    /// </summary>
    public const int AnswerTimeoutMs = 12_000;

    private const int QueuedRecords = 1_000_000;
    private const int QueuedKbytes = 1024 * 1024;

    private static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(2);

    private readonly ILogger log = telemetry.Logs.CreateLogger<KafkaPublisher>();
    private readonly KnownPartitions partitions = new(telemetry.Time);
    private IProducer<byte[]?, byte[]?>? producer;
    private IAdminClient? admin;
    private int batchBytes = DefaultBatchBytes;
    private readonly BrokerTrouble trouble = new(options.Security);
    private KafkaCredentials given = keyring.Current;
    private Error? lastError;
    private int answeredBy = -1;

    /// <summary>Makes the producer; it connects by itself.</summary>
    public void Start()
    {
        var credentials = given = keyring.Current;
        producer = new ProducerBuilder<byte[]?, byte[]?>(Configuration(credentials))
            .SetErrorHandler((_, error) =>
            {
                lastError = error;
                trouble.Heard(error, credentials, telemetry.Time.GetUtcNow());
            })
            .SetLogHandler((_, message) =>
            {
                trouble.Heard(message);
                log.Library(message.Facility, message.Message);
            })
            .Build();
        admin = new DependentAdminClientBuilder(producer.Handle).Build();
    }

    /// <summary>Gives the producer a user and a password that have changed, for connections to come.</summary>
    public void TakePassword()
    {
        var now = keyring.Current;
        if (!ReferenceEquals(now, given) && !now.HasUserOf(given))
        {
            now.GiveTo(producer!);
            trouble.Over();
        }

        given = now;
    }

    /// <summary>Gives up the producer with all that is in it, and makes a new one.</summary>
    public void Rebuild(string reason)
    {
        log.Rebuilt(reason);
        telemetry.Metrics.Rebuilds.Inc();
        partitions.Forget();
        Dispose();
        Start();
    }

    /// <summary>
    /// Makes batches at most half as large as one that was refused for its size, from the next <see cref="Rebuild"/>
    /// on: a topic may take less than a whole batch of ours. False: they are as small as they get.
    /// </summary>
    public bool ShrinkBatches(int refusedRecords, long refusedBytes)
    {
        if (batchBytes == SmallestBatchBytes)
        {
            return false;
        }

        batchBytes = (int)Math.Max(SmallestBatchBytes, Math.Min(batchBytes, refusedBytes) / 2);
        log.SmallerBatches(refusedRecords, batchBytes);
        return true;
    }

    /// <summary>Hands the records over, in order. Does not wait for Kafka.</summary>
    public void Send(Window window)
    {
        foreach (var record in window.Records)
        {
            try
            {
                producer!.Produce(record.Row.Topic, record.Message, record.OnReport);
            }
            catch (KafkaException e)
            {
                record.Report(e.Error);
            }
        }
    }

    /// <summary>
    /// The records that must be acknowledged before the others are sent: see <see cref="KnownPartitions"/>.
    /// </summary>
    public IReadOnlyList<OutgoingRecord> GoFirst(IReadOnlyList<OutgoingRecord> records) =>
        partitions.FirstOnUnknown(records);

    /// <summary>These went first, and are acknowledged. The answer: topics to be asked for again.</summary>
    public IReadOnlyList<string> WentFirst(IReadOnlyList<OutgoingRecord> records) => partitions.Acknowledged(records);

    /// <summary>Null: a broker answers. Otherwise what to say.</summary>
    public async Task<string?> AskForBrokersAsync()
    {
        try
        {
            await Task.Run(() => admin!.GetMetadata(AskTimeout));
            lastError = null;
            trouble.Over();
            return null;
        }
        catch (KafkaException)
        {
            return NoAnswer;
        }
    }

    /// <summary>
    /// Whether a topic can be written, and why not. A cluster that creates topics by itself does so here.
    /// </summary>
    public async Task<(TopicStanding Standing, string Reason)> AskForTopicAsync(string topic)
    {
        try
        {
            var answer = await Task.Run(() => admin!.GetMetadata(topic, AskTimeout));
            answeredBy = answer.OriginatingBrokerId;
            var found = answer.Topics.Find(t => t.Topic == topic);
            var code = found?.Error.Code ?? ErrorCode.UnknownTopicOrPart;
            if (found is { Partitions.Count: > 0 })
            {
                partitions.Learn(topic, found.Partitions.Count);
            }

            return code switch
            {
                ErrorCode.NoError when found!.Partitions.Count > 0 => (TopicStanding.Ready, ""),
                ErrorCode.UnknownTopicOrPart or ErrorCode.Local_UnknownTopic => (TopicStanding.Waits, "does not exist"),
                ErrorCode.TopicAuthorizationFailed => (TopicStanding.Waits, "may not be written (not authorized)"),
                _ => (TopicStanding.Waits, $"is not ready ({code})"),
            };
        }
        catch (KafkaException e) when (e.Error.Code is ErrorCode.UnknownTopicOrPart or ErrorCode.Local_UnknownTopic)
        {
            return (TopicStanding.Waits, "does not exist");
        }
        catch (KafkaException)
        {
            return (TopicStanding.NoAnswer, "");
        }
    }

    /// <summary>The id that Kafka gave a topic when it was made; empty: it does not tell. Null: no answer.</summary>
    public Task<string?> AskForTopicIdAsync(string topic) =>
        Task.Run(() => TopicIds.Ask(producer!, topic, answeredBy, (int)AskTimeout.TotalMilliseconds));

    /// <summary>The client library has told of an error since a broker last answered; it may be over by now.</summary>
    public bool IsSuspect => lastError is not null;

    /// <summary>What to say while nobody answers.</summary>
    public string NoAnswer
    {
        get
        {
            // Only what points to a cause that stays: the codes of failed attempts alternate.
            var cause = lastError?.Code is ErrorCode.Local_Resolve ? $" ({lastError!.Code.GetReason()})" : "";
            return trouble.Why is { } why
                ? $"the brokers at {options.BootstrapServers} refuse us: {why}"
                : $"no broker of {options.BootstrapServers} answers{cause}";
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        admin?.Dispose();
        producer?.Dispose();
        admin = null;
        producer = null;
    }

    private ProducerConfig Configuration(KafkaCredentials credentials)
    {
        var configuration = Configuration();
        credentials.AddTo(configuration);
        return configuration;
    }

    private ProducerConfig Configuration() => new()
    {
        BootstrapServers = options.BootstrapServers,
        ClientId = "outbox-relay",
        EnableIdempotence = true,
        Acks = Acks.All,
        Partitioner = Partitioner.Murmur2Random,    // the same partition as a Java client's

        // No gap: nothing is given up for its age, a refusal stops the producer, and little is under way behind it.
        MessageTimeoutMs = 0,
        EnableGaplessGuarantee = true,
        MaxInFlight = 1,

        LingerMs = 1,
        BatchSize = Math.Min(batchBytes, options.MaxMessageBytes),
        BatchNumMessages = 10_000,
        MessageMaxBytes = options.MaxMessageBytes,
        QueueBufferingMaxMessages = QueuedRecords,  // the windows bound what is queued; these are never reached
        QueueBufferingMaxKbytes = QueuedKbytes,
        DeliveryReportFields = "status",
        SocketTimeoutMs = AnswerTimeoutMs,
        ReconnectBackoffMs = 50,
        ReconnectBackoffMaxMs = 1000,
        LogConnectionClose = false,
    };
}
