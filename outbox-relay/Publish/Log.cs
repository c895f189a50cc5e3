using Microsoft.Extensions.Logging;

namespace Sidecar.OutboxRelay.Publish;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Topic {Topic} can be written now")]
    public static partial void TopicCame(this ILogger log, string topic);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The Kafka producer is made again: {Reason}")]
    public static partial void Rebuilt(this ILogger log, string reason);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "A broker refused a batch of {Records} records for its size: batches are at most {Bytes} bytes now")]
    public static partial void SmallerBatches(this ILogger log, int records, int bytes);

    [LoggerMessage(Level = LogLevel.Debug, Message = "librdkafka {Facility}: {Text}")]
    public static partial void Library(this ILogger log, string facility, string text);
}
