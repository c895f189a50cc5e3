using Microsoft.Extensions.Logging;

namespace Sidecar.Agent.Health;

internal static partial class Log
{
    [LoggerMessage(350, LogLevel.Debug, "The application at {Address} is asked for its health by {Way}: {Detail}")]
    public static partial void FallsBack(ILogger logger, string address, HealthWay way, string detail);
}
