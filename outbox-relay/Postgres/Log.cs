using Microsoft.Extensions.Logging;

namespace Sidecar.OutboxRelay.Postgres;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Debug, Message = "Slot {Slot} of the log is emptied: {Rows} rows, all settled")]
    public static partial void SlotEmptied(this ILogger log, int slot, string rows);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The proof of slot {Slot} of the log did not end within {Seconds} s: it is tried again after the other slots, " +
            "for at most {Next} s")]
    public static partial void ProofTakesLong(this ILogger log, int slot, double seconds, double next);

    [LoggerMessage(Level = LogLevel.Error, Message = "Alarm ({Kind} {Subject}): {Text}")]
    public static partial void AlarmRaised(this ILogger log, string kind, string subject, string text);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The log's slots cannot be kept now: {Reason}")]
    public static partial void HousekeepingFailed(this ILogger log, string reason);
}
