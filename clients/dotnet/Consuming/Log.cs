using Microsoft.Extensions.Logging;

namespace Sidecar.Client.Consuming;

internal static partial class Log
{
    [LoggerMessage(
        1, LogLevel.Error, "The handler of {Type} failed on {Topic}/{Partition}/{Offset}, attempt {Attempt}")]
    public static partial void HandlerFailed(
        ILogger logger, Exception error, string type, string topic, int partition, long offset, int attempt);
}
