using System.Data.Common;

namespace Sidecar.Client.Publishing;

/// <summary>Finds the dialect of a connection.</summary>
internal static class OutboxDialects
{
    private static readonly OutboxDialect[] All = [new PostgresDialect(), new SqliteDialect()];

    /// <exception cref="NotSupportedException">No dialect fits the connection.</exception>
    public static OutboxDialect Of(DbConnection connection)
    {
        if (Find(connection, dialect => dialect.ConnectionType) is { } dialect)
        {
            return dialect;
        }

        // It may wrap a connection that we know, to measure or to log.
        if (MakeParameter(connection) is { } parameter && Find(parameter, dialect => dialect.ParameterType) is { } inner)
        {
            return inner;
        }

        throw new NotSupportedException(
            $"Events cannot be published on a {connection.GetType().FullName}. What works: " +
            $"{string.Join(", ", All.Select(dialect => dialect.ConnectionType))}, and what wraps them and makes their " +
            "parameters. If this connection wraps one of these, publish on the transaction inside.");
    }

    private static OutboxDialect? Find(object driverObject, Func<OutboxDialect, string> typeName)
    {
        for (var type = driverObject.GetType(); type is not null; type = type.BaseType)
        {
            if (Array.Find(All, dialect => typeName(dialect) == type.FullName) is { } dialect)
            {
                return dialect;
            }
        }

        return null;
    }

    private static DbParameter? MakeParameter(DbConnection connection)
    {
        try
        {
            using var command = connection.CreateCommand();
            return command.CreateParameter();
        }
        catch (NotSupportedException)
        {
            return null;
        }
    }
}
