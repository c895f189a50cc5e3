using System.Runtime.InteropServices;
using System.Text;
using Confluent.Kafka;

namespace Sidecar.Agent.Kafka;

/// <summary>
/// A list of partitions in librdkafka's own memory, for commits that carry metadata and for reading it back; Confluent.Kafka
/// offers neither. Freed on dispose.
/// </summary>
internal sealed unsafe class OffsetList : IDisposable
{
    private readonly Librdkafka.PartitionList* list;

    public OffsetList(IReadOnlyCollection<PartitionOffset> offsets)
    {
        list = Librdkafka.NewList(offsets.Count);
        foreach (var offset in offsets)
        {
            var entry = Librdkafka.Add(list, offset.Topic, offset.Partition);
            entry->Offset = offset.Offset;
            if (offset.LeaderEpoch >= 0)
            {
                Librdkafka.SetLeaderEpoch(entry, offset.LeaderEpoch);
            }

            SetMetadata(entry, offset.Metadata);
        }
    }

    /// <summary>Sends a commit. Not blocking: the answer comes by poll, to the consumer's commit handler.</summary>
    public ErrorCode Commit(nint client, bool blocking) => (ErrorCode)Librdkafka.Commit(client, list, blocking ? 0 : 1);

    /// <summary>Asks for what the group has committed for these partitions. Blocks, at most for the time given.</summary>
    public ErrorCode ReadCommitted(nint client, TimeSpan timeout) =>
        (ErrorCode)Librdkafka.Committed(client, list, (int)timeout.TotalMilliseconds);

    /// <summary>What stands in the list now.</summary>
    public (ErrorCode Error, PartitionOffset Offset)[] Entries()
    {
        var entries = new (ErrorCode, PartitionOffset)[list->Count];
        for (var i = 0; i < entries.Length; i++)
        {
            ref var entry = ref list->Elements[i];
            var topic = Marshal.PtrToStringUTF8((nint)entry.Topic)!;
            var metadata = Encoding.UTF8.GetString(new ReadOnlySpan<byte>(entry.Metadata, (int)entry.MetadataSize));
            var epoch = Librdkafka.LeaderEpoch(&list->Elements[i]);
            entries[i] = ((ErrorCode)entry.Error, new(topic, entry.Number, entry.Offset, epoch, metadata));
        }

        return entries;
    }

    public void Dispose() => Librdkafka.DestroyList(list);

    private static void SetMetadata(Librdkafka.Partition* entry, string metadata)
    {
        if (metadata.Length == 0)
        {
            return;
        }

        var size = Encoding.UTF8.GetByteCount(metadata);
        // librdkafka frees it with the C library's free: NativeMemory.Alloc is the C library's malloc.
        entry->Metadata = (byte*)NativeMemory.Alloc((nuint)size);
        entry->MetadataSize = (nuint)size;
        Encoding.UTF8.GetBytes(metadata, new Span<byte>(entry->Metadata, size));
    }
}
