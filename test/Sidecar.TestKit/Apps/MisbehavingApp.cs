using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Sidecar.TestKit.Apps;

/// <summary>
/// An application on Kestrel that answers each call as its <see cref="Handler"/> says, below the level of gRPC
/// libraries: so it can answer what no library would.
/// </summary>
public sealed class MisbehavingApp : IAsyncDisposable
{
    private const string UnixPrefix = "unix:";
    private readonly WebApplication web;
    private int calls;

    private MisbehavingApp(string address, HttpProtocols protocols)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(2));
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            if (address.StartsWith(UnixPrefix, StringComparison.Ordinal))
            {
                kestrel.ListenUnixSocket(address[UnixPrefix.Length..], listen => listen.Protocols = protocols);
            }
            else
            {
                kestrel.Listen(IPEndPoint.Parse(address), listen => listen.Protocols = protocols);
            }
        });
        web = builder.Build();
        web.Run(context =>
        {
            if (context.Request.Path.StartsWithSegments("/grpc.health.v1.Health", StringComparison.Ordinal))
            {
                return Health(context);
            }

            Interlocked.Increment(ref calls);
            return Handler(context);
        });
        Address = address;
    }

    /// <summary>What every call does from now on; see <see cref="Answers"/>.</summary>
    public RequestDelegate Handler { get; set; } = Answers.Ok();

    /// <summary>What it answers when it is asked for its health; that it does not know the question, unless told.</summary>
    public RequestDelegate Health { get; set; } = Answers.Status(Grpc.Core.StatusCode.Unimplemented, "");

    /// <summary>Where it listens, as the agent is told.</summary>
    public string Address { get; private set; }

    /// <summary>Calls that have arrived so far.</summary>
    public int Calls => Volatile.Read(ref calls);

    /// <summary>Starts an application.</summary>
    /// <param name="address">An IP address with a port (0: any free one), or <c>unix:/path</c>.</param>
    /// <param name="protocols">What it speaks.</param>
    public static async Task<MisbehavingApp> StartAsync(
        string address = "127.0.0.1:0", HttpProtocols protocols = HttpProtocols.Http2)
    {
        var app = new MisbehavingApp(address, protocols);
        await app.web.StartAsync();
        var bound = app.web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        app.Address = address.StartsWith(UnixPrefix, StringComparison.Ordinal)
            ? address
            : new Uri(bound.Addresses.First()).Authority;
        return app;
    }

    /// <summary>A loopback address that nothing listens at (any more).</summary>
    public static string FreeAddress()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return listener.LocalEndpoint.ToString()!;
    }

    /// <summary>Stops as a good server does: GOAWAY first, then what is under way, then the connections.</summary>
    public Task StopAsync() => web.StopAsync();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => web.DisposeAsync();
}
