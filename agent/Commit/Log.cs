using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Sidecar.Agent.Commit;

internal static partial class Log
{
    [LoggerMessage(400, LogLevel.Warning, "{Topic}/{Partition}: the last commit, of offset {Offset}, was not accepted "
        + "({Error}); what is done above the one before it may be delivered again")]
    public static partial void NotCommitted(ILogger logger, string topic, int partition, long offset, ErrorCode error);
}
