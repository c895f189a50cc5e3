using Microsoft.Extensions.Logging;

namespace Sidecar.Agent.Operating;

internal static partial class Log
{
    [LoggerMessage(600, LogLevel.Warning, "{Subscription}: paused by {Who}: {Why}")]
    public static partial void Paused(ILogger logger, string subscription, string who, string why);

    [LoggerMessage(601, LogLevel.Warning, "{Subscription}: resumed by {Who}")]
    public static partial void Resumed(ILogger logger, string subscription, string who);
}
