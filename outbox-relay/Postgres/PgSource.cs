using Npgsql;

namespace Sidecar.OutboxRelay.Postgres;

/// <summary>Makes the sources of connections: what every connection of ours is like, and how long it waits.</summary>
internal static class PgSource
{
    /// <summary>The longest that one statement of <c>init --apply</c> may take.</summary>
    public static readonly TimeSpan InstallTimeout = TimeSpan.FromMinutes(1);

    /// <summary>The longest that connecting may take, in seconds.</summary>
    public const int ConnectSeconds = 5;

    /// <summary>Silence on a connection after which the kernel asks the other end, in seconds.</summary>
    public const int KeepaliveSeconds = 10;

    // Whatever is the default of the database or the role: what is looked at under a lock must be what is there by then.
    private const string Isolation = @"-c default_transaction_isolation=read\ committed";

    private const int LargestPool = 4;
    private const int ReplicationBufferBytes = 64 * 1024;

    /// <summary>
    /// A source whose statements end within <paramref name="statementTimeout"/>: the server ends them, and where it does not
    /// answer any more, the connection is given up a second later.
    /// </summary>
    /// <param name="address">Where the database is.</param>
    /// <param name="statementTimeout">How long a statement may take, and a transaction of ours may stand idle.</param>
    /// <param name="endsIdle">False: how long that is stays what it is for everybody, for whoever looks at it.</param>
    public static NpgsqlDataSource Create(PgAddress address, TimeSpan statementTimeout, bool endsIdle = true)
    {
        var settings = Settings(address);
        settings.CommandTimeout = (int)Math.Ceiling(statementTimeout.TotalSeconds) + 1;
        settings.CancellationTimeout = -1;
        settings.MaxPoolSize = LargestPool;
        settings.MaxAutoPrepare = 0;
        settings.IncludeErrorDetail = false;
        settings.PersistSecurityInfo = false;
        var milliseconds = (long)statementTimeout.TotalMilliseconds;
        settings.Options = $"{settings.Options} -c statement_timeout={milliseconds} " +
            (endsIdle ? $"-c idle_in_transaction_session_timeout={milliseconds} " : "") + Isolation;
        var builder = new NpgsqlSlimDataSourceBuilder(settings.ConnectionString);
        builder.EnableTransportSecurity();
        builder.EnableArrays();
        return settings.Host!.Contains(',', StringComparison.Ordinal)
            ? builder.BuildMultiHost().WithTargetSession(TargetSessionAttributes.ReadWrite)
            : builder.Build();
    }

    /// <summary>The text for a connection that replicates, to the server that another one is connected to.</summary>
    public static string ForReplication(PgAddress address, NpgsqlConnection connected)
    {
        var settings = Settings(address);
        (settings.Host, settings.Port) = (connected.Host, connected.Port);
        settings.ApplicationName += " wal";
        settings.ReadBufferSize = ReplicationBufferBytes;
        settings.Remove("Target Session Attributes");
        return settings.ConnectionString;
    }

    private static NpgsqlConnectionStringBuilder Settings(PgAddress address)
    {
        var settings = address.Settings();
        settings.ApplicationName ??= "outbox-relay";
        settings.Timeout = Math.Min(settings.Timeout, ConnectSeconds);
        settings.TcpKeepAlive = true;
        settings.TcpKeepAliveTime = KeepaliveSeconds;
        settings.TcpKeepAliveInterval = 1;
        return settings;
    }
}
