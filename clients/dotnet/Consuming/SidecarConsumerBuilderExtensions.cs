using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Sidecar.Client.Consuming;

/// <summary>Makes an ASP.NET Core application ready to take events from its agent.</summary>
public static class SidecarConsumerBuilderExtensions
{
    private const string UnixScheme = "unix:";

    /// <summary>Kestrel's own 100 would make an agent with a higher concurrency wait, deadline running.</summary>
    private const int StreamsPerConnection = 1024;

    /// <summary>
    /// Registers gRPC and adds the listener for the agent. Map handlers with <c>app.MapEvent</c>, or a service of
    /// your own for typed methods with <c>app.MapGrpcService</c>.
    /// </summary>
    /// <exception cref="InvalidOperationException">The address cannot be listened on.</exception>
    /// <exception cref="OptionsValidationException">
    /// At the application's start: an option is out of its range.
    /// </exception>
    public static WebApplicationBuilder AddSidecarConsumer(
        this WebApplicationBuilder builder, Action<SidecarConsumerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var options = new SidecarConsumerOptions();
        configure?.Invoke(options);

        builder.Services.AddOptions<SidecarConsumerOptions>()
            .Configure(configure ?? (_ => { }))
            .ValidateDataAnnotations()
            .ValidateOnStart();
        builder.Services.AddSingleton<EventHandlers>();
        builder.Services.AddGrpc(grpc => grpc.MaxReceiveMessageSize = options.MaxMessageBytes);
        builder.WebHost.ConfigureKestrel(
            kestrel => kestrel.Limits.Http2.MaxStreamsPerConnection = StreamsPerConnection);
        Listen(builder, options.Address);
        return builder;
    }

    /// <summary>
    /// Adds an address instead of calling <c>Listen</c>, which would make Kestrel ignore the addresses that the
    /// application was given by its environment (ASPNETCORE_URLS, ASPNETCORE_HTTP_PORTS). Endpoints of the
    /// configuration section Kestrel:Endpoints would hide an added address, so beside those it does listen itself.
    /// </summary>
    private static void Listen(WebApplicationBuilder builder, string address)
    {
        var (url, endpoint) = Parse(address);
        if (builder.Configuration.GetSection("Kestrel:Endpoints").GetChildren().Any())
        {
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(endpoint, UseHttp2));
        }
        else
        {
            builder.WebHost.UseUrls([.. ConfiguredUrls(builder), url]);
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(listen =>
            {
                if (listen.EndPoint.Equals(endpoint))
                {
                    UseHttp2(listen);
                }
            }));
        }

        if (endpoint is UnixDomainSocketEndPoint)
        {
            // A process that was killed leaves its socket file, and nobody can listen on a file that exists.
            builder.WebHost.ConfigureKestrel(_ => File.Delete(address[UnixScheme.Length..]));
        }
    }

    private static void UseHttp2(ListenOptions listen) => listen.Protocols = HttpProtocols.Http2;

    private static IEnumerable<string> ConfiguredUrls(WebApplicationBuilder builder)
    {
        if (builder.WebHost.GetSetting(WebHostDefaults.ServerUrlsKey) is { Length: > 0 } urls)
        {
            return urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        }

        return Ports(builder, WebHostDefaults.HttpPortsKey, "http")
            .Concat(Ports(builder, WebHostDefaults.HttpsPortsKey, "https"));
    }

    private static IEnumerable<string> Ports(WebApplicationBuilder builder, string key, string scheme) =>
        (builder.WebHost.GetSetting(key) ?? "")
        .Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Select(port => $"{scheme}://*:{port}");

    private static (string Url, EndPoint EndPoint) Parse(string address)
    {
        if (address.StartsWith(UnixScheme, StringComparison.Ordinal) && Path.IsPathRooted(address[UnixScheme.Length..]))
        {
            return ($"http://{address}", new UnixDomainSocketEndPoint(address[UnixScheme.Length..]));
        }

        if (address.Contains(':') && IPEndPoint.TryParse(address, out var endpoint))
        {
            return ($"http://{endpoint}", endpoint);
        }

        throw new InvalidOperationException(
            $"SidecarConsumerOptions.Address '{address}' cannot be listened on. Give IP:PORT, as in 127.0.0.1:50051, " +
            "or unix:/absolute/path.");
    }
}
