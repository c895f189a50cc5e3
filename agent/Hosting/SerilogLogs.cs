using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting.Compact;
using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent.Hosting;

/// <summary>Where the log goes: standard output, as text on a terminal and as one JSON object a line elsewhere.</summary>
internal sealed class SerilogLogs : IAsyncDisposable
{
    private const string Template = "{Timestamp:HH:mm:ss.fff} {Level:u3} {Message:lj}{NewLine}{Exception}";

    private readonly LoggingLevelSwitch level = new();
    private readonly Logger logger;

    public SerilogLogs(AgentOptions options)
    {
        Set(options.LogLevel);
        var configuration = new LoggerConfiguration()
            .MinimumLevel.ControlledBy(level)
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
            .MinimumLevel.Override("Microsoft.Extensions.Hosting", LogEventLevel.Fatal);    // said in our own words
        logger = (Console.IsOutputRedirected
            ? configuration.WriteTo.Console(new CompactJsonFormatter())
            : configuration.WriteTo.Console(outputTemplate: Template)).CreateLogger();
    }

    public ILogger Logger => logger;

    /// <summary>Nothing below this level is logged from now on. One of the words of `log-level`.</summary>
    public void Set(string least) => level.MinimumLevel = Enum.Parse<LogEventLevel>(least, ignoreCase: true);

    public ValueTask DisposeAsync() => logger.DisposeAsync();
}
