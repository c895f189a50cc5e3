using System.Text;
using Confluent.Kafka;
using Sidecar.Credentials;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Publish;

namespace Sidecar.OutboxRelay.Upkeep;

/// <summary>What came of sending rows once more.</summary>
/// <param name="Sent">Rows that Kafka acknowledged.</param>
/// <param name="Problem">Why it stopped; null: all were sent.</param>
public readonly record struct ReplaySent(int Sent, string? Problem);

/// <summary>
/// Sends rows as the relay did, each with the header <see cref="Header"/>, and waits for Kafka's word on all of them. The
/// events keep their ids, so that a reader who knows them can tell.
/// </summary>
public sealed class ReplaySender : IDisposable
{
    /// <summary>The header that tells a replay: when it began.</summary>
    public const string Header = "sidecar-replay";

    private const int MessageTimeoutMs = 30_000;

    private readonly IProducer<byte[]?, byte[]?> producer;
    private readonly RecordMapper mapper;
    private readonly byte[] mark;

    private readonly BrokerTrouble trouble;

    /// <param name="options">How rows become records.</param>
    /// <param name="credentials">Who we are to Kafka.</param>
    /// <param name="outbox">The outbox's UUID.</param>
    /// <param name="began">What the header says.</param>
    public ReplaySender(PublishOptions options, KafkaCredentials credentials, string outbox, DateTimeOffset began)
    {
        trouble = new BrokerTrouble(options.Security);
        mapper = new RecordMapper(options, outbox);
        mark = Encoding.UTF8.GetBytes(began.UtcDateTime.ToString(
            "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture));
        var configuration = new ProducerConfig
        {
            BootstrapServers = options.BootstrapServers,
            ClientId = "outbox-relay-replay",
            EnableIdempotence = true,
            Acks = Acks.All,
            Partitioner = Partitioner.Murmur2Random,
            MessageTimeoutMs = MessageTimeoutMs,
            MessageMaxBytes = options.MaxMessageBytes,
            LingerMs = 5,
        };
        credentials.AddTo(configuration);
        producer = new ProducerBuilder<byte[]?, byte[]?>(configuration)
            .SetErrorHandler((_, error) => trouble.Heard(error, credentials, TimeProvider.System.GetUtcNow()))
            .SetLogHandler((_, message) => trouble.Heard(message))
            .Build();
    }

    /// <summary>Sends rows in order; what follows the first failure may or may not be in Kafka.</summary>
    public async Task<ReplaySent> SendAsync(IReadOnlyList<OutboxRow> rows)
    {
        var reports = new List<Task<string?>>(rows.Count);
        foreach (var row in rows)
        {
            reports.Add(Send(row));
        }

        var problems = await Task.WhenAll(reports);
        var first = Array.FindIndex(problems, problem => problem is not null);
        return first < 0 ? new(rows.Count, null)
            : new(first, $"row {rows[first].Id}: {problems[first]}{(trouble.Why is { } why ? $": the brokers refuse us: {why}" : "")}");
    }

    /// <inheritdoc/>
    public void Dispose() => producer.Dispose();

    private Task<string?> Send(OutboxRow row)
    {
        var (message, poison) = mapper.Map(row);
        if (message is null)
        {
            return Task.FromResult(poison);
        }

        message.Headers.Remove(Header);
        message.Headers.Add(Header, mark);
        var report = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            producer.Produce(row.Topic, message, answer => report.SetResult(
                answer.Error.IsError ? $"{answer.Error.Reason} ({answer.Error.Code})" : null));
        }
        catch (KafkaException e)
        {
            report.SetResult($"{e.Error.Reason} ({e.Error.Code})");
        }

        return report.Task;
    }
}
