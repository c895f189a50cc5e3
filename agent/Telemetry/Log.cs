using Microsoft.Extensions.Logging;

namespace Sidecar.Agent.Telemetry;

internal static partial class Log
{
    [LoggerMessage(100, LogLevel.Warning, "Waiting for {What}: {Reason}")]
    public static partial void Waiting(ILogger logger, string what, string reason);

    [LoggerMessage(101, LogLevel.Information, "No longer waiting for {What}")]
    public static partial void NoLongerWaiting(ILogger logger, string what);
}
