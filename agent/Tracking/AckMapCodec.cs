using System.Buffers.Text;

namespace Sidecar.Agent.Tracking;

/// <summary>
/// The ack map as the metadata of a commit: a version, then base64url of varints, so that tools which print metadata as text
/// stay unharmed. What is done is written as runs or as a bitmap, whichever is smaller.
/// </summary>
/// <remarks>
/// Version 1: "sc1." and base64url of: start partitions (varint; 0: not known); number of attempts (varint) and for each
/// the distance from the offset before it and the count (varints); one byte, 0 for runs or 1 for a bitmap; then either for
/// each run the gap behind the run before it and its length minus one (varints), or one bit for each offset from the
/// committed one on, lowest bit first. Distances start at the committed offset.
/// Version 2, "sc2.", has a third number behind each count of attempts: interruptions. It is written only where there are
/// any, so that an older agent, which ignores it, meets it seldom.
/// Broker limit: offset.metadata.max.bytes, 4,096 by default.
/// </remarks>
public static class AckMapCodec
{
    /// <summary>The most that is written, in characters: what a broker takes by default.</summary>
    public const int MaxChars = 4096;

    /// <summary>
    /// Bytes of an encoded map above which no further record is admitted: three quarters of what fits, so that the map
    /// of what is already admitted always fits.
    /// </summary>
    public const int AdmissionBytes = (MaxChars - 4) / 4 * 3 * 3 / 4;

    private const string Prefix = "sc1.";
    private const string PrefixOfInterrupted = "sc2.";
    private const int MaxBytes = (MaxChars - 4) / 4 * 3;
    private const byte Runs = 0;
    private const byte Bitmap = 1;

    /// <summary>
    /// Writes the map, and how many partitions the topic had when the group started in it (0: not known). A map that does
    /// not fit is left out: that costs repetitions after a crash, never an event.
    /// </summary>
    public static string Encode(AckMap map, int startPartitions)
    {
        var bytes = new List<byte>(64);
        PutVarint(bytes, (ulong)startPartitions);
        var interrupted = map.Attempts.Any(open => open.Interruptions > 0);
        PutAttempts(bytes, map, interrupted);
        PutDone(bytes, map);
        return bytes.Count <= MaxBytes
            ? (interrupted ? PrefixOfInterrupted : Prefix) + Base64Url.EncodeToString([.. bytes])
            : Encode(AckMap.Empty(map.Committed), startPartitions);
    }

    /// <summary>
    /// Reads what <see cref="Encode"/> wrote for this committed offset. False for metadata that is foreign, of another
    /// version or damaged: it is ignored, and everything above the offset is delivered.
    /// </summary>
    public static bool TryDecode(string metadata, long committed, out AckMap map, out int startPartitions)
    {
        map = AckMap.Empty(committed);
        startPartitions = 0;
        var interrupted = metadata.StartsWith(PrefixOfInterrupted, StringComparison.Ordinal);
        if (!(interrupted || metadata.StartsWith(Prefix, StringComparison.Ordinal)) || metadata.Length > MaxChars
            || !Base64Url.IsValid(metadata.AsSpan(Prefix.Length)))
        {
            return false;
        }

        var reader = new VarintReader(Base64Url.DecodeFromChars(metadata.AsSpan(Prefix.Length)));
        startPartitions = (int)Math.Min(reader.Varint(), int.MaxValue);
        var attempts = TakeAttempts(ref reader, committed, interrupted);
        var done = reader.Byte() switch
        {
            Runs => TakeRuns(ref reader, committed),
            Bitmap => TakeBitmap(ref reader, committed),
            _ => null,
        };
        if (reader.Failed || attempts is null || done is null)
        {
            startPartitions = 0;
            return false;
        }

        map = new AckMap(committed, done, attempts);
        return true;
    }

    private static void PutAttempts(List<byte> bytes, AckMap map, bool interrupted)
    {
        PutVarint(bytes, (ulong)map.Attempts.Count);
        var from = map.Committed;
        foreach (var (offset, attempts, interruptions) in map.Attempts)
        {
            PutVarint(bytes, (ulong)(offset - from));
            PutVarint(bytes, (ulong)attempts);
            if (interrupted)
            {
                PutVarint(bytes, (ulong)interruptions);
            }

            from = offset;
        }
    }

    private static void PutDone(List<byte> bytes, AckMap map)
    {
        var runs = new List<byte>(map.Done.Count * 2);
        var from = map.Committed;
        foreach (var (first, last) in map.Done)
        {
            PutVarint(runs, (ulong)(first - from));
            PutVarint(runs, (ulong)(last - first));
            from = last + 1;
        }

        var bits = from - map.Committed;
        if (bits / 8 >= runs.Count)
        {
            bytes.Add(Runs);
            bytes.AddRange(runs);
            return;
        }

        var bitmap = new byte[(bits + 7) / 8];
        foreach (var (first, last) in map.Done)
        {
            for (var offset = first; offset <= last; offset++)
            {
                bitmap[(offset - map.Committed) / 8] |= (byte)(1 << (int)((offset - map.Committed) % 8));
            }
        }

        bytes.Add(Bitmap);
        bytes.AddRange(bitmap);
    }

    private static List<OffsetAttempts>? TakeAttempts(ref VarintReader reader, long committed, bool interrupted)
    {
        var open = reader.Varint();
        if (open > AckMap.MaxAttempts)
        {
            return null;
        }

        var attempts = new List<OffsetAttempts>((int)open);
        var from = committed;
        for (var i = 0; i < (int)open && !reader.Failed; i++)
        {
            from = reader.Advance(from);
            var count = (int)Math.Min(reader.Varint(), byte.MaxValue);
            attempts.Add(new(from, count, interrupted ? (int)Math.Min(reader.Varint(), byte.MaxValue) : 0));
        }

        return attempts;
    }

    private static List<OffsetRange> TakeRuns(ref VarintReader reader, long committed)
    {
        var done = new List<OffsetRange>();
        var from = committed;
        while (!reader.AtEnd && !reader.Failed)
        {
            var first = reader.Advance(from);
            var last = reader.Advance(first);
            done.Add(new(first, last));
            from = last + 1;
        }

        return done;
    }

    private static List<OffsetRange> TakeBitmap(ref VarintReader reader, long committed)
    {
        var map = new AckMap.Builder(committed);
        var before = false;
        for (var offset = committed; !reader.AtEnd; offset += 8)
        {
            var bits = reader.Byte();
            for (var i = 0; i < 8; i++)
            {
                var set = (bits & (1 << i)) != 0;
                if (set)
                {
                    map.Done(offset + i, continues: before);
                }

                before = set;
            }
        }

        return [.. map.Build().Done];
    }

    private static void PutVarint(List<byte> bytes, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        bytes.Add((byte)value);
    }

    /// <summary>Reads what may be damaged: it never reads past the end, and remembers that it would have.</summary>
    private ref struct VarintReader(ReadOnlySpan<byte> rest)
    {
        private const long HighestOffset = long.MaxValue - 2;

        private ReadOnlySpan<byte> rest = rest;

        public bool Failed { get; private set; }

        public readonly bool AtEnd => rest.IsEmpty;

        public byte Byte()
        {
            if (rest.IsEmpty)
            {
                Failed = true;
                return 0;
            }

            var value = rest[0];
            rest = rest[1..];
            return value;
        }

        public ulong Varint()
        {
            var value = 0UL;
            for (var shift = 0; shift < 64; shift += 7)
            {
                var next = Byte();
                value |= (ulong)(next & 0x7F) << shift;
                if (next < 0x80)
                {
                    return value;
                }
            }

            Failed = true;
            return 0;
        }

        /// <summary>An offset that lies a distance behind another.</summary>
        public long Advance(long from)
        {
            var distance = Varint();
            if (from is < 0 or > HighestOffset || distance > (ulong)(HighestOffset - from))
            {
                Failed = true;
                return from;
            }

            return from + (long)distance;
        }
    }
}
