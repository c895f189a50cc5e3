using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Sidecar.Agent.Source;

internal static partial class Log
{
    [LoggerMessage(500, LogLevel.Information, "Joining group {Group} for {Topics} at {BootstrapServers}")]
    public static partial void Joining(ILogger logger, string group, string topics, string bootstrapServers);

    [LoggerMessage(501, LogLevel.Information, "{Topic}/{Partition}: assigned, from offset {Offset}; {Runs} runs above it are done already")]
    public static partial void Assigned(ILogger logger, string topic, int partition, long offset, int runs);

    [LoggerMessage(502, LogLevel.Information, "{Topic}/{Partition}: {Why}; done up to offset {Committable}")]
    public static partial void Gone(ILogger logger, string topic, int partition, string why, long committable);

    [LoggerMessage(503, LogLevel.Warning, "{Topic}/{Partition}: let go with {Open} events in flight, from offset "
        + "{Committable} on; they will be delivered again")]
    public static partial void CutShort(ILogger logger, string topic, int partition, int open, long committable);

    [LoggerMessage(504, LogLevel.Debug, "{Topic}/{Partition}: paused, {Reason} is full")]
    public static partial void Paused(ILogger logger, string topic, int partition, string reason);

    [LoggerMessage(505, LogLevel.Warning, "Kafka client: {Code}: {Reason}")]
    public static partial void ClientError(ILogger logger, ErrorCode code, string reason);

    [LoggerMessage(506, LogLevel.Error, "{Topic}/{Partition}: stands: {Reason}")]
    public static partial void Stands(ILogger logger, string topic, int partition, string reason);

    [LoggerMessage(507, LogLevel.Warning, "{Topic}/{Partition}: the metadata committed with offset {Offset} is not ours or "
        + "is damaged; it is ignored, and what is above the offset is delivered")]
    public static partial void ForeignMetadata(ILogger logger, string topic, int partition, long offset);

    [LoggerMessage(508, LogLevel.Information, "{Topic}/{Partition}: the group has no offset; it starts at {Offset} ({Start})")]
    public static partial void StartsAt(ILogger logger, string topic, int partition, long offset, StartAt start);

    [LoggerMessage(509, LogLevel.Information, "Draining: {Open} events in flight, at most {Timeout}")]
    public static partial void Draining(ILogger logger, int open, TimeSpan timeout);

    [LoggerMessage(512, LogLevel.Information, "{Subscription}: it goes; {Open} events are open, those in flight may end for {Timeout}")]
    public static partial void Goes(ILogger logger, string subscription, int open, TimeSpan timeout);

    [LoggerMessage(513, LogLevel.Information, "{Subscription}: it has gone, and its partitions with it")]
    public static partial void HasGone(ILogger logger, string subscription);

    [LoggerMessage(510, LogLevel.Information, "Left the group")]
    public static partial void Left(ILogger logger);

    [LoggerMessage(540, LogLevel.Information, "Drained: other pods take over. Waiting for SIGTERM")]
    public static partial void Drained(ILogger logger);

    [LoggerMessage(511, LogLevel.Debug, "librdkafka {Facility}: {Text}")]
    public static partial void Librdkafka(ILogger logger, string facility, string text);

    [LoggerMessage(520, LogLevel.Information, "{Topic}/{Partition}: {Events} events of {Keys} keys wait in retry topics")]
    public static partial void RetriesKnown(ILogger logger, string topic, int partition, int events, int keys);
}
