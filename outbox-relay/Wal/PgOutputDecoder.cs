using System.Buffers.Binary;
using System.Text;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Lanes;

namespace Sidecar.OutboxRelay.Wal;

/// <summary>
/// Reads the messages of PostgreSQL's output plugin pgoutput, protocol version 1, with binary values: the rows of
/// outbox.log, and markers that carry our token. For one stream: it remembers what relations look like.
/// </summary>
/// <remarks>Formats: PostgreSQL's documentation, "Logical Replication Message Formats".</remarks>
/// <param name="token">What our own markers begin with. Anyone may write a message; only we know this.</param>
/// <param name="maxPartBytes">A key, value or headers beyond this are left out of the row, and count in its size.</param>
/// <param name="epochs">The epoch of each bucket, all of which are ours.</param>
public sealed class PgOutputDecoder(string token, long maxPartBytes, IReadOnlyList<long> epochs)
{
    /// <summary>The prefix of markers.</summary>
    public const string MarkerPrefix = "outbox";

    private const byte BinaryValue = (byte)'b';
    private const byte NullValue = (byte)'n';

    private readonly Dictionary<uint, LogColumns> relations = [];
    private readonly byte[] expected = Encoding.ASCII.GetBytes(token + " ");
    private string lastTopic = "";

    /// <summary>Reads one message.</summary>
    /// <returns>Null: nothing for us, such as the beginning or the end of a transaction.</returns>
    /// <exception cref="InvalidDataException">It is not what this protocol or this schema has.</exception>
    public WalItem? Read(ReadOnlySpan<byte> message)
    {
        var reader = new PgOutputReader(message);
        switch (reader.Byte())
        {
            case (byte)'I':
                return new WalItem(ReadInsert(ref reader), null);
            case (byte)'R':
                var id = reader.UInt32();
                relations[id] = LogColumns.Read(ref reader);
                return null;
            case (byte)'M':
                return ReadMarker(ref reader);
            default:
                return null;    // beginnings, ends, origins, types: order is all that we need of them
        }
    }

    private WalRow ReadInsert(ref PgOutputReader reader)
    {
        if (!relations.TryGetValue(reader.UInt32(), out var columns))
        {
            throw new InvalidDataException("a row of a relation that was not described");
        }

        reader.Skip(1);    // N: a new row follows
        var count = reader.UInt16();
        Span<Range> values = stackalloc Range[LogColumns.Count];
        for (var i = 0; i < count; i++)
        {
            var range = reader.Byte() switch
            {
                NullValue => default,
                BinaryValue => reader.Counted(),
                var other => throw new InvalidDataException($"a value of kind '{(char)other}'"),
            };
            if (columns.PlaceOf(i) is { } place)
            {
                values[place] = range;
            }
        }

        return MakeRow(reader.Whole, values);
    }

    private WalRow MakeRow(ReadOnlySpan<byte> whole, ReadOnlySpan<Range> values)
    {
        var bucket = Int16(whole, values[LogColumns.Bucket]);
        var headers = values[LogColumns.Headers];
        if (!headers.Equals(default))
        {
            headers = new Range(headers.Start.Value + 1, headers.End);    // jsonb is text after its version
        }

        var row = new OutboxRow
        {
            Id = Int64(whole, values[LogColumns.Id]),
            Bucket = bucket,
            Epoch = bucket >= 0 && bucket < epochs.Count
                ? epochs[bucket]
                : throw new InvalidDataException($"a row of lane {bucket}, of which nothing is known"),
            Topic = Topic(whole[values[LogColumns.Topic]]),
            Key = Part(whole, values[LogColumns.Key]),
            Value = Part(whole, values[LogColumns.Value]),
            Headers = Part(whole, headers),
            CreatedMs = LogColumns.UnixMs(Int64(whole, values[LogColumns.CreatedAt])),
            StoredBytes = Length(values[LogColumns.Key]) + Length(values[LogColumns.Value]) + Length(headers),
        };
        return new WalRow((ulong)Int64(whole, values[LogColumns.Xid]), Int16(whole, values[LogColumns.Slot]), row);
    }

    private WalItem? ReadMarker(ref PgOutputReader reader)
    {
        reader.Skip(1 + 8);    // whether it belongs to a transaction, and where it stands
        var prefix = reader.Text();
        var content = reader.Whole[reader.Counted()];
        if (prefix != MarkerPrefix || !content.StartsWith(expected))
        {
            return null;    // another program's, or another relay's
        }

        return Snapshot.TryParse(Encoding.ASCII.GetString(content[expected.Length..]), out var snapshot, out var error)
            ? new WalItem(null, snapshot)
            : throw new InvalidDataException(error);
    }

    private string Topic(ReadOnlySpan<byte> bytes)
    {
        // Mostly that of the row before, and then no string is made.
        if (!Same(bytes, lastTopic))
        {
            lastTopic = Encoding.UTF8.GetString(bytes);
        }

        return lastTopic;
    }

    private byte[]? Part(ReadOnlySpan<byte> whole, Range range) =>
        range.Equals(default) || Length(range) > maxPartBytes ? null : whole[range].ToArray();

    private static long Int64(ReadOnlySpan<byte> whole, Range range) => Length(range) == sizeof(long)
        ? BinaryPrimitives.ReadInt64BigEndian(whole[range])
        : throw new InvalidDataException($"a number of 8 bytes that has {Length(range)}");

    private static short Int16(ReadOnlySpan<byte> whole, Range range) => Length(range) == sizeof(short)
        ? BinaryPrimitives.ReadInt16BigEndian(whole[range])
        : throw new InvalidDataException($"a number of 2 bytes that has {Length(range)}");

    private static int Length(Range range) => range.End.Value - range.Start.Value;

    private static bool Same(ReadOnlySpan<byte> bytes, string text)
    {
        Span<byte> buffer = stackalloc byte[256];    // Kafka's topics have at most 249
        return Encoding.UTF8.TryGetBytes(text, buffer, out var written) && bytes.SequenceEqual(buffer[..written]);
    }
}
