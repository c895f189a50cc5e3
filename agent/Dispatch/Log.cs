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
        ILogger logger, string subscription, string position, string end, int attempts, StatusCode status, string? reason);

    [LoggerMessage(302, LogLevel.Warning, "{Subscription}: the connection was lost while {Position} was with the "
        + "application ({Reason}); it will be sent again")]
    public static partial void Interrupted(ILogger logger, string subscription, TopicPosition position, string? reason);

    [LoggerMessage(303, LogLevel.Warning, "{Subscription}: {Position} is in the dead-letter topic: {Outcome} after {Attempts} "
        + "attempts ({Reason})")]
    public static partial void DeadLettered(
        ILogger logger, string subscription, TopicPosition position, string outcome, int attempts, string? reason);

    [LoggerMessage(308, LogLevel.Warning, "{Subscription}: {Count} dead letters within a minute; more are not logged one by one "
        + "until it is over. sidecar_dead_letters_total counts them, and agent dlq list shows them")]
    public static partial void MoreDeadLetters(ILogger logger, string subscription, int count);

    [LoggerMessage(304, LogLevel.Error, "{Subscription}: the partition stands at {Position}: the topic {Topic} does not take its "
        + "dead letter ({Reason}). Raise max.message.bytes of that topic above the source's, and restart the agent")]
    public static partial void LetterTooLarge(
        ILogger logger, string subscription, TopicPosition position, string topic, string reason);

    [LoggerMessage(305, LogLevel.Error, "{Subscription}: {Position} is parked: {End} after {Attempts} attempts ({Status}: "
        + "{Reason}). Its key waits, other keys go on; restart the agent when the application or the event is mended")]
    public static partial void Parked(
        ILogger logger, string subscription, string position, string end, int attempts, StatusCode status, string? reason);

    [LoggerMessage(306, LogLevel.Debug, "{Subscription}: {Position} waits in {Topic}: {Outcome} after {Attempts} attempts ({Reason})")]
    public static partial void Resent(
        ILogger logger, string subscription, TopicPosition position, string topic, string outcome, int attempts, string? reason);

    [LoggerMessage(307, LogLevel.Error, "{Subscription}: the partition stands at {Position}: the topic {Topic} does not take a copy of "
        + "it ({Reason}). Raise max.message.bytes of that topic above the source's, and restart the agent")]
    public static partial void ResendTooLarge(
        ILogger logger, string subscription, TopicPosition position, string topic, string reason);
}
