using System.Data;
using Npgsql;
using NpgsqlTypes;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Lanes;

namespace Sidecar.OutboxRelay.Postgres;

/// <summary>Bounds of one read.</summary>
/// <param name="Rows">Rows at most.</param>
/// <param name="Bytes">Bytes after which no further row is taken; the last may go beyond.</param>
/// <param name="PartBytes">A larger key, value or headers are left out.</param>
/// <param name="HoldsKeys">A refused row holds back its key.</param>
internal readonly record struct PgReadLimits(int Rows, int Bytes, long PartBytes, bool HoldsKeys);

/// <summary>What a poll found.</summary>
internal sealed class PgPoll
{
    /// <summary>The last id that was given out.</summary>
    public long LastId { get; set; }

    /// <summary>The next transaction's number, read after <see cref="LastId"/>.</summary>
    public ulong NextXid { get; set; }

    /// <summary>Something is held, in whichever lane.</summary>
    public bool AnyHeld { get; set; }

    /// <summary>Until when writers notify, in Unix seconds; 1: they do not.</summary>
    public long Bell { get; set; }

    /// <summary>The snapshot that the rows were read in.</summary>
    public Snapshot Snapshot { get; set; } = Snapshot.None;

    /// <summary>The rows by id, as the line takes them.</summary>
    public List<OutboxRow> Rows { get; } = [];

    /// <summary>The same rows, as the book takes them.</summary>
    public List<LaneRow> LaneRows { get; } = [];

    /// <summary>Rows of these that are held themselves already.</summary>
    public List<long> HeldAlready { get; } = [];

    /// <summary>The window ends here.</summary>
    public bool IsComplete { get; set; }
}

/// <summary>Reads the log: one round trip for a poll, and another only where rows are large.</summary>
internal sealed class PgRowReader(PgSession session)
{
    /// <summary>A row of up to this many bytes is read with its poll, whatever the bound of a chunk is.</summary>
    public const int SmallRow = 4096;

    private const string LargeRows =
        """
        SELECT l.id, CASE WHEN octet_length(l.key) <= $2 THEN l.key END,
               CASE WHEN octet_length(l.value) <= $2 THEN l.value END,
               CASE WHEN octet_length(l.headers::text) <= $2 THEN convert_to(l.headers::text, 'UTF8') END
          FROM outbox.log l WHERE l.id = ANY ($1)
        """;

    private static readonly NpgsqlDbType[] LargeTypes =
        [NpgsqlDbType.Array | NpgsqlDbType.Bigint, NpgsqlDbType.Bigint];

    private string lastTopic = "";

    /// <summary>Where the sequence stands, and the next rows of the plan.</summary>
    public async Task<PgPoll> PollAsync(ReadPlan plan, PgReadLimits limits, bool marks, long[] epochs)
    {
        var running = plan.Done.Running.ToArray();
        var variant = new PgPollVariant(plan.Window is not null, running.Length > 0, marks);
        var batch = await session.PrepareAsync(
            variant.Name, (PgPollVariant.Position, []), (variant.Rows, PgPollVariant.Types));
        var inline = (int)Math.Min(Math.Max(SmallRow, limits.Bytes / limits.Rows), limits.PartBytes);
        var parameters = batch.BatchCommands[1].Parameters;
        parameters[0].Value = Math.Max(plan.Floor, plan.After);
        parameters[1].Value = plan.Done.Xmax;
        parameters[2].Value = Bits(plan.Buckets);
        parameters[3].Value = (long)limits.Rows;
        parameters[4].Value = inline;
        parameters[5].Value = running;
        parameters[6].Value = plan.After;
        parameters[7].Value = plan.Window?.ToString() ?? "";
        parameters[8].Value = limits.HoldsKeys;
        var poll = new PgPoll();
        await using (var reader = await batch.ExecuteReaderAsync(CommandBehavior.SequentialAccess))
        {
            await ReadPositionAsync(reader, poll);
            await reader.NextResultAsync();
            await ReadRowsAsync(reader, poll, epochs);
        }

        poll.IsComplete = poll.Rows.Count < limits.Rows;
        Cut(poll, limits);
        await ReadLargeAsync(poll, inline, limits.PartBytes);
        return poll;
    }

    /// <summary>Only where the sequence stands, and whether anything is held: one short statement.</summary>
    public async Task<PgPoll> LookAsync()
    {
        var poll = new PgPoll();
        var batch = await session.PrepareAsync("look", (PgPollVariant.Position, []));
        await using var reader = await batch.ExecuteReaderAsync();
        await ReadPositionAsync(reader, poll);
        return poll;
    }

    private static async Task ReadPositionAsync(NpgsqlDataReader reader, PgPoll poll)
    {
        await reader.ReadAsync();
        poll.LastId = reader.GetInt64(0);
        poll.NextXid = FloorTrack.NextXid(reader.GetFieldValue<ulong>(1), reader.GetInt32(2));
        poll.AnyHeld = reader.GetBoolean(3);
        poll.Bell = reader.GetInt64(4);
    }

    private async Task ReadRowsAsync(NpgsqlDataReader reader, PgPoll poll, long[] epochs)
    {
        await reader.ReadAsync();
        poll.Snapshot = Snapshot.Parse(reader.GetString(4));
        var last = 0L;
        while (await reader.ReadAsync())
        {
            var id = reader.GetInt64(0);
            var (bucket, slot) = (reader.GetInt16(1), reader.GetInt16(2));
            var created = Milliseconds(reader.GetDateTime(3));
            var topic = reader.GetString(4);
            lastTopic = topic == lastTopic ? lastTopic : topic;
            var (key, value, headers) = (Bytes(reader, 5), Bytes(reader, 6), Bytes(reader, 7));
            var size = reader.GetInt64(8);
            var mark = reader.GetInt32(9);
            if (id <= last)
            {
                throw new InvalidOperationException($"row {id} was read after row {last}");
            }

            last = id;
            poll.LaneRows.Add(new LaneRow(id, bucket, slot));
            poll.Rows.Add(new OutboxRow
            {
                Id = id, Bucket = bucket, Epoch = epochs[bucket], Topic = lastTopic, Key = key, Value = value,
                Headers = headers, CreatedMs = created, StoredBytes = size, BehindHeld = mark == 1,
            });
            if (mark == 2)
            {
                poll.HeldAlready.Add(id);
            }
        }
    }

    /// <summary>Leaves out the rows after the one that fills the chunk.</summary>
    private static void Cut(PgPoll poll, PgReadLimits limits)
    {
        var bytes = 0L;
        for (var i = 0; i < poll.Rows.Count; i++)
        {
            bytes += Math.Min(poll.Rows[i].StoredBytes, limits.PartBytes);
            if (bytes >= limits.Bytes && i + 1 < poll.Rows.Count)
            {
                poll.Rows.RemoveRange(i + 1, poll.Rows.Count - i - 1);
                poll.LaneRows.RemoveRange(i + 1, poll.LaneRows.Count - i - 1);
                poll.IsComplete = false;
                return;
            }
        }
    }

    private async Task ReadLargeAsync(PgPoll poll, int inline, long partBytes)
    {
        var large = new Dictionary<long, int>();
        for (var i = 0; i < poll.Rows.Count; i++)
        {
            if (poll.Rows[i].StoredBytes > inline)
            {
                large.Add(poll.Rows[i].Id, i);
            }
        }

        if (large.Count == 0)
        {
            return;
        }

        var batch = await session.PrepareAsync("large rows", (LargeRows, LargeTypes));
        batch.BatchCommands[0].Parameters[0].Value = large.Keys.ToArray();
        batch.BatchCommands[0].Parameters[1].Value = partBytes;
        await using var reader = await batch.ExecuteReaderAsync(CommandBehavior.SequentialAccess);
        while (await reader.ReadAsync())
        {
            var index = large[reader.GetInt64(0)];
            poll.Rows[index] = poll.Rows[index].With(Bytes(reader, 1), Bytes(reader, 2), Bytes(reader, 3));
        }
    }

    /// <summary>Milliseconds since the Unix epoch.</summary>
    internal static long Milliseconds(DateTime utc) => (utc - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMillisecond;

    internal static byte[]? Bytes(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetFieldValue<byte[]>(column);

    /// <summary>One bit for each bucket, as get_bit counts them.</summary>
    internal static byte[] Bits(IEnumerable<int> buckets)
    {
        var bits = new byte[PgLimits.MaxBuckets / 8];
        foreach (var bucket in buckets)
        {
            bits[bucket >> 3] |= (byte)(1 << (bucket & 7));
        }

        return bits;
    }
}
