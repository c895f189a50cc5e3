using Microsoft.Extensions.Logging;

namespace Sidecar.OutboxRelay;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Took the lease of outbox {Outbox} in epoch {Epoch}")]
    public static partial void LeaseTaken(this ILogger log, long epoch, string outbox);

    [LoggerMessage(Level = LogLevel.Information, Message = "The lease of epoch {Epoch} has ended: {Reason}")]
    public static partial void LeaseEnded(this ILogger log, long epoch, string reason);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Stopped before Kafka answered for {Rows} rows from id {FirstId} on; they are sent again later")]
    public static partial void LeftBehind(this ILogger log, int rows, long firstId);

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "Row {Id} is set aside: {Reason}")]
    public static partial void Held(this ILogger log, long id, string reason);
}
