using System.Data.Common;

namespace Sidecar.Client.Publishing;

/// <summary>
/// How an event is put into the outbox of one kind of database. It is chosen by the name of the connection's type,
/// so that the client links no database driver.
/// </summary>
internal sealed record OutboxDialect(string ConnectionType, string InsertSql, string MissingTable, string CreateWith)
{
    private static readonly OutboxDialect Sqlite = new(
        ConnectionType: "Microsoft.Data.Sqlite.SqliteConnection",
        InsertSql: """
            INSERT INTO outbox_event(topic, key, value, headers, created_ms)
            VALUES(@topic, @key, @value, @headers, @created_ms)
            """,
        MissingTable: "no such table: outbox_event",
        CreateWith: "outbox-relay init --apply --sqlite FILE");

    private static readonly OutboxDialect[] All = [Sqlite];

    /// <exception cref="NotSupportedException">No dialect fits the connection.</exception>
    public static OutboxDialect Of(DbConnection connection)
    {
        for (var type = connection.GetType(); type is not null; type = type.BaseType)
        {
            if (Array.Find(All, dialect => dialect.ConnectionType == type.FullName) is { } dialect)
            {
                return dialect;
            }
        }

        throw new NotSupportedException(
            $"Events cannot be published on a {connection.GetType().FullName}. What works: " +
            $"{string.Join(", ", All.Select(dialect => dialect.ConnectionType))}. If this connection wraps one of " +
            "these, publish on the transaction inside.");
    }

    public bool IsMissingTable(DbException error) => error.Message.Contains(MissingTable, StringComparison.Ordinal);
}
