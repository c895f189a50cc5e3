using Microsoft.Extensions.Logging;

namespace Sidecar.OutboxRelay.Wal;

internal static partial class Log
{
    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Making the slot {Slot}: the server waits for the transactions that run; the table is read meanwhile")]
    public static partial void MakesSlot(this ILogger log, string slot);

    [LoggerMessage(Level = LogLevel.Information, Message = "Reading the write-ahead log through the slot {Slot}")]
    public static partial void Streams(this ILogger log, string slot);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Reading the table, not the write-ahead log: {Reason}")]
    public static partial void FallsBack(this ILogger log, string reason);
}
