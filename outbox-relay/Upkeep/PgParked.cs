using Npgsql;
using NpgsqlTypes;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Postgres;

namespace Sidecar.OutboxRelay.Upkeep;

/// <summary>The rows of <c>outbox.held</c>.</summary>
/// <remarks>
/// Rows that go back are marked as waiting for nothing but their turn: the relay that owns their bucket sends them by
/// itself, in order, and puts new rows of their key behind them until they are gone.
/// </remarks>
public sealed class PgParked(PgAddress address) : IParkedRows
{
    private const string Meant =
        """
        ($1::bigint IS NULL OR m.id = $1) AND ($2::text IS NULL OR m.topic = $2)
        AND ($3::bytea IS NULL OR (md5(m.key) = md5($3) AND m.key = $3))
        AND ($4::text IS NULL OR strpos(m.reason, $4) > 0)
        AND ($5::interval IS NULL OR m.held_at <= clock_timestamp() - $5)
        """;

    /// <summary>The longest that a change waits for the relays' own, and they for it.</summary>
    public const string LockTimeout = "2s";

    // A relay that sets a row behind another, and a person who lets that other go, must see each other.
    private const string Alone =
        $"SET LOCAL lock_timeout = '{LockTimeout}'; LOCK TABLE outbox.held IN SHARE ROW EXCLUSIVE MODE";

    private const string SameKey = "o.topic = m.topic AND md5(o.key) = md5(m.key) AND o.key = m.key";

    private static readonly string Columns =
        $"""
        m.id, m.kind, m.topic, substr(m.key, 1, {ParkedLimits.KeyBytes}), m.reason, m.created_at, m.held_at,
        (coalesce(octet_length(m.key), 0)::bigint + coalesce(octet_length(m.value), 0)
          + coalesce(octet_length(m.headers::text), 0)), m.released_at IS NOT NULL AND m.kind = 'waiting'
        """;

    private readonly PgDesk desk = new(address);

    /// <inheritdoc/>
    public Task<StoreAnswer<IReadOnlyList<ParkedRow>>> ListAsync(ParkedFilter filter, int limit) =>
        desk.AskAsync<IReadOnlyList<ParkedRow>>(async connection => await ListAsync(connection, filter, limit));

    /// <inheritdoc/>
    public Task<StoreAnswer<ParkedContent?>> ShowAsync(long id, int maxBytes) =>
        desk.AskAsync<ParkedContent?>(async connection =>
        {
            var found = await PgDesk.ReadAsync(
                connection,
                $"""
                SELECT {Columns}, substr(m.headers::text, 1, {ParkedLimits.HeaderBytes}), substr(m.value, 1, $6),
                       coalesce(octet_length(m.value), 0)::bigint
                  FROM outbox.held m WHERE {Meant}
                """,
                reader => new ParkedContent(
                    Row(reader), reader.IsDBNull(9) ? null : reader.GetString(9), Bytes(reader, 10), reader.GetInt64(11)),
                [.. Parameters(new ParkedFilter { Id = id }), new NpgsqlParameter<int> { TypedValue = maxBytes }]);
            return found.Count == 0 ? (ParkedContent?)null : found[0];
        });

    /// <inheritdoc/>
    public Task<StoreAnswer<ParkedCount>> RetryAsync(ParkedFilter filter) => desk.AskAsync<ParkedCount>(async connection =>
    {
        await using var transaction = await AloneAsync(connection);
        var counts = await PgDesk.ReadAsync(
            connection,
            $"""
            WITH back AS (
              UPDATE outbox.held AS o SET kind = 'waiting', released_at = clock_timestamp()
               WHERE o.kind <> 'waiting' AND EXISTS (
                 SELECT FROM outbox.held m WHERE {Meant} AND m.kind <> 'waiting' AND (m.id = o.id OR ({SameKey})))
              RETURNING o.id, o.topic, o.key)
            SELECT count(*), count(DISTINCT (topic, coalesce(key, convert_to('row ' || id, 'UTF8')), key IS NULL)),
                   EXISTS (SELECT FROM outbox.held m WHERE {Meant} AND m.kind = 'waiting')
              FROM back
            """,
            reader => new ParkedCount(reader.GetInt64(0), reader.GetInt64(1)) { OthersWait = reader.GetBoolean(2) },
            Parameters(filter));
        await transaction.CommitAsync();
        return counts[0];
    });

    /// <inheritdoc/>
    public Task<StoreAnswer<ParkedDrop>> DropAsync(ParkedFilter filter) => desk.AskAsync<ParkedDrop>(async connection =>
    {
        if (await NothingIsUnderWayAsync(connection) is not { } alone)
        {
            return new StoreProblem(
                StoreFault.Busy,
                $"a relay sends held rows now, and had not finished after {LockTimeout}: nothing is dropped, try again. While Kafka " +
                "does not answer, stop the relays first");
        }

        await using var transaction = alone;
        await ExecuteAsync(connection, Alone);
        var dropped = await ListAsync(connection, filter, ParkedLimits.DroppedListed);
        var rows = await CountAsync(
            connection, $"WITH gone AS (DELETE FROM outbox.held m WHERE {Meant} RETURNING 1) SELECT count(*) FROM gone",
            Parameters(filter));
        var free = await CountAsync(
            connection,
            $"""
            WITH free AS (
              UPDATE outbox.held AS m SET kind = 'waiting', released_at = clock_timestamp()
               WHERE m.kind = 'behind' AND NOT EXISTS (
                 SELECT FROM outbox.held o WHERE {SameKey} AND o.kind = 'refused' AND o.id < m.id)
              RETURNING 1)
            SELECT count(*) FROM free
            """);
        await transaction.CommitAsync();
        return new ParkedDrop(dropped, rows, free);
    });

    private static async Task<NpgsqlTransaction> AloneAsync(NpgsqlConnection connection)
    {
        var transaction = await connection.BeginTransactionAsync();
        await ExecuteAsync(connection, Alone);
        return transaction;
    }

    // What a relay has under way, Kafka may have already: it would be said to be gone, and come all the same. Before the
    // table's lock, for which a relay that has rows under way must not have to wait. Null: a relay has some.
    private static async Task<NpgsqlTransaction?> NothingIsUnderWayAsync(NpgsqlConnection connection)
    {
        var transaction = await connection.BeginTransactionAsync();
        try
        {
            await ExecuteAsync(
                connection,
                $"SET LOCAL lock_timeout = '{LockTimeout}'; SELECT pg_advisory_xact_lock({PgHeldRows.UnderWayLock})");
            return transaction;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            await transaction.DisposeAsync();
            return null;
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static Task<List<ParkedRow>> ListAsync(NpgsqlConnection connection, ParkedFilter filter, int limit) => PgDesk.ReadAsync(
        connection, $"SELECT {Columns} FROM outbox.held m WHERE {Meant} ORDER BY m.id LIMIT $6", Row,
        [.. Parameters(filter), new NpgsqlParameter<int> { TypedValue = limit }]);

    private static async Task<long> CountAsync(NpgsqlConnection connection, string sql, params NpgsqlParameter[] parameters) =>
        (await PgDesk.ReadAsync(connection, sql, reader => reader.GetInt64(0), parameters))[0];

    private static ParkedRow Row(NpgsqlDataReader reader) => new(
        reader.GetInt64(0), KindOf(reader.GetString(1)), reader.GetString(2), Bytes(reader, 3), reader.GetString(4))
    {
        CreatedMs = Milliseconds(reader, 5),
        HeldMs = Milliseconds(reader, 6),
        Bytes = reader.GetInt64(7),
        IsReleased = reader.GetBoolean(8),
    };

    private static HeldKind KindOf(string kind) => kind switch
    {
        "refused" => HeldKind.Refused,
        "behind" => HeldKind.Behind,
        _ => HeldKind.Waiting,    // the table's own rule allows no fourth
    };

    private static long Milliseconds(NpgsqlDataReader reader, int column) =>
        new DateTimeOffset(reader.GetDateTime(column), TimeSpan.Zero).ToUnixTimeMilliseconds();

    private static byte[]? Bytes(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetFieldValue<byte[]>(column);

    private static NpgsqlParameter[] Parameters(ParkedFilter filter) =>
    [
        Of(NpgsqlDbType.Bigint, filter.Id), Of(NpgsqlDbType.Text, filter.Topic), Of(NpgsqlDbType.Bytea, filter.Key),
        Of(NpgsqlDbType.Text, filter.Reason), Of(NpgsqlDbType.Interval, filter.OlderThan),
    ];

    private static NpgsqlParameter Of(NpgsqlDbType type, object? value) =>
        new() { NpgsqlDbType = type, Value = value ?? DBNull.Value };
}
