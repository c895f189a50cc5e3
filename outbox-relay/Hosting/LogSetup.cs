using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Events;
using Serilog.Extensions.Logging;
using Serilog.Formatting.Compact;

namespace Sidecar.OutboxRelay.Hosting;

/// <summary>Logs go to standard output: JSON for machines, text for a terminal.</summary>
public static class LogSetup
{
    private const string TextTemplate = "{Timestamp:HH:mm:ss.fff} {Level:u3} {Message:lj}{NewLine}{Exception}";

    /// <summary>The factory of all loggers; disposing it flushes.</summary>
    public static ILoggerFactory Create(HostingOptions options)
    {
        var json = options.LogFormat switch
        {
            LogFormat.Json => true,
            LogFormat.Text => false,
            LogFormat.Auto => Console.IsOutputRedirected,
        };
        var setup = new LoggerConfiguration()
            .MinimumLevel.Is(Level(options.LogLevel))
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
            .MinimumLevel.Override("Microsoft.Extensions.Hosting", LogEventLevel.Fatal);    // said in our own words
        setup = json
            ? setup.WriteTo.Console(new CompactJsonFormatter())
            : setup.WriteTo.Console(outputTemplate: TextTemplate);
        return new SerilogLoggerFactory(setup.CreateLogger(), dispose: true);
    }

    private static LogEventLevel Level(LogLevel level) => level switch
    {
        LogLevel.Trace => LogEventLevel.Verbose,
        LogLevel.Debug => LogEventLevel.Debug,
        LogLevel.Information => LogEventLevel.Information,
        LogLevel.Warning => LogEventLevel.Warning,
        LogLevel.Error => LogEventLevel.Error,
        LogLevel.Critical or LogLevel.None => LogEventLevel.Fatal,
    };
}
