using Microsoft.Extensions.Logging;

namespace Sidecar.OutboxRelay.Hosting;

/// <summary>How logs are written.</summary>
public enum LogFormat
{
    /// <summary>JSON where standard output is not a terminal, text otherwise.</summary>
    Auto,

    /// <summary>One compact JSON object a line.</summary>
    Json,

    /// <summary>One line of text.</summary>
    Text,
}

/// <summary>The process around the line: its port and its logs.</summary>
public sealed class HostingOptions
{
    /// <summary>
    /// The port of <c>/metrics</c>, <c>/livez</c> and <c>/readyz</c>; 0: any free one, which is logged.
    /// </summary>
    public int MetricsPort { get; set; } = 14290;

    /// <summary>The address that the port listens on; null: every one.</summary>
    public System.Net.IPAddress? MetricsAddress { get; set; }

    /// <summary>The least severe level that is logged.</summary>
    public LogLevel LogLevel { get; set; } = LogLevel.Information;

    /// <summary>How logs are written.</summary>
    public LogFormat LogFormat { get; set; } = LogFormat.Auto;
}
