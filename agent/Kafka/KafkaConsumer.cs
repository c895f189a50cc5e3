using System.Runtime.InteropServices;
using Confluent.Kafka;
using Sidecar.Agent.Contracts;
using Sidecar.Credentials;

namespace Sidecar.Agent.Kafka;

/// <summary>What a poll returned.</summary>
internal enum Polled
{
    Nothing,
    Record,
    Report,
}

/// <summary>
/// The Kafka consumer, as the agent uses it: Confluent's client, polled and committed through librdkafka directly. Every
/// member is called by one thread, that of the consume loop, and callbacks come on that thread, from <see cref="Poll"/>.
/// </summary>
internal sealed unsafe class KafkaConsumer : IDisposable
{
    private readonly Keyring keyring;
    private readonly Func<KafkaCredentials, IConsumer<byte[], byte[]>> build;
    private readonly RecordReader reader = new();
    private IConsumer<byte[], byte[]> consumer;
    private nint client;
    private KafkaCredentials given;

    /// <param name="keyring">The credentials in force.</param>
    /// <param name="build">Builds a consumer with its handlers and with these credentials.</param>
    public KafkaConsumer(Keyring keyring, Func<KafkaCredentials, IConsumer<byte[], byte[]>> build)
    {
        (this.keyring, this.build) = (keyring, build);
        Credentials = given = keyring.Current;
        consumer = build(Credentials);
        client = LoadedLibrary.HandleOf(consumer);
    }

    /// <summary>What the client was made with; its user and password may be newer.</summary>
    public KafkaCredentials Credentials { get; private set; }

    /// <summary>Gives the client a user and a password that have changed, for connections to come. True: they have.</summary>
    public bool TakePassword()
    {
        var now = keyring.Current;
        var isOther = !ReferenceEquals(now, given) && !now.HasUserOf(given);
        if (isOther)
        {
            now.GiveTo(consumer);
        }

        given = now;
        return isOther;
    }

    /// <summary>The record of the last poll that returned one; whoever takes it releases it.</summary>
    public EventRecord? Record { get; private set; }

    /// <summary>The leader epoch of that record; -1: not known.</summary>
    public int LeaderEpoch { get; private set; }

    /// <summary>The report of the last poll that returned one.</summary>
    public ClientReport Report { get; private set; }

    /// <summary>This member's id in the group; empty before it has joined.</summary>
    public string MemberId => consumer.MemberId ?? "";

    /// <summary>Joins the group for these topics.</summary>
    public void Subscribe(IEnumerable<string> topics) => consumer.Subscribe(topics);

    /// <summary>Leaves the group, and may join it again; the revoke handler runs within a poll.</summary>
    public void Unsubscribe() => consumer.Unsubscribe();

    /// <summary>Serves callbacks and returns the next record or report, waiting for at most this time.</summary>
    public Polled Poll(int timeoutMs)
    {
        var message = Librdkafka.ConsumerPoll(client, timeoutMs);
        if (message is null)
        {
            return Polled.Nothing;
        }

        try
        {
            if (message->Error == (int)ErrorCode.NoError)
            {
                LeaderEpoch = Librdkafka.MessageLeaderEpoch(message);
                Record = reader.Read(message);
                return Polled.Record;
            }

            Report = new ClientReport(
                (ErrorCode)message->Error,
                message->Topic == 0 ? "" : reader.TopicOf(message),
                message->Topic == 0 ? -1 : message->Partition,
                Marshal.PtrToStringUTF8((nint)Librdkafka.MessageErrorText(message)) ?? "");
            return Polled.Report;
        }
        finally
        {
            Librdkafka.DestroyMessage(message);
        }
    }

    /// <summary>The partitions of the assignment have changed.</summary>
    public void AssignmentChanged() => reader.ForgetTopics();

    /// <summary>Sends a commit without waiting; its answer comes to the commit handler.</summary>
    public ErrorCode CommitLater(IReadOnlyCollection<PartitionOffset> offsets)
    {
        using var list = new OffsetList(offsets);
        return list.Commit(client, blocking: false);
    }

    /// <summary>Commits and waits for the answer: on revoke and on stop only.</summary>
    public ErrorCode CommitNow(IReadOnlyCollection<PartitionOffset> offsets)
    {
        using var list = new OffsetList(offsets);
        return list.Commit(client, blocking: true);
    }

    /// <summary>Reads what the group has committed. An error of one partition stands at that partition.</summary>
    public ErrorCode Committed(
        IReadOnlyCollection<PartitionOffset> partitions,
        TimeSpan timeout,
        out (ErrorCode Error, PartitionOffset Offset)[] committed)
    {
        using var list = new OffsetList(partitions);
        var error = list.ReadCommitted(client, timeout);
        committed = list.Entries();
        return error;
    }

    /// <summary>The first and the next offset of a partition, asked of the broker.</summary>
    public WatermarkOffsets QueryWatermarks(TopicPartition partition, TimeSpan timeout) =>
        consumer.QueryWatermarkOffsets(partition, timeout);

    /// <summary>The same as the client last heard, without asking.</summary>
    public WatermarkOffsets KnownWatermarks(TopicPartition partition) => consumer.GetWatermarkOffsets(partition);

    /// <summary>How many partitions a topic has.</summary>
    public int PartitionCount(string topic, TimeSpan timeout)
    {
        using var admin = Admin();
        return admin.GetMetadata(topic, timeout).Topics[0].Partitions.Count;
    }

    /// <summary>An administrator on this client's connections.</summary>
    public IAdminClient Admin() => new DependentAdminClientBuilder(consumer.Handle).Build();

    /// <summary>Reads a partition besides those that are read already, in no group.</summary>
    public void Assign(TopicPartitionOffset from) => consumer.IncrementalAssign([from]);

    /// <summary>Reads it no more.</summary>
    public void Unassign(TopicPartition partition) => consumer.IncrementalUnassign([partition]);

    /// <summary>Stops fetching a partition; what was prefetched of it is dropped. Not for one that is paused already.</summary>
    public void Pause(TopicPartition partition) => consumer.Pause([partition]);

    /// <summary>Fetches a paused partition again. Never for one that is not paused: that would rewind it.</summary>
    public void Resume(TopicPartition partition) => consumer.Resume([partition]);

    /// <summary>Leaves the group; the revoke handler runs within.</summary>
    public void Leave() => consumer.Close();

    public void Dispose() => consumer.Dispose();
}
