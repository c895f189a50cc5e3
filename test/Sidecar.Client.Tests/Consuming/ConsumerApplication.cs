using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Sidecar.Client.Consuming;
using Sidecar.Delivery.V1;

namespace Sidecar.Client.Tests.Consuming;

/// <summary>
/// An application as a team would write it, on a free port, and a client that calls it as the agent does.
/// </summary>
internal sealed class ConsumerApplication : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ConsumerApplication(WebApplication app, GrpcChannel channel)
    {
        _app = app;
        Channel = channel;
        Client = new EventConsumerService.EventConsumerServiceClient(channel);
    }

    public GrpcChannel Channel { get; }

    public EventConsumerService.EventConsumerServiceClient Client { get; }

    public IReadOnlyCollection<string> Addresses =>
        [.. _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];

    public static async Task<ConsumerApplication> StartAsync(
        Action<WebApplication> map,
        Action<WebApplicationBuilder>? configure = null,
        Action<SidecarConsumerOptions>? options = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        configure?.Invoke(builder);
        builder.AddSidecarConsumer(consumer =>
        {
            consumer.Address = "127.0.0.1:0";
            options?.Invoke(consumer);
        });
        var app = builder.Build();
        map(app);
        await app.StartAsync();
        // With port 0 ours is the last, or the only one.
        var address = app.Urls.Last(url => url.Contains("127.0.0.1", StringComparison.Ordinal));
        return new ConsumerApplication(app, GrpcChannel.ForAddress(
            address, new GrpcChannelOptions { MaxReceiveMessageSize = null, MaxSendMessageSize = null }));
    }

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        await _app.DisposeAsync();
    }
}
