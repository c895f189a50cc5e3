using Microsoft.Extensions.Logging;

namespace Sidecar.OutboxRelay.Hosting;

internal static partial class Log
{
    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "outbox-relay {Version} started; metrics and health on {Addresses}; outbox {Database}")]
    public static partial void Started(this ILogger log, string version, string addresses, string database);

    [LoggerMessage(Level = LogLevel.Information, Message = "Stopped")]
    public static partial void Stopped(this ILogger log);

    [LoggerMessage(
        Level = LogLevel.Critical,
        Message = "Cannot listen on port {Port}: {Reason}. Choose another with --metrics-port")]
    public static partial void NoPort(this ILogger log, int port, string reason);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The relay's loop has failed; the process ends")]
    public static partial void LoopFailed(this ILogger log, Exception error);
}
