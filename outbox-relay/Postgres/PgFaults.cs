using System.Net.Sockets;
using Npgsql;
using Sidecar.OutboxRelay.Contracts;

namespace Sidecar.OutboxRelay.Postgres;

/// <summary>Says in a sentence what PostgreSQL or the way to it meant. No sentence holds a secret.</summary>
internal static class PgFaults
{
    /// <summary>What a database can do to its user; anything else is a bug and goes up.</summary>
    public static bool IsOne(Exception e) =>
        e is NpgsqlException or TimeoutException or IOException or SocketException or OperationCanceledException;

    /// <summary>The problem, for the line.</summary>
    public static StoreProblem Explain(Exception e, string address)
    {
        if (e is PostgresException answer)
        {
            return new StoreProblem(FaultOf(answer.SqlState), $"{address}: {Sentence(answer)}");
        }

        return e is TimeoutException or { InnerException: TimeoutException } or OperationCanceledException
            ? new StoreProblem(StoreFault.NoDatabase, $"{address} does not answer in time")
            : new StoreProblem(StoreFault.NoDatabase, $"{address} cannot be reached: {Innermost(e)}");
    }

    private static StoreFault FaultOf(string state) => state switch
    {
        PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedFunction or
        PostgresErrorCodes.UndefinedColumn or PostgresErrorCodes.InvalidSchemaName => StoreFault.NoSchema,

        PostgresErrorCodes.InvalidCatalogName or PostgresErrorCodes.CannotConnectNow or
        PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or
        PostgresErrorCodes.TooManyConnections => StoreFault.NoDatabase,

        PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.QueryCanceled or
        PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure => StoreFault.Busy,

        // Not a closed set of ours.
        _ => StoreFault.Failed,
    };

    private static string Sentence(PostgresException e) => e.SqlState switch
    {
        PostgresErrorCodes.QueryCanceled => "a statement took longer than it may",
        PostgresErrorCodes.LockNotAvailable => "another holds a lock",
        PostgresErrorCodes.ReadOnlySqlTransaction => "it is read-only",
        PostgresErrorCodes.InsufficientPrivilege when e.Hint is null =>
            $"{e.MessageText}: connect as a member of outbox_relay (GRANT outbox_relay TO the role), or as the outbox's owner",
        _ => e.Hint is null ? e.MessageText : $"{e.MessageText} ({e.Hint})",
    };

    private static string Innermost(Exception e)
    {
        while (e.InnerException is { } inner)
        {
            e = inner;
        }

        return e.Message;
    }
}
