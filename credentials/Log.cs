using Microsoft.Extensions.Logging;

namespace Sidecar.Credentials;

internal static partial class Log
{
    [LoggerMessage(700, LogLevel.Information, "The Kafka credentials in {Directory} have changed: {What}")]
    public static partial void Changed(ILogger logger, string directory, string what);

    [LoggerMessage(701, LogLevel.Warning, "The Kafka credentials cannot be used as they are now, those of before stay in force: {Problem}")]
    public static partial void Unusable(ILogger logger, string problem);

    [LoggerMessage(702, LogLevel.Information, "The Kafka credentials in {Directory} can be used again")]
    public static partial void UsableAgain(ILogger logger, string directory);

    [LoggerMessage(703, LogLevel.Warning, "The client's certificate {File} ended at {End}: brokers will refuse it. Renew it")]
    public static partial void Ended(ILogger logger, string file, DateTimeOffset end);
}
