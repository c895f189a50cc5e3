using System.Data;
using System.Data.Common;

namespace Sidecar.Client.Publishing;

/// <summary>PostgreSQL, through Npgsql: one call of <c>outbox.publish</c> for each event.</summary>
internal sealed class PostgresDialect() : OutboxDialect("Npgsql.NpgsqlConnection", "Npgsql.NpgsqlParameter")
{
    private const string MissingSchema = "3F000";
    private const string MissingFunction = "42883";
    private const string NoPermission = "42501";

    // The types are said, since outbox.publish takes a key as bytes and as text, and a null has no type of its own.
    private const string PublishOne = "SELECT outbox.publish($1::text, $2::bytea, $3::bytea, $4::jsonb, $5)";

    // The server calls functions that change something after it has sorted: the ids ascend in the order of the events.
    private const string PublishSeveral = """
        SELECT outbox.publish(e.topic, e.key, e.value, e.headers::jsonb, e.strict)
        FROM unnest($1::text[], $2::bytea[], $3::bytea[], $4::text[], $5::boolean[])
          WITH ORDINALITY AS e(topic, key, value, headers, strict, number)
        ORDER BY e.number
        """;

    public override int LargestStatementEvents => 1_000;

    // The texts are constants; what comes from the caller goes as parameters.
    public override void Write(DbCommand command, ReadOnlySpan<OutboxRow> rows)
    {
        if (rows.Length == 1)
        {
            command.CommandText = PublishOne;
            var row = rows[0];
            Add(command, row.Topic).DbType = DbType.String;
            Add(command, row.Key).DbType = DbType.Binary;
            Add(command, row.Value).DbType = DbType.Binary;
            Add(command, row.Headers).DbType = DbType.String;
            Add(command, row.Strict).DbType = DbType.Boolean;
            return;
        }

        command.CommandText = PublishSeveral;
        var (topics, headers) = (new string[rows.Length], new string?[rows.Length]);
        var (keys, values, strict) = (new byte[]?[rows.Length], new byte[]?[rows.Length], new bool[rows.Length]);
        for (var i = 0; i < rows.Length; i++)
        {
            (topics[i], keys[i], values[i], headers[i], strict[i]) =
                (rows[i].Topic, rows[i].Key, rows[i].Value, rows[i].Headers, rows[i].Strict);
        }

        foreach (var column in (object[])[topics, keys, values, headers, strict])
        {
            Add(command, column);
        }
    }

    public override string? Explain(Exception error) => error switch
    {
        DbException { SqlState: MissingSchema or MissingFunction } =>
            "The database has no outbox, or an older one. Create it once: " +
            "outbox-relay init --apply --postgres CONNECTION",
        DbException { SqlState: NoPermission } =>
            "The role that the application connects as may not publish. Let an administrator run: " +
            "GRANT outbox_writer TO that_role",
        InvalidCastException =>
            "Npgsql cannot write arrays here, which several events in one call take. Call EnableArrays() on the " +
            "NpgsqlSlimDataSourceBuilder, or publish them one by one.",
        _ => null,
    };
}
