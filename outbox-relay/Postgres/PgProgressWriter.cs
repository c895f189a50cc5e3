using Npgsql;
using NpgsqlTypes;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Lanes;

namespace Sidecar.OutboxRelay.Postgres;

/// <summary>What goes into one transaction: progress, and rows that are set aside or were sent from there.</summary>
/// <param name="Checkpoint">The lanes' progress; null: none moved.</param>
/// <param name="Held">Rows that are set aside from the line.</param>
/// <param name="Sent">Held rows that Kafka has by now.</param>
internal sealed record PgProgress(
    Checkpoint? Checkpoint, IReadOnlyList<HeldRow> Held, IReadOnlyList<long> Sent)
{
    /// <summary>Held rows that were tried again and stay.</summary>
    public IReadOnlyList<HeldRow> HeldAgain { get; init; } = [];

    /// <summary>Something is to be changed among the held rows.</summary>
    public bool HasHeld => Held.Count + HeldAgain.Count + Sent.Count > 0;
}

/// <summary>
/// Writes progress: one round trip, one transaction, each lane fenced by its owner and epoch. The ledger counts only rows
/// of lanes whose progress was written with it.
/// </summary>
internal sealed class PgProgressWriter(PgSession session, Guid me)
{
    /// <summary>What the database answers where another event of a row's number is held; nothing was written.</summary>
    public const string SameId = "OB001";

    // Lanes mostly share their progress: each has the number of one, counted from 1.
    private const string Lanes =
        """
        WITH step AS MATERIALIZED (
          SELECT * FROM unnest($5::text[], $6::bigint[], $7::text[], $8::bigint[], $9::bigint[])
            WITH ORDINALITY AS p(done, floor, win, win_floor, win_id, number)),
        written AS (
          UPDATE outbox.lane l
             SET done = p.done::pg_snapshot, floor = p.floor, win = nullif(p.win, '')::pg_snapshot,
                 win_floor = nullif(p.win_floor, -1), win_id = nullif(p.win_id, -1),
                 owner = CASE WHEN w.release THEN NULL ELSE l.owner END
            FROM unnest($2::smallint[], $3::bigint[], $4::integer[], $10::boolean[]) AS w(bucket, epoch, number, release)
            JOIN step p ON p.number = w.number
           WHERE l.bucket = w.bucket AND l.owner = $1 AND l.epoch = w.epoch
          RETURNING l.bucket),
        entered AS (
          UPDATE outbox.ledger g
             SET rows = g.rows + s.rows, id_sum = (g.id_sum + s.id_sum) % 4611686018427387904
            FROM (SELECT e.slot, sum(e.rows)::bigint AS rows, (sum(e.id_sum) % 4611686018427387904)::bigint AS id_sum
                    FROM unnest($11::smallint[], $12::smallint[], $13::bigint[], $14::bigint[])
                      AS e(bucket, slot, rows, id_sum)
                   WHERE e.bucket IN (SELECT bucket FROM written)
                   GROUP BY e.slot) s
           WHERE g.slot = s.slot AND g.part = $15)
        SELECT bucket FROM written
        """;

    private static readonly NpgsqlDbType[] LaneTypes =
    [
        NpgsqlDbType.Uuid, Many(NpgsqlDbType.Smallint), Many(NpgsqlDbType.Bigint), Many(NpgsqlDbType.Integer),
        Many(NpgsqlDbType.Text), Many(NpgsqlDbType.Bigint), Many(NpgsqlDbType.Text), Many(NpgsqlDbType.Bigint),
        Many(NpgsqlDbType.Bigint), Many(NpgsqlDbType.Boolean), Many(NpgsqlDbType.Smallint), Many(NpgsqlDbType.Smallint),
        Many(NpgsqlDbType.Bigint), Many(NpgsqlDbType.Bigint), NpgsqlDbType.Smallint,
    ];

    // A lane that is another's by now keeps what it has: the row stays in its place, and its new owner deals with it.
    private const string Fence =
        """
        SELECT l.bucket FROM outbox.lane l JOIN unnest($2::smallint[], $3::bigint[]) AS w(bucket, epoch)
            ON l.bucket = w.bucket AND l.epoch = w.epoch
         WHERE l.owner = $1 ORDER BY l.bucket FOR UPDATE OF l
        """;

    // Of two rows of one number, after the sequence was set back, the later one is under way. What is held already, and is
    // the same event, changes its kind.
    private const string Hold =
        """
        INSERT INTO outbox.held AS h (id, bucket, topic, key, value, headers, created_at, kind, reason)
        SELECT DISTINCT ON (l.id) l.id, l.bucket, l.topic, l.key, l.value, l.headers, l.created_at, n.kind, n.reason
          FROM unnest($4::bigint[], $5::text[], $6::text[]) AS n(id, kind, reason)
          JOIN outbox.log l ON l.id = n.id
          JOIN unnest($2::smallint[], $3::bigint[]) AS w(bucket, epoch) ON w.bucket = l.bucket
          JOIN outbox.lane o ON o.bucket = w.bucket AND o.epoch = w.epoch AND o.owner = $1
         ORDER BY l.id, l.xid DESC
        ON CONFLICT (id) DO UPDATE
           SET kind = CASE WHEN h.created_at = excluded.created_at AND h.topic = excluded.topic THEN excluded.kind
                           ELSE outbox.refuse_same_id(h.id) END,
               reason = excluded.reason, held_at = clock_timestamp(), released_at = NULL
        """;

    private const string HoldAgain =
        """
        UPDATE outbox.held h SET kind = n.kind, reason = n.reason, held_at = clock_timestamp(), released_at = NULL
          FROM unnest($4::bigint[], $5::text[], $6::text[]) AS n(id, kind, reason),
               unnest($2::smallint[], $3::bigint[]) AS w(bucket, epoch), outbox.lane o
         WHERE h.id = n.id AND w.bucket = h.bucket AND o.bucket = w.bucket AND o.epoch = w.epoch AND o.owner = $1
        """;

    // What is behind a row that goes out by itself goes out by itself after it.
    private const string Follow =
        """
        UPDATE outbox.held h SET kind = 'waiting'
         WHERE h.id = ANY ($1) AND h.kind = 'behind' AND NOT EXISTS (
           SELECT FROM outbox.held r WHERE r.topic = h.topic AND md5(r.key) = md5(h.key) AND r.key = h.key
                                       AND r.kind = 'refused' AND r.id < h.id)
        """;

    private const string Send =
        """
        DELETE FROM outbox.held h
         USING unnest($2::smallint[], $3::bigint[]) AS w(bucket, epoch), outbox.lane o
         WHERE h.id = ANY ($4) AND w.bucket = h.bucket AND o.bucket = w.bucket AND o.epoch = w.epoch AND o.owner = $1
        """;

    private readonly short part = (short)(me.GetHashCode() & (PgLimits.LedgerParts - 1));

    /// <summary>Writes it. The answer: lanes that were not written since they are another's.</summary>
    /// <param name="progress">What is to be written.</param>
    /// <param name="lanes">Buckets and epochs of all lanes that are ours.</param>
    public async Task<IReadOnlyCollection<int>> WriteAsync(PgProgress progress, (short[] Buckets, long[] Epochs) lanes)
    {
        if (!progress.HasHeld)
        {
            var alone = await session.PrepareAsync("progress", (Lanes, LaneTypes));
            Fill(alone.BatchCommands[0], progress.Checkpoint!);
            await using var answer = await alone.ExecuteReaderAsync();
            return await FencedAsync(answer, progress.Checkpoint!);
        }

        await using var batch = new NpgsqlBatch(session.Connection);
        Owned(Add(batch, Fence, [NpgsqlDbType.Uuid, Many(NpgsqlDbType.Smallint), Many(NpgsqlDbType.Bigint)]), lanes);
        AddHeld(batch, progress, lanes);
        if (progress.Checkpoint is not { } checkpoint)
        {
            await batch.ExecuteNonQueryAsync();
            return [];
        }

        // Last: a lane that is given back is nobody's then, and what is set aside of it is entered while it is ours.
        Fill(Add(batch, Lanes, LaneTypes), checkpoint);
        await using var reader = await batch.ExecuteReaderAsync();
        await reader.NextResultAsync();    // past the fence's
        return await FencedAsync(reader, checkpoint);
    }

    private void AddHeld(NpgsqlBatch batch, PgProgress progress, (short[] Buckets, long[] Epochs) lanes)
    {
        NpgsqlDbType[] types =
        [
            NpgsqlDbType.Uuid, Many(NpgsqlDbType.Smallint), Many(NpgsqlDbType.Bigint), Many(NpgsqlDbType.Bigint),
            Many(NpgsqlDbType.Text), Many(NpgsqlDbType.Text),
        ];
        foreach (var (sql, rows) in new[] { (HoldAgain, progress.HeldAgain), (Hold, progress.Held) })
        {
            if (rows.Count > 0)
            {
                var command = Add(batch, sql, types);
                Owned(command, lanes);
                command.Parameters[3].Value = rows.Select(held => held.Id).ToArray();
                command.Parameters[4].Value = rows.Select(held => NameOf(held.Kind)).ToArray();
                command.Parameters[5].Value = rows.Select(held => held.Reason).ToArray();
            }
        }

        if (progress.Held.Count + progress.HeldAgain.Count > 0)
        {
            Add(batch, Follow, [Many(NpgsqlDbType.Bigint)]).Parameters[0].Value =
                progress.Held.Concat(progress.HeldAgain).Select(held => held.Id).ToArray();
        }

        if (progress.Sent.Count > 0)
        {
            var command = Add(batch, Send, types[..4]);
            Owned(command, lanes);
            command.Parameters[3].Value = progress.Sent.ToArray();
        }
    }

    private void Owned(NpgsqlBatchCommand command, (short[] Buckets, long[] Epochs) lanes)
    {
        command.Parameters[0].Value = me;
        command.Parameters[1].Value = lanes.Buckets;
        command.Parameters[2].Value = lanes.Epochs;
    }

    private void Fill(NpgsqlBatchCommand command, Checkpoint checkpoint)
    {
        var writes = checkpoint.Writes;
        var steps = new List<LaneProgress>();
        var numbers = new int[writes.Count];
        for (var i = 0; i < writes.Count; i++)
        {
            var index = steps.FindIndex(step => ReferenceEquals(step, writes[i].Progress) || step == writes[i].Progress);
            if (index < 0)
            {
                index = steps.Count;
                steps.Add(writes[i].Progress);
            }

            numbers[i] = index + 1;
        }

        var ledger = writes.SelectMany(write => write.Ledger.Select(entry => (write.Bucket, entry))).ToArray();
        object[] values =
        [
            me, writes.Select(write => (short)write.Bucket).ToArray(), writes.Select(write => write.Epoch).ToArray(),
            numbers, steps.Select(step => step.Done.ToString()).ToArray(), steps.Select(step => step.Floor).ToArray(),
            steps.Select(step => step.Window?.Snapshot.ToString() ?? "").ToArray(),
            steps.Select(step => step.Window?.Floor ?? -1).ToArray(),
            steps.Select(step => step.Window?.SettledTo ?? -1).ToArray(),
            writes.Select(write => write.Release).ToArray(), ledger.Select(line => (short)line.Bucket).ToArray(),
            ledger.Select(line => (short)line.entry.Slot).ToArray(), ledger.Select(line => line.entry.Sum.Rows).ToArray(),
            ledger.Select(line => line.entry.Sum.IdSum).ToArray(), part,
        ];
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i];
        }
    }

    private static async Task<IReadOnlyCollection<int>> FencedAsync(NpgsqlDataReader reader, Checkpoint checkpoint)
    {
        var fenced = checkpoint.Writes.Select(write => write.Bucket).ToHashSet();
        while (await reader.ReadAsync())
        {
            fenced.Remove(reader.GetInt16(0));
        }

        return fenced;
    }

    private static string NameOf(HeldKind kind) => kind switch
    {
        HeldKind.Refused => "refused",
        HeldKind.Behind => "behind",
        HeldKind.Waiting => "waiting",
    };

    private static NpgsqlBatchCommand Add(NpgsqlBatch batch, string sql, NpgsqlDbType[] types)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var type in types)
        {
            command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = type });
        }

        batch.BatchCommands.Add(command);
        return command;
    }

    private static NpgsqlDbType Many(NpgsqlDbType type) => NpgsqlDbType.Array | type;
}
