using Microsoft.Data.Sqlite;
using Sidecar.OutboxRelay.Contracts;

namespace Sidecar.OutboxRelay.Store;

/// <summary>Applies the schema to a file, which it creates where there is none.</summary>
public static class SqliteSchema
{
    /// <summary>The outbox's id, or what stood in the way. May be run again at any time.</summary>
    public static StoreAnswer<string> Apply(StoreOptions options)
    {
        try
        {
            using var connection = SqliteFile.Connect(options.SqlitePath, options.BusyTimeout, create: true);
            SqliteFile.Execute(connection, Schema.Sql);
            return SqliteFile.Check(connection, options.SqlitePath);
        }
        catch (SqliteException e)
        {
            return SqliteFile.Explain(e, options.SqlitePath);
        }
    }
}
