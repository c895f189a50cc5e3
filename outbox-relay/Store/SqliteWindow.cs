using System.Text.Json;
using Microsoft.Data.Sqlite;
using Sidecar.OutboxRelay.Contracts;

namespace Sidecar.OutboxRelay.Store;

/// <summary>Where a read begins, and the epoch that it is done under.</summary>
internal readonly record struct WindowStart(long After, long Epoch);

/// <summary>Reads the next rows, bounded by rows and bytes, prepared for one connection.</summary>
internal sealed class SqliteWindow : IDisposable
{
    // A part that is larger than what Kafka takes is measured, not read. A key of type TEXT is the same key as its
    // bytes. Where a refused row is parked alone, only a key that has rows behind one goes on standing.
    private const string Select =
        """
        SELECT e.id, e.topic, e.created_ms,
               CASE WHEN octet_length(e.key) <= $max THEN e.key END,
               CASE WHEN octet_length(e.value) <= $max THEN e.value END,
               CASE WHEN octet_length(e.headers) <= $max THEN e.headers END,
               coalesce(octet_length(e.key), 0) + coalesce(octet_length(e.value), 0)
                 + coalesce(octet_length(e.headers), 0),
               EXISTS(SELECT 1 FROM outbox_held h
                       WHERE h.topic = e.topic AND h.key = CAST(e.key AS BLOB) AND h.id < e.id
                         AND ($hold OR h.reason = $behind))
          FROM outbox_event e
         WHERE e.id > $after
        """;

    private const string Order = " ORDER BY e.id LIMIT $rows";

    private static readonly string[] Names = ["$max", "$after", "$rows", "$hold", "$behind"];

    private readonly StoreOptions options;
    private readonly SqliteCommand all;
    private readonly SqliteCommand without;
    private readonly SqliteCommand last;
    private string lastTopic = "";

    public SqliteWindow(SqliteConnection connection, StoreOptions options)
    {
        this.options = options;
        all = SqliteLease.Prepare(connection, Select + Order, Names);
        without = SqliteLease.Prepare(
            connection, Select + " AND e.topic NOT IN (SELECT value FROM json_each($waiting))" + Order,
            [.. Names, "$waiting"]);
        without.Parameters["$waiting"].SqliteType = SqliteType.Text;
        foreach (var command in (SqliteCommand[])[all, without])
        {
            command.Parameters["$hold"].Value = options.OnRefused == OnRefused.Hold ? 1 : 0;
            command.Parameters["$behind"].SqliteType = SqliteType.Text;
            command.Parameters["$behind"].Value = HeldReasons.Behind;
        }

        last = SqliteLease.Prepare(connection, "SELECT coalesce(max(id), 0) FROM outbox_event");
    }

    public void Dispose()
    {
        all.Dispose();
        without.Dispose();
        last.Dispose();
    }

    public (List<OutboxRow> Rows, long ReadTo) Read(
        WindowStart from, IReadOnlyCollection<string> waitingTopics, long maxPartBytes)
    {
        var after = from.After;

        // Asked first: a row that is committed between the two statements has a larger id, and is read next time.
        var end = Math.Max((long)last.ExecuteScalar()!, after);
        var command = waitingTopics.Count == 0 ? all : without;
        command.Parameters["$max"].Value = maxPartBytes;
        command.Parameters["$after"].Value = after;
        command.Parameters["$rows"].Value = options.WindowRows;
        if (waitingTopics.Count > 0)
        {
            command.Parameters["$waiting"].Value = Json(waitingTopics);
        }

        var rows = new List<OutboxRow>();
        var bytes = 0L;
        using var reader = command.ExecuteReader();
        while (bytes < options.WindowBytes && reader.Read())
        {
            var row = Row(reader, from.Epoch);
            bytes += Math.Min(row.StoredBytes, maxPartBytes);
            rows.Add(row);
        }

        var full = rows.Count == options.WindowRows || bytes >= options.WindowBytes;
        var readTo = full || (rows.Count > 0 && rows[^1].Id > end) ? rows[^1].Id : end;
        return (rows, readTo);
    }

    private OutboxRow Row(SqliteDataReader reader, long epoch)
    {
        var topic = reader.GetString(1);
        lastTopic = topic == lastTopic ? lastTopic : topic;
        return new OutboxRow
        {
            Id = reader.GetInt64(0),
            Epoch = epoch,
            Topic = lastTopic,
            CreatedMs = reader.GetInt64(2),
            Key = Bytes(reader, 3),
            Value = Bytes(reader, 4),
            Headers = Bytes(reader, 5),
            StoredBytes = reader.GetInt64(6),
            BehindHeld = reader.GetInt64(7) != 0,
        };
    }

    private static byte[]? Bytes(SqliteDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetFieldValue<byte[]>(column);

    private static string Json(IReadOnlyCollection<string> topics)
    {
        using var memory = new MemoryStream();
        using (var json = new Utf8JsonWriter(memory))
        {
            json.WriteStartArray();
            foreach (var topic in topics)
            {
                json.WriteStringValue(topic);
            }

            json.WriteEndArray();
        }

        return System.Text.Encoding.UTF8.GetString(memory.GetBuffer(), 0, (int)memory.Length);
    }
}
