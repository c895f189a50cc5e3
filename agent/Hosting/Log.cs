using Microsoft.Extensions.Logging;

namespace Sidecar.Agent.Hosting;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Agent {Version} is live; metrics and health at {Address}, for people at {Admin}")]
    public static partial void Started(ILogger logger, string version, string address, string admin);

    [LoggerMessage(2, LogLevel.Information, "Stopped")]
    public static partial void Stopped(ILogger logger);

    [LoggerMessage(3, LogLevel.Critical, "The agent ends: a part that must not end has failed")]
    public static partial void Failed(ILogger logger, Exception error);

    [LoggerMessage(4, LogLevel.Critical, "A port of the agent is taken by another program: {Reason} Choose another "
        + "with SIDECAR_METRICS_PORT (now {Port}), SIDECAR_ADMIN_PORT ({AdminPort}) or SIDECAR_API_PORT ({ApiPort})")]
    public static partial void PortTaken(ILogger logger, string reason, int port, int adminPort, int apiPort);

    [LoggerMessage(6, LogLevel.Information, "The configuration has changed. {Changes}. Waiting for a restart: [{NeedRestart}]")]
    public static partial void Reloads(ILogger logger, string changes, string needRestart);

    [LoggerMessage(7, LogLevel.Error, "The changed configuration has {Count} errors; the last good one stays in force. {Errors}")]
    public static partial void ReloadRefused(ILogger logger, int count, string errors);

    [LoggerMessage(8, LogLevel.Information, "The configuration is right again; nothing of what is in force has changed")]
    public static partial void ReloadMended(ILogger logger);

    [LoggerMessage(5, LogLevel.Warning, "{Warning}")]
    public static partial void Warned(ILogger logger, string warning);
}
