using System.Net.Sockets;
using Npgsql;

namespace Sidecar.OutboxRelay.Wal;

/// <summary>Says what a server meant that does not let us read its log. No sentence holds a secret.</summary>
internal static class WalFaults
{
    /// <summary>The setting that logical decoding needs; a change of it needs a restart of the server.</summary>
    public static readonly WalProblem NotLogical = new(
        WalLoss.NotLogical, "wal_level is not logical: set wal_level = logical on the server and restart it");

    /// <summary>What a server, or the way to it, can do; anything else is a bug and goes up.</summary>
    public static bool IsOne(Exception e) => e is NpgsqlException or TimeoutException or IOException or SocketException
        or InvalidDataException or ObjectDisposedException or OperationCanceledException;

    /// <summary>The problem.</summary>
    public static WalProblem Explain(Exception e) => e switch
    {
        InvalidDataException => new WalProblem(WalLoss.Unreadable, $"the stream holds {e.Message}"),
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } answer => new WalProblem(
            WalLoss.NotAllowed, $"{answer.MessageText}: run ALTER ROLE ... REPLICATION for the relay's role"),
        PostgresException { SqlState: PostgresErrorCodes.InvalidAuthorizationSpecification } answer => new WalProblem(
            WalLoss.NotAllowed, $"{answer.MessageText}: pg_hba.conf must let the relay's role replicate from this address"),
        PostgresException
        {
            SqlState: PostgresErrorCodes.ConfigurationLimitExceeded or PostgresErrorCodes.TooManyConnections,
        } answer => new WalProblem(
            WalLoss.NoneFree, $"{answer.MessageText}: max_replication_slots and max_wal_senders say how many there are"),
        PostgresException answer => new WalProblem(WalLoss.Broken, answer.MessageText),
        _ => new WalProblem(WalLoss.Broken, $"the connection was lost: {e.GetBaseException().Message}"),
    };
}
