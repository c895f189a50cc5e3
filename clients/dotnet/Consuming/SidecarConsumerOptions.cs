using System.ComponentModel.DataAnnotations;

namespace Sidecar.Client.Consuming;

/// <summary>How an application takes events from its agent.</summary>
public sealed class SidecarConsumerOptions
{
    /// <summary>
    /// Where the application listens for its agent, with HTTP/2 in clear text: <c>127.0.0.1:50051</c> (default) or
    /// <c>unix:/run/app/events.sock</c>, written as in the annotation <c>sidecar.events/app-address</c>. Other
    /// addresses that the application is configured to listen on stay.
    /// </summary>
    [Required]
    public string Address { get; set; } = "127.0.0.1:50051";

    /// <summary>The largest event, or batch, that is accepted, in bytes. 1 KiB to 1 GiB; default 32 MiB.</summary>
    [Range(1024, 1024 * 1024 * 1024)]
    public int MaxMessageBytes { get; set; } = 32 * 1024 * 1024;

    /// <summary>How many events of one batch or one stream are handled at once. 1 to 10,000; default 64.</summary>
    [Range(1, 10_000)]
    public int MaxConcurrentEventsPerCall { get; set; } = 64;

    /// <summary>
    /// Whether an agent on another machine may deliver. Default no: whoever reaches the application's ports over the
    /// network could otherwise hand it events.
    /// </summary>
    public bool AllowRemoteAgents { get; set; }
}
