using System.Data;
using NpgsqlTypes;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Lanes;
using Sidecar.OutboxRelay.Store;

namespace Sidecar.OutboxRelay.Postgres;

/// <summary>
/// Rows that were set aside: takes note of new ones, and reads back, in order, those that may go out: whose topic is there
/// again, and that are behind no refused row.
/// </summary>
internal sealed class PgHeldRows(PgSession session, TimeProvider time)
{
    /// <summary>
    /// The advisory lock that a relay's session shares while it has held rows under way. Who has it alone knows that nobody
    /// is sending one.
    /// </summary>
    public const long UnderWayLock = 7411003;

    // A statement of its own, before: what was dropped by whoever had the lock is not to be seen any more.
    private static readonly string Share =
        "SELECT CASE WHEN EXISTS (SELECT FROM outbox.held WHERE kind = 'waiting') " +
        $"THEN pg_try_advisory_lock_shared({UnderWayLock}) ELSE false END";

    private static readonly string Unshare = $"SELECT pg_advisory_unlock_shared({UnderWayLock})";

    // The topics one after the other, then the rows of those that are not waited for: of a topic that is, one entry of the
    // index is all that is touched. A topic is asked for as a range, and rows in the order of the index: with an equals
    // sign any order by id would do, and the planner might walk along all ids for the few rows of one topic.
    private const string Ready =
        """
        WITH RECURSIVE found AS (
          (SELECT h.topic FROM outbox.held h WHERE h.kind = 'waiting' ORDER BY h.topic, h.id LIMIT 1)
          UNION ALL
          SELECT (SELECT h.topic FROM outbox.held h WHERE h.kind = 'waiting' AND h.topic > f.topic ORDER BY h.topic, h.id LIMIT 1)
            FROM found f WHERE f.topic IS NOT NULL),
        free AS MATERIALIZED (
          SELECT r.id, r.size, row_number() OVER () AS turn
            FROM (SELECT topic FROM found WHERE topic IS NOT NULL AND topic <> ALL ($2) ORDER BY topic <= $7, topic) t
           CROSS JOIN LATERAL (
             SELECT h.id, coalesce(octet_length(h.key), 0)::bigint + coalesce(octet_length(h.value), 0)
                            + coalesce(octet_length(h.headers::text), 0) AS size
               FROM outbox.held h
              WHERE h.kind = 'waiting' AND h.topic >= t.topic AND h.topic <= t.topic AND get_bit($1, h.bucket) = 1
                AND NOT ($5 AND EXISTS (
                  SELECT FROM outbox.held r WHERE r.topic = h.topic AND md5(r.key) = md5(h.key) AND r.key = h.key
                                              AND r.kind = 'refused' AND r.id < h.id))
              ORDER BY h.topic, h.id LIMIT $3) r
           LIMIT $3)
        SELECT h.id, h.bucket, h.created_at, h.topic, CASE WHEN octet_length(h.key) <= $4 THEN h.key END,
               CASE WHEN octet_length(h.value) <= $4 THEN h.value END,
               CASE WHEN octet_length(h.headers::text) <= $4 THEN convert_to(h.headers::text, 'UTF8') END, f.size
          FROM (SELECT id, size, sum(least(size, $4)) OVER (ORDER BY turn) - least(size, $4) AS before FROM free) f
          JOIN outbox.held h USING (id)
         WHERE f.before < $6 ORDER BY h.id
        """;

    private static readonly NpgsqlDbType[] Types =
    [
        NpgsqlDbType.Bytea, NpgsqlDbType.Array | NpgsqlDbType.Text, NpgsqlDbType.Bigint, NpgsqlDbType.Bigint,
        NpgsqlDbType.Boolean, NpgsqlDbType.Bigint, NpgsqlDbType.Text,
    ];

    /// <summary>A look that finds nothing, or fails, takes at most this part of the line's time.</summary>
    private const int LooksShare = 10;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly HashSet<long> underWay = [];
    private readonly Dictionary<long, HeldRow> aside = [];
    private readonly Dictionary<long, HeldRow> asideAgain = [];
    private readonly List<long> sent = [];
    private TimeSpan pause = Interval;
    private string lastTopic = "";
    private long? lookedAt;
    private bool shares;

    /// <summary>Something may be held; false: nothing is.</summary>
    public bool MayBe { get; set; } = true;

    /// <summary>Held rows that were handed out and are not settled.</summary>
    public int UnderWay => underWay.Count;

    /// <summary>It is time to look for rows that may go out.</summary>
    public bool IsDue => MayBe && (lookedAt is not { } at || time.GetElapsedTime(at) >= pause);

    /// <summary>There is something to be written.</summary>
    public bool HasNews => aside.Count > 0 || asideAgain.Count > 0 || sent.Count > 0;

    /// <summary>Nothing is under way any more: what was handed out and is not settled is read again.</summary>
    public void Rewind() => underWay.Clear();

    /// <summary>Takes note of rows that are set aside, and of held rows that Kafka has.</summary>
    public void Settle(Settlement settlement)
    {
        if (underWay.Count > 0)
        {
            sent.AddRange(settlement.Done.Where(underWay.Remove));
        }

        foreach (var row in settlement.Held)
        {
            if (underWay.Remove(row.Id) || asideAgain.ContainsKey(row.Id))
            {
                asideAgain[row.Id] = row;
            }
            else
            {
                aside[row.Id] = row;
            }
        }
    }

    /// <summary>What is to be written now, with the lanes' progress.</summary>
    public PgProgress Take(Checkpoint? checkpoint) => new(checkpoint, [.. aside.Values], [.. sent])
    {
        HeldAgain = [.. asideAgain.Values],
    };

    /// <summary>It is in the database.</summary>
    public void Written()
    {
        if (HasNews)
        {
            (MayBe, lookedAt) = (true, aside.Count + asideAgain.Count > 0 ? lookedAt : null);
        }

        aside.Clear();
        asideAgain.Clear();
        sent.Clear();
    }

    /// <summary>Lets others drop held rows, where none is under way or yet to be written.</summary>
    public async Task LetGoAsync()
    {
        if (shares && underWay.Count == 0 && !HasNews)
        {
            var batch = await session.PrepareAsync("let go", (Unshare, []));
            await batch.ExecuteNonQueryAsync();
            shares = false;
        }
    }

    /// <summary>The held rows that may go out, in order; at most a window of them, and none while somebody drops some.</summary>
    public async Task<List<OutboxRow>> ReadAsync(
        IReadOnlyCollection<string> waitingTopics, PgReadLimits limits, PgLanes lanes)
    {
        var began = time.GetTimestamp();
        try
        {
            var rows = await FindAsync(waitingTopics, limits, lanes);
            underWay.UnionWith(rows.Select(row => row.Id));
            lastTopic = rows.Count > 0 ? rows[^1].Topic : lastTopic;
            await LetGoAsync();
            return rows;
        }
        finally
        {
            // Also where it took too long and was ended: the line goes on without these rows meanwhile.
            lookedAt = time.GetTimestamp();
            var took = time.GetElapsedTime(began);
            pause = underWay.Count > 0 ? TimeSpan.Zero : took * LooksShare > Interval ? took * LooksShare : Interval;
        }
    }

    private async Task<List<OutboxRow>> FindAsync(
        IReadOnlyCollection<string> waitingTopics, PgReadLimits limits, PgLanes lanes)
    {
        var batch = await session.PrepareAsync("held", (Share, []), (Ready, Types));
        var parameters = batch.BatchCommands[1].Parameters;
        parameters[0].Value = PgRowReader.Bits(lanes.Book.Lanes.Where(lane => !lane.Draining).Select(lane => lane.Bucket));
        parameters[1].Value = waitingTopics.ToArray();
        parameters[2].Value = (long)limits.Rows;
        parameters[3].Value = limits.PartBytes;
        parameters[4].Value = limits.HoldsKeys;
        parameters[5].Value = (long)limits.Bytes;
        parameters[6].Value = lastTopic;
        var rows = new List<OutboxRow>();
        shares = true;    // also if the second statement fails: the session has the lock then
        await using var reader = await batch.ExecuteReaderAsync(CommandBehavior.SequentialAccess);
        await reader.ReadAsync();
        shares = reader.GetBoolean(0);
        await reader.NextResultAsync();
        while (shares && await reader.ReadAsync())
        {
            var (id, bucket) = (reader.GetInt64(0), reader.GetInt16(1));
            rows.Add(new OutboxRow
            {
                Id = id,
                Bucket = bucket,
                Epoch = lanes.Epochs[bucket],
                CreatedMs = PgRowReader.Milliseconds(reader.GetDateTime(2)),
                Topic = reader.GetString(3),
                Key = PgRowReader.Bytes(reader, 4),
                Value = PgRowReader.Bytes(reader, 5),
                Headers = PgRowReader.Bytes(reader, 6),
                StoredBytes = reader.GetInt64(7),
            });
        }

        return rows;
    }
}
