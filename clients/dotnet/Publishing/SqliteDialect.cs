using System.Data.Common;

namespace Sidecar.Client.Publishing;

/// <summary>
/// SQLite, through Microsoft.Data.Sqlite. There is one writer at a time, so that the order is strict by itself.
/// </summary>
internal sealed class SqliteDialect()
    : OutboxDialect("Microsoft.Data.Sqlite.SqliteConnection", "Microsoft.Data.Sqlite.SqliteParameter")
{
    private const string InsertSql = """
        INSERT INTO outbox_event(topic, key, value, headers, created_ms)
        VALUES(@topic, @key, @value, @headers, @created_ms)
        """;

    /// <summary>The database is in the process: a statement for each event costs no round trip.</summary>
    public override int LargestStatementEvents => 1;

    public override void Write(DbCommand command, ReadOnlySpan<OutboxRow> rows)
    {
        command.CommandText = InsertSql;
        var row = rows[0];
        Add(command, row.Topic).ParameterName = "@topic";
        Add(command, row.Key).ParameterName = "@key";
        Add(command, row.Value).ParameterName = "@value";
        Add(command, row.Headers).ParameterName = "@headers";
        Add(command, row.CreatedMs).ParameterName = "@created_ms";
    }

    public override string? Explain(Exception error) =>
        error is DbException && error.Message.Contains("no such table: outbox_event", StringComparison.Ordinal)
            ? "The database has no outbox. Create it once: outbox-relay init --apply --sqlite FILE"
            : null;
}
