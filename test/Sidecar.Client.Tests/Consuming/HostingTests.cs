using System.Net.Sockets;
using Acme.Orders.V1;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sidecar.Client.Consuming;
using Sidecar.Delivery.V1;
using Verdict = Sidecar.Client.Consuming.Verdict;

namespace Sidecar.Client.Tests.Consuming;

internal sealed class HostingTests
{
    [Test]
    public async Task An_event_of_thirty_one_megabytes_is_taken()
    {
        await using var app = await ConsumerApplication.StartAsync(app => app.MapEvent("big", (context, _) =>
            Task.FromResult(Verdict.Reject($"{context.Data!.Value.Length}"))));
        var big = new Event { Type = "big", Data = UnsafeByteOperations.UnsafeWrap(new byte[31 * 1024 * 1024]) };
        Assert.That((await app.Client.DeliverAsync(Deliveries.Single(big))).Result.Reason, Is.EqualTo("32505856"));
    }

    [Test]
    public async Task An_event_above_the_limit_is_refused_by_its_size()
    {
        await using var app = await ConsumerApplication.StartAsync(
            app => app.MapEvent("big", (_, _) => Task.FromResult(Verdict.Ack)),
            options: options => options.MaxMessageBytes = 2048);
        var big = new Event { Type = "big", Data = ByteString.CopyFrom(new byte[4096]) };
        Assert.That(
            async () => await app.Client.DeliverAsync(Deliveries.Single(big)),
            Throws.TypeOf<RpcException>().With.Property("StatusCode").EqualTo(StatusCode.ResourceExhausted));
    }

    [Test]
    public async Task The_addresses_that_the_application_had_stay()
    {
        await using var app = await ConsumerApplication.StartAsync(
            app =>
            {
                app.MapGet("/", () => "the application's own page");
                app.MapEvent<OrderPlaced>((_, _, _) => Task.FromResult(Verdict.Ack));
            },
            builder => builder.WebHost.UseUrls("http://[::1]:0"));

        Assert.That(app.Addresses, Has.Count.EqualTo(2));
        using var http = new HttpClient();
        var own = app.Addresses.Single(address => address.Contains("[::1]", StringComparison.Ordinal));
        Assert.That(await http.GetStringAsync(new Uri(own)), Is.EqualTo("the application's own page"));
        var response = await app.Client.DeliverAsync(Deliveries.Single(Deliveries.Order("o-1")));
        Assert.That(response.Result.Verdict, Is.EqualTo(Sidecar.Delivery.V1.Verdict.Ack));
    }

    [Test]
    public async Task The_endpoints_of_the_configuration_stay_too()
    {
        await using var app = await ConsumerApplication.StartAsync(
            app => app.MapEvent<OrderPlaced>((_, _, _) => Task.FromResult(Verdict.Ack)),
            builder =>
            {
                builder.Configuration["Kestrel:Endpoints:Web:Url"] = "http://[::1]:0";
                builder.WebHost.UseKestrel((context, kestrel) =>
                    kestrel.Configure(context.Configuration.GetSection("Kestrel")));
            });
        Assert.That(app.Addresses, Has.Count.EqualTo(2));
        await app.Client.DeliverAsync(Deliveries.Single(Deliveries.Order("o-1")));
    }

    [Test]
    public async Task A_unix_socket_serves_also_where_a_killed_process_left_its_file()
    {
        var path = Path.Combine(Path.GetTempPath(), $"client-{Guid.NewGuid():N}.sock");
        await File.WriteAllTextAsync(path, "left behind");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.AddSidecarConsumer(options => options.Address = $"unix:{path}");
        await using var app = builder.Build();
        app.MapEvent<OrderPlaced>((_, _, _) => Task.FromResult(Verdict.Ack));
        await app.StartAsync();

        using var channel = GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler
            {
                ConnectCallback = (_, cancellation) => ConnectAsync(path, cancellation),
            },
        });
        var response = await new EventConsumerService.EventConsumerServiceClient(channel)
            .DeliverAsync(Deliveries.Single(Deliveries.Order("o-1")));
        Assert.That(response.Result.Verdict, Is.EqualTo(Sidecar.Delivery.V1.Verdict.Ack));
    }

    [TestCase("127.0.0.1")]
    [TestCase("orders:50051")]
    [TestCase("http://127.0.0.1:50051")]
    [TestCase("unix:relative.sock")]
    public void An_address_that_cannot_be_listened_on_is_named(string address)
    {
        var builder = WebApplication.CreateSlimBuilder();
        Assert.That(
            () => builder.AddSidecarConsumer(options => options.Address = address),
            Throws.InvalidOperationException.With.Message.Contains($"'{address}'"));
    }

    [Test]
    public void A_limit_out_of_its_range_stops_the_start() => Assert.That(
        async () => await ConsumerApplication.StartAsync(
            _ => { }, options: options => options.MaxConcurrentEventsPerCall = 0),
        Throws.TypeOf<OptionsValidationException>());

    [Test]
    public void A_handler_without_the_registration_is_told_what_is_missing()
    {
        var app = WebApplication.CreateSlimBuilder().Build();
        Assert.That(
            () => app.MapEvent<OrderPlaced>((_, _, _) => Task.FromResult(Verdict.Ack)),
            Throws.InvalidOperationException.With.Message.Contains("AddSidecarConsumer"));
    }

    [Test]
    public void A_type_is_mapped_once() => Assert.That(
        async () => await ConsumerApplication.StartAsync(app => app
            .MapEvent<OrderPlaced>((_, _, _) => Task.FromResult(Verdict.Ack))
            .MapEvent(Deliveries.OrderPlacedType, (_, _) => Task.FromResult(Verdict.Ack))),
        Throws.InvalidOperationException.With.Message.Contains(Deliveries.OrderPlacedType));

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
        return new NetworkStream(socket, ownsSocket: true);
    }
}
