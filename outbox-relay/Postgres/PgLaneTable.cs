using Npgsql;
using NpgsqlTypes;
using Sidecar.OutboxRelay.Lanes;

namespace Sidecar.OutboxRelay.Postgres;

/// <summary>What a renewal found.</summary>
/// <param name="IsOurs">The relay's row was there, with our epoch.</param>
/// <param name="Relays">All relays, ourselves included.</param>
/// <param name="Lanes">All lanes, by bucket.</param>
/// <param name="Alarm">What keeps every relay from going on; null: nothing does.</param>
internal sealed record PgView(bool IsOurs, List<RelaySighting> Relays, List<LaneSighting> Lanes, PgAlarm? Alarm);

/// <summary>A lane that was claimed, with the progress that its row held then.</summary>
internal readonly record struct PgClaim(int Bucket, long Epoch, LaneProgress Progress);

/// <summary>
/// The rows of relays and lanes. Each write is one statement, so that a relay that is stopped in the middle of its work
/// leaves no lock behind.
/// </summary>
internal sealed class PgLaneTable(PgSession session, Guid me)
{
    private const string Register =
        """
        INSERT INTO outbox.relay AS r (id, name, epoch, lease_ms, lease_until)
        VALUES ($1, $2, 1, $3, clock_timestamp() + $3 * interval '1 ms')
        ON CONFLICT (id) DO UPDATE SET epoch = r.epoch + 1, beat = r.beat + 1, lease_ms = $3,
                                       lease_until = clock_timestamp() + $3 * interval '1 ms'
        RETURNING r.epoch
        """;

    // Lanes that are ours from before are given back: they are claimed anew, with epochs that no write of then carries.
    private const string Drop = "UPDATE outbox.lane SET owner = NULL WHERE owner = $1";

    // One statement, since an idle relay does little else: first the relays, ourselves as renewed, then the lanes.
    private const string Renew =
        """
        WITH renewed AS (
          UPDATE outbox.relay SET beat = beat + 1, lease_ms = $3, lease_until = clock_timestamp() + $3 * interval '1 ms'
           WHERE id = $1 AND epoch = $2
          RETURNING id, epoch, beat, lease_ms, lease_until),
        relays AS (
          SELECT * FROM renewed UNION ALL SELECT id, epoch, beat, lease_ms, lease_until FROM outbox.relay WHERE id <> $1)
        SELECT NULL::smallint, r.id, r.epoch, r.beat, r.lease_ms,
               (extract(epoch FROM r.lease_until - clock_timestamp()) * 1000)::bigint
          FROM relays r
        UNION ALL
        SELECT l.bucket, l.owner, l.epoch, NULL, NULL, NULL FROM outbox.lane l
        """;

    // Taken as they were seen, and never waited for: who has a lane's row is about to change it.
    private const string Claim =
        """
        WITH free AS (
          SELECT l.bucket FROM outbox.lane l JOIN unnest($3::smallint[], $4::uuid[], $5::bigint[]) AS s(bucket, owner, epoch)
              ON l.bucket = s.bucket AND l.epoch = s.epoch AND l.owner IS NOT DISTINCT FROM nullif(s.owner, $6)
           FOR UPDATE OF l SKIP LOCKED)
        UPDATE outbox.lane l SET owner = $1, epoch = l.epoch + 1
          FROM free
         WHERE l.bucket = free.bucket AND EXISTS (SELECT FROM outbox.relay r WHERE r.id = $1 AND r.epoch = $2)
        RETURNING l.bucket, l.epoch, l.done::text, l.floor, l.win::text, l.win_floor, l.win_id
        """;

    // A relay that is taken for dead and owns nothing any more. If it beats after all, it enters itself again.
    private const string Bury =
        """
        DELETE FROM outbox.relay r USING unnest($1::uuid[], $2::bigint[]) AS gone(id, beat)
         WHERE r.id = gone.id AND r.beat = gone.beat AND NOT EXISTS (SELECT FROM outbox.lane l WHERE l.owner = r.id)
        """;

    private const string Leave =
        "UPDATE outbox.lane SET owner = NULL WHERE owner = $1 AND EXISTS " +
        "(SELECT FROM outbox.relay r WHERE r.id = $1 AND r.epoch = $2)";

    private const string Forget = "DELETE FROM outbox.relay WHERE id = $1 AND epoch = $2";

    private const NpgsqlDbType Uuid = NpgsqlDbType.Uuid;
    private const NpgsqlDbType Number = NpgsqlDbType.Bigint;

    /// <summary>Enters this relay, or enters it again; the answer is its epoch.</summary>
    public async Task<long> RegisterAsync(string name, TimeSpan length)
    {
        var batch = await session.PrepareAsync(
            "register", (Register, [Uuid, NpgsqlDbType.Text, Number]), (Drop, [Uuid]));
        Set(batch.BatchCommands[0], me, name, (long)length.TotalMilliseconds);
        Set(batch.BatchCommands[1], me);
        return (long)(await batch.ExecuteScalarAsync())!;
    }

    /// <summary>Renews the lease, looks at everybody's, and at what was found meanwhile: one round trip.</summary>
    public async Task<PgView> RenewAsync(long epoch, TimeSpan length)
    {
        var batch = await session.PrepareAsync("renew", (Renew, [Uuid, Number, Number]), (PgAlarms.Open, []));
        Set(batch.BatchCommands[0], me, epoch, (long)length.TotalMilliseconds);
        var (relays, lanes) = (new List<RelaySighting>(), new List<LaneSighting>());
        PgAlarm? alarm;
        await using (var reader = await batch.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                if (await reader.IsDBNullAsync(0))
                {
                    relays.Add(new RelaySighting(
                        reader.GetGuid(1), reader.GetInt64(2), reader.GetInt64(3), Milliseconds(reader.GetInt64(4)),
                        Milliseconds(reader.GetInt64(5))));
                }
                else
                {
                    var owner = await reader.IsDBNullAsync(1) ? (Guid?)null : reader.GetGuid(1);
                    lanes.Add(new LaneSighting(reader.GetInt16(0), owner, reader.GetInt64(2)));
                }
            }

            await reader.NextResultAsync();
            alarm = await PgAlarms.FirstAsync(reader);
        }

        lanes.Sort((one, other) => one.Bucket.CompareTo(other.Bucket));
        return new PgView(relays.Exists(relay => relay.Id == me), relays, lanes, alarm);
    }

    /// <summary>Removes relays that are gone and own nothing.</summary>
    public async Task BuryAsync(IReadOnlyCollection<RelaySighting> gone)
    {
        var batch = await session.PrepareAsync(
            "bury", (Bury, [NpgsqlDbType.Array | Uuid, NpgsqlDbType.Array | Number]));
        Set(batch.BatchCommands[0], gone.Select(relay => relay.Id).ToArray(), gone.Select(relay => relay.Beat).ToArray());
        await batch.ExecuteNonQueryAsync();
    }

    /// <summary>Claims the lanes that still stand as they were seen, and answers which those were.</summary>
    public async Task<List<PgClaim>> ClaimAsync(long epoch, IReadOnlyList<LaneSighting> wanted)
    {
        var batch = await session.PrepareAsync("claim", (Claim,
            [Uuid, Number, NpgsqlDbType.Array | NpgsqlDbType.Smallint, NpgsqlDbType.Array | Uuid, NpgsqlDbType.Array | Number, Uuid]));
        Set(
            batch.BatchCommands[0], me, epoch, wanted.Select(lane => (short)lane.Bucket).ToArray(),
            wanted.Select(lane => lane.Owner ?? Guid.Empty).ToArray(), wanted.Select(lane => lane.Epoch).ToArray(), Guid.Empty);
        var claims = new List<PgClaim>();
        await using var reader = await batch.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            var window = await reader.IsDBNullAsync(4)
                ? null
                : new OpenWindow(Snapshot.Parse(reader.GetString(4)), reader.GetInt64(5), reader.GetInt64(6));
            claims.Add(new PgClaim(
                reader.GetInt16(0), reader.GetInt64(1),
                new LaneProgress(Snapshot.Parse(reader.GetString(2)), reader.GetInt64(3), window)));
        }

        return claims;
    }

    /// <summary>Gives back what is still ours, and removes this relay.</summary>
    public async Task LeaveAsync(long epoch)
    {
        var batch = await session.PrepareAsync("leave", (Leave, [Uuid, Number]), (Forget, [Uuid, Number]));
        Set(batch.BatchCommands[0], me, epoch);
        Set(batch.BatchCommands[1], me, epoch);
        await batch.ExecuteNonQueryAsync();
    }

    private static TimeSpan Milliseconds(long count) => TimeSpan.FromMilliseconds(count);

    private static void Set(NpgsqlBatchCommand command, params object[] values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i];
        }
    }
}
