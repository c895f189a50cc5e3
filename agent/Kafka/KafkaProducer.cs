using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Confluent.Kafka;
using Sidecar.Agent.Contracts;
using Sidecar.Credentials;

namespace Sidecar.Agent.Kafka;

/// <summary>
/// A producer that puts a record elsewhere as it is: through librdkafka itself, since Confluent's client knows names of
/// headers as text only, and a record whose names are not UTF-8 would be altered. Idempotent, acknowledged by all replicas
/// in sync, pipelined, with a bounded queue. Any thread may produce; one thread of its own takes the reports.
/// </summary>
internal sealed unsafe class KafkaProducer : IDisposable
{
    /// <summary>Records that may wait for Kafka; more are refused with <see cref="ErrorCode.Local_QueueFull"/>.</summary>
    public const int QueueRecords = 10_000;

    /// <summary>The same in bytes; one record is always taken, however large.</summary>
    public const int QueueBytes = 16 * 1024 * 1024;

    /// <summary>Bytes of a batch, if it has more than one record.</summary>
    public const int BatchBytes = 64 * 1024;

    /// <summary>How long the client tries before it reports a failure. No wait of ours is shorter: we wait for the report.</summary>
    public static readonly TimeSpan DeliveryTimeout = TimeSpan.FromMinutes(2);

    private const int ProducerType = 0;
    private const int TopicArgument = 1;
    private const int PartitionArgument = 3;
    private const int ValueArgument = 4;
    private const int KeyArgument = 5;
    private const int OpaqueArgument = 6;
    private const int FlagsArgument = 7;
    private const int HeadersArgument = 10;
    private const int CopyFlag = 2;
    private const int MostArguments = 7;
    private const int PurgeAll = 3;
    private const int PollMs = 100;

    // The client's own bound refuses for ever a record that is larger than it: ours stands before it.
    private const int NoBoundKilobytes = int.MaxValue;

    // The last reports are there as soon as they are asked for, unless the machine is slow; whoever waits for one waits for ever.
    private const int LastReportsMs = 10_000;
    private const int ErrorBytes = 512;

    private readonly nint client;
    private readonly Keyring keyring;
    private readonly Thread reports;
    private KafkaCredentials given;
    private long bytesOnTheirWay;
    private volatile bool stopping;

    /// <param name="properties">From <see cref="Properties"/>.</param>
    /// <param name="keyring">The credentials in force.</param>
    /// <exception cref="InvalidOperationException">librdkafka does not know a property, or refuses its value.</exception>
    public KafkaProducer(IReadOnlyDictionary<string, string> properties, Keyring keyring)
    {
        this.keyring = keyring;
        Credentials = given = keyring.Current;
        var all = properties.ToDictionary(StringComparer.Ordinal);
        Credentials.AddTo(all);
        var error = stackalloc byte[ErrorBytes];
        var configuration = Librdkafka.NewConfiguration();
        foreach (var (name, value) in all)
        {
            if (Librdkafka.SetProperty(configuration, name, value, error, ErrorBytes) != 0)
            {
                Librdkafka.DestroyConfiguration(configuration);
                throw new InvalidOperationException(Marshal.PtrToStringUTF8((nint)error));
            }
        }

        Librdkafka.SetReportHandler(configuration, &Reported);
        Librdkafka.SetLogHandler(configuration, &Ignore);
        client = Librdkafka.NewClient(ProducerType, configuration, error, ErrorBytes);
        if (client == 0)
        {
            Librdkafka.DestroyConfiguration(configuration);
            throw new InvalidOperationException(Marshal.PtrToStringUTF8((nint)error));
        }

        reports = new Thread(TakeReports) { IsBackground = true, Name = "producer-reports" };
        reports.Start();
    }

    /// <summary>What the client was made with; its user and password may be newer.</summary>
    public KafkaCredentials Credentials { get; }

    /// <summary>The native client.</summary>
    internal nint Client => client;

    /// <summary>The client's properties: what is configured, and above it what the agent promises.</summary>
    public static Dictionary<string, string> Properties(string bootstrapServers, IReadOnlyDictionary<string, string> configured)
    {
        var properties = configured.ToDictionary(StringComparer.Ordinal);
        properties["bootstrap.servers"] = bootstrapServers;
        properties["client.id"] = $"sidecar-agent-{Environment.MachineName}";
        properties["enable.idempotence"] = "true";
        properties["acks"] = "all";
        properties["delivery.timeout.ms"] = $"{(long)DeliveryTimeout.TotalMilliseconds}";
        properties["queue.buffering.max.messages"] = $"{QueueRecords}";
        properties["queue.buffering.max.kbytes"] = $"{NoBoundKilobytes}";

        // Without a wait the client wakes for each record: a fifth of the agent's processor time when many letters are
        // written. Small batches: few topics take less than this.
        properties["linger.ms"] = "2";
        properties["batch.size"] = $"{BatchBytes}";

        // How large a record may be is for the topic to say.
        properties["message.max.bytes"] = "1000000000";
        properties["partitioner"] = "murmur2_random";
        properties["allow.auto.create.topics"] = "false";
        properties["topic.metadata.propagation.max.ms"] = "2000";
        properties["topic.metadata.refresh.interval.ms"] = "10000";
        return properties;
    }

    /// <summary>The same for a client that sends each record in a batch of its own.</summary>
    public static Dictionary<string, string> WithoutBatches(IReadOnlyDictionary<string, string> properties) =>
        new(properties, StringComparer.Ordinal) { ["batch.size"] = "1" };

    /// <summary>
    /// Produces a record's key and value, which are copied at once, with these headers. Ends with Kafka's report;
    /// <see cref="ErrorCode.NoError"/>: it is acknowledged; <see cref="ErrorCode.Local_Fatal"/>: nothing ever is again.
    /// </summary>
    public Task<ProduceReport> ProduceAsync(EventRecord record, OutgoingRecord where)
    {
        long bytes = record.HeldBytes;
        var before = Interlocked.Add(ref bytesOnTheirWay, bytes) - bytes;
        if (before > 0 && before + bytes > QueueBytes)
        {
            Interlocked.Add(ref bytesOnTheirWay, -bytes);
            return Task.FromResult(new ProduceReport(ErrorCode.Local_QueueFull, -1));
        }

        var sending = new Sending(this, bytes);
        var opaque = GCHandle.Alloc(sending);
        var headers = Pack(where.Headers);
        var topic = Marshal.StringToCoTaskMemUTF8(where.Topic);
        byte empty = 0;
        fixed (byte* key = record.Key)
        fixed (byte* value = record.Value)
        {
            var arguments = stackalloc Librdkafka.Argument[MostArguments];
            var count = 0;
            arguments[count++] = new() { Type = TopicArgument, First = topic };
            arguments[count++] = new() { Type = PartitionArgument, First = where.Partition };
            arguments[count++] = new() { Type = FlagsArgument, First = CopyFlag };
            arguments[count++] = new() { Type = OpaqueArgument, First = GCHandle.ToIntPtr(opaque) };
            arguments[count++] = new() { Type = HeadersArgument, First = headers };
            if (record.HasKey)
            {
                arguments[count++] = new()
                {
                    Type = KeyArgument, First = (nint)(key is null ? &empty : key), Second = record.Key.Length,
                };
            }

            if (record.HasValue)
            {
                arguments[count++] = new()
                {
                    Type = ValueArgument, First = (nint)(value is null ? &empty : value), Second = record.Value.Length,
                };
            }

            var failure = Librdkafka.Produce(client, arguments, (nuint)count);
            Marshal.FreeCoTaskMem(topic);
            if (failure != 0)
            {
                // The code of one that is fatal is that of its cause.
                var isFatal = Librdkafka.IsFatal(failure) != 0;
                var code = isFatal ? ErrorCode.Local_Fatal : (ErrorCode)Librdkafka.CodeOf(failure);
                Librdkafka.DestroyError(failure);
                Librdkafka.DestroyHeaders(headers);
                opaque.Free();
                sending.Ends(new ProduceReport(code, -1));
            }
        }

        return sending.Task;
    }

    /// <summary>Gives up what Kafka has not acknowledged, which is reported as such, and ends the thread.</summary>
    public void Dispose()
    {
        stopping = true;
        reports.Join();
        _ = Librdkafka.Purge(client, PurgeAll);
        _ = Librdkafka.Flush(client, LastReportsMs);
        Librdkafka.DestroyClient(client);
    }

    private static nint Pack(IReadOnlyList<OutgoingHeader> headers)
    {
        var packed = Librdkafka.NewHeaders((nuint)headers.Count);
        byte empty = 0;
        foreach (var header in headers)
        {
            fixed (byte* name = header.Name)
            fixed (byte* value = header.Value)
            {
                _ = Librdkafka.AddHeader(
                    packed,
                    name is null ? &empty : name,
                    header.Name.Length,
                    header.Value is null ? null : value is null ? &empty : value,
                    header.Value?.Length ?? 0);
            }
        }

        return packed;
    }

    private void TakeReports()
    {
        while (!stopping)
        {
            _ = Librdkafka.Poll(client, PollMs);
            TakePassword();
        }
    }

    /// <summary>Gives the client a user and a password that have changed, for connections to come.</summary>
    private void TakePassword()
    {
        var now = keyring.Current;
        if (!ReferenceEquals(now, given) && !now.HasUserOf(given))
        {
            now.GiveTo((username, password) => _ = Librdkafka.SetPassword(client, username, password));
        }

        given = now;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Reported(nint client, Librdkafka.Message* message, nint opaque)
    {
        var handle = GCHandle.FromIntPtr(message->Private);
        var sending = (Sending)handle.Target!;
        handle.Free();
        sending.Ends(new ProduceReport((ErrorCode)message->Error, message->Offset));
    }

    // What goes wrong comes back with the report of the record that it concerns.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Ignore(nint client, int level, byte* facility, byte* text)
    {
    }

    /// <summary>A record on its way.</summary>
    private sealed class Sending(KafkaProducer producer, long bytes)
    {
        private readonly TaskCompletionSource<ProduceReport> report = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<ProduceReport> Task => report.Task;

        public void Ends(ProduceReport how)
        {
            Interlocked.Add(ref producer.bytesOnTheirWay, -bytes);
            report.SetResult(how);
        }
    }
}
