using System.Net;
using System.Net.Sockets;
using Sidecar.TestKit.Proxies;

namespace Sidecar.TestKit.Tests.Proxies;

[TestFixture]
public sealed class CuttingProxyTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private EchoServer server = null!;
    private CuttingProxy proxy = null!;

    [SetUp]
    public void Start() => proxy = new CuttingProxy((server = new EchoServer("")).Port);

    [TearDown]
    public async Task Stop()
    {
        await proxy.DisposeAsync();
        server.Dispose();
    }

    [Test]
    public async Task What_goes_in_comes_back()
    {
        using var client = await ConnectAsync();

        Assert.That(await EchoAsync(client, "hello"), Is.EqualTo("hello"));
        Assert.That(proxy.Forwarded, Is.EqualTo(10));
    }

    [Test]
    public async Task A_cut_connection_ends_and_a_new_one_is_taken()
    {
        using var client = await ConnectAsync();
        await EchoAsync(client, "before");

        proxy.Cut();
        Assert.That(await client.GetStream().ReadAsync(new byte[1]), Is.Zero);

        using var next = await ConnectAsync();
        Assert.That(await EchoAsync(next, "after"), Is.EqualTo("after"));
    }

    [Test]
    public async Task A_reset_connection_fails()
    {
        using var client = await ConnectAsync();
        await EchoAsync(client, "before");

        proxy.Reset();

        Assert.That(async () => await client.GetStream().ReadAsync(new byte[1]), Throws.InstanceOf<IOException>());
    }

    [Test]
    public async Task A_connection_is_reset_after_so_many_bytes()
    {
        using var client = await ConnectAsync();
        proxy.ResetAfter(8);

        Assert.That(await EchoAsync(client, "abc"), Is.EqualTo("abc"));
        Assert.That(() => EchoAsync(client, "def"), Throws.InstanceOf<IOException>());
    }

    [Test]
    public async Task A_stalled_connection_stays_open_and_goes_on_when_healed()
    {
        using var client = await ConnectAsync();
        proxy.Stall();

        var echo = EchoAsync(client, "late");
        Assert.That(echo.IsCompleted, Is.False);
        Assert.That(client.Connected, Is.True);
        proxy.Heal();

        Assert.That(await echo, Is.EqualTo("late"));
    }

    [Test]
    public async Task A_refusing_proxy_ends_every_connection_until_it_is_healed()
    {
        proxy.Refuse();

        // The end may come as early as while the client connects.
        Assert.That(
            async () =>
            {
                using var refused = await ConnectAsync();
                await EchoAsync(refused, "no");
            },
            Throws.InstanceOf<IOException>().Or.InstanceOf<SocketException>());

        proxy.Heal();
        using var client = await ConnectAsync();
        Assert.That(await EchoAsync(client, "yes"), Is.EqualTo("yes"));
    }

    [Test]
    public async Task New_connections_go_to_the_new_target()
    {
        using var other = new EchoServer("other ");
        proxy.TargetPort = other.Port;
        using var client = await ConnectAsync();

        Assert.That(await EchoAsync(client, "hello", "other hello".Length), Is.EqualTo("other hello"));
    }

    private async Task<TcpClient> ConnectAsync()
    {
        var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(IPAddress.Loopback, proxy.Port);
        return client;
    }

    private static async Task<string> EchoAsync(TcpClient client, string text, int? length = null)
    {
        using var timeout = new CancellationTokenSource(Timeout, TimeProvider.System);
        var stream = client.GetStream();
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(text), timeout.Token);
        var answer = new byte[length ?? text.Length];
        await stream.ReadExactlyAsync(answer, timeout.Token);
        return System.Text.Encoding.ASCII.GetString(answer);
    }

    /// <summary>Sends back what it is sent, with its name before each piece.</summary>
    private sealed class EchoServer : IDisposable
    {
        private readonly TcpListener listener = new(IPAddress.Loopback, 0);
        private readonly byte[] name;

        public EchoServer(string name)
        {
            this.name = System.Text.Encoding.ASCII.GetBytes(name);
            listener.Start();
            _ = AcceptAsync();
        }

        public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

        public void Dispose() => listener.Dispose();

        private async Task AcceptAsync()
        {
            try
            {
                while (true) _ = ServeAsync(await listener.AcceptTcpClientAsync());
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // Disposed.
            }
        }

        private async Task ServeAsync(TcpClient client)
        {
            using var owned = client;
            var buffer = new byte[1024];
            try
            {
                while (await client.GetStream().ReadAsync(buffer) is > 0 and var read)
                    await client.GetStream().WriteAsync((byte[])[.. name, .. buffer.AsSpan(0, read)]);
            }
            catch (IOException)
            {
                // The other side is gone.
            }
        }
    }
}
