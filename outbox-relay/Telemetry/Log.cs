using Microsoft.Extensions.Logging;

namespace Sidecar.OutboxRelay.Telemetry;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Waiting for {What}: {Reason}")]
    public static partial void Waits(this ILogger log, string what, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "No longer waiting for {What}")]
    public static partial void GoesOn(this ILogger log, string what);
}
