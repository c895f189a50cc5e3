using System.Globalization;
using Microsoft.Data.Sqlite;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Store;

namespace Sidecar.OutboxRelay.Upkeep;

/// <summary>The rows of <c>outbox_held</c>.</summary>
/// <remarks>
/// Rows go back into <c>outbox_event</c> with their own ids, which are below what a running relay has read: it is told
/// by a count in <c>outbox_meta</c>, in the same transaction, and begins again at the first row once nothing is under
/// way. So no later row of a key passes those that came back.
/// </remarks>
public sealed class SqliteParked(StoreOptions options, TimeProvider time) : IParkedRows
{
    private const string Meant =
        """
        ($id IS NULL OR m.id = $id) AND ($topic IS NULL OR m.topic = $topic) AND ($key IS NULL OR m.key = $key)
        AND ($reason IS NULL OR instr(m.reason, $reason) > 0) AND ($before IS NULL OR m.held_ms <= $before)
        """;

    private static readonly string Columns = string.Create(
        CultureInfo.InvariantCulture,
        $"""
        m.id, m.reason = '{HeldReasons.Behind}', m.topic, substr(m.key, 1, {ParkedLimits.KeyBytes}), m.reason, m.created_ms,
        m.held_ms, coalesce(octet_length(m.key), 0) + coalesce(octet_length(m.value), 0) + coalesce(octet_length(m.headers), 0)
        """);

    /// <inheritdoc/>
    public Task<StoreAnswer<IReadOnlyList<ParkedRow>>> ListAsync(ParkedFilter filter, int limit) =>
        AskAsync<IReadOnlyList<ParkedRow>>(connection => List(connection, filter, limit));

    /// <inheritdoc/>
    public Task<StoreAnswer<ParkedContent?>> ShowAsync(long id, int maxBytes) => AskAsync<ParkedContent?>(connection =>
    {
        using var command = Command(
            connection,
            $"""
            SELECT {Columns}, substr(CAST(m.headers AS TEXT), 1, {ParkedLimits.HeaderBytes}),
                   substr(CAST(m.value AS BLOB), 1, $bytes), coalesce(octet_length(m.value), 0)
              FROM outbox_held m WHERE {Meant}
            """,
            new ParkedFilter { Id = id });
        command.Parameters.AddWithValue("$bytes", maxBytes);
        using var reader = command.ExecuteReader();
        return reader.Read()
            ? new ParkedContent(
                Row(reader), reader.IsDBNull(8) ? null : reader.GetString(8), Bytes(reader, 9), reader.GetInt64(10))
            : null;
    });

    /// <inheritdoc/>
    public Task<StoreAnswer<ParkedCount>> RetryAsync(ParkedFilter filter) => AskAsync<ParkedCount>(connection =>
    {
        using var transaction = connection.BeginTransaction(deferred: false);
        var count = Return(
            connection,
            $"""
            ({Meant}) OR (m.key IS NOT NULL AND EXISTS (
              SELECT 1 FROM outbox_held o
               WHERE o.topic = m.topic AND o.key = m.key AND {Meant.Replace("m.", "o.", StringComparison.Ordinal)}))
            """,
            filter);
        transaction.Commit();
        return count;
    });

    /// <inheritdoc/>
    public Task<StoreAnswer<ParkedDrop>> DropAsync(ParkedFilter filter) => AskAsync<ParkedDrop>(connection =>
    {
        using var transaction = connection.BeginTransaction(deferred: false);
        var dropped = List(connection, filter, ParkedLimits.DroppedListed);
        using var delete = Command(connection, $"DELETE FROM outbox_held AS m WHERE {Meant}", filter);
        var rows = delete.ExecuteNonQuery();

        // What stands behind a row that is there goes on standing.
        var free = Return(
            connection,
            $"""
            m.reason = '{HeldReasons.Behind}' AND NOT EXISTS (
              SELECT 1 FROM outbox_held r
               WHERE r.topic = m.topic AND r.key = m.key AND r.id < m.id AND r.reason <> '{HeldReasons.Behind}')
            """,
            new ParkedFilter());
        transaction.Commit();
        return new ParkedDrop(dropped, rows, free.Rows);
    });

    private List<ParkedRow> List(SqliteConnection connection, ParkedFilter filter, int limit)
    {
        using var command = Command(
            connection, $"SELECT {Columns} FROM outbox_held m WHERE {Meant} ORDER BY m.id LIMIT $limit", filter);
        command.Parameters.AddWithValue("$limit", limit);
        using var reader = command.ExecuteReader();
        var rows = new List<ParkedRow>();
        while (reader.Read())
        {
            rows.Add(Row(reader));
        }

        return rows;
    }

    private ParkedCount Return(SqliteConnection connection, string which, ParkedFilter filter)
    {
        using var count = Command(
            connection,
            $"""
            SELECT count(*), count(DISTINCT m.topic || char(10) || coalesce(hex(m.key), 'row ' || m.id))
              FROM outbox_held m WHERE {which}
            """,
            filter);
        var found = Count(count);
        if (found.Rows > 0)
        {
            using var insert = Command(
                connection,
                $"""
                INSERT INTO outbox_event(id, topic, key, value, headers, created_ms)
                SELECT m.id, m.topic, m.key, m.value, m.headers, m.created_ms FROM outbox_held m WHERE {which}
                """,
                filter);
            insert.ExecuteNonQuery();
            SqliteFile.Execute(connection, "DELETE FROM outbox_held WHERE id IN (SELECT id FROM outbox_event)");
            SqliteReturns.Count(connection);
        }

        return found;
    }

    private static ParkedCount Count(SqliteCommand count)
    {
        using var reader = count.ExecuteReader();
        reader.Read();
        return new ParkedCount(reader.GetInt64(0), reader.GetInt64(1));
    }

    private static ParkedRow Row(SqliteDataReader reader) => new(
        reader.GetInt64(0), reader.GetInt64(1) != 0 ? HeldKind.Behind : HeldKind.Refused, reader.GetString(2),
        Bytes(reader, 3), reader.GetString(4))
    {
        CreatedMs = reader.GetInt64(5),
        HeldMs = reader.GetInt64(6),
        Bytes = reader.GetInt64(7),
    };

    private static byte[]? Bytes(SqliteDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetFieldValue<byte[]>(column);

    private SqliteCommand Command(SqliteConnection connection, string sql, ParkedFilter filter)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        var before = time.GetUtcNow() - filter.OlderThan;
        command.Parameters.AddWithValue("$id", (object?)filter.Id ?? DBNull.Value);
        command.Parameters.AddWithValue("$topic", (object?)filter.Topic ?? DBNull.Value);
        command.Parameters.AddWithValue("$key", (object?)filter.Key ?? DBNull.Value);
        command.Parameters.AddWithValue("$reason", (object?)filter.Reason ?? DBNull.Value);
        command.Parameters.AddWithValue("$before", (object?)before?.ToUnixTimeMilliseconds() ?? DBNull.Value);
        return command;
    }

    private Task<StoreAnswer<T>> AskAsync<T>(Func<SqliteConnection, StoreAnswer<T>> question)
    {
        try
        {
            using var connection = SqliteFile.Connect(options.SqlitePath, options.BusyTimeout);
            var outbox = SqliteFile.Check(connection, options.SqlitePath);
            return Task.FromResult(outbox.Problem is { } problem ? problem : question(connection));
        }
        catch (SqliteException e)
        {
            return Task.FromResult<StoreAnswer<T>>(SqliteFile.Explain(e, options.SqlitePath));
        }
    }
}
