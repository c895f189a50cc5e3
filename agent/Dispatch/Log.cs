using Grpc.Core;
using Microsoft.Extensions.Logging;
using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.Dispatch;

internal static partial class Log
{
    [LoggerMessage(300, LogLevel.Debug, "{Subscription}: {Position} failed, attempt {Attempts} ({Status}: {Reason}); it will be tried "
        + "again")]
    public static partial void WillRetry(
        ILogger logger, string subscription, TopicPosition position, int attempts, StatusCode status, string? reason);

    [LoggerMessage(301, LogLevel.Error, "{Subscription}: the partition stands at {Position}: {End} after {Attempts} attempts ({Status}: "
        + "{Reason}). "
        + "Mend the application or the event and restart the agent; nothing of the partition is lost")]
    public static partial void Stands(
        ILogger logger, string subscription, TopicPosition position, string end, int attempts, StatusCode status, string? reason);

    [LoggerMessage(302, LogLevel.Warning, "{Subscription}: the connection was lost while {Position} was with the "
        + "application ({Reason}); it will be sent again")]
    public static partial void Interrupted(ILogger logger, string subscription, TopicPosition position, string? reason);
}
