using Acme.Orders.V1;
using Microsoft.Data.Sqlite;
using Sidecar.Client.Publishing;
using Sidecar.Integration.Tests.Rig;
using Sidecar.TestKit.Kafka;
using Sidecar.TestKit.Processes;

namespace Sidecar.Integration.Tests.Credentials;

/// <summary>Both programs between an outbox of SQLite and an application, with the credentials of one mounted Secret.</summary>
internal sealed class SecuredLine : IAsyncDisposable
{
    private const int Keys = 10;

    private readonly string folder = Directory.CreateTempSubdirectory("sidecar-line-").FullName;
    private readonly string topic = SharedKafka.NewTopic("secured");
    private readonly IReadOnlyList<string> security;
    private readonly HttpClient page = new();
    private readonly int relayPort = Ports.Free();
    private int sequence;

    private SecuredLine(string address, MountedSecret secret, string way)
    {
        (Address, Secret) = (address, secret);
        security = way.Split(' ') is [var protocol, var mechanism]
            ? ["--kafka-security-protocol", protocol, "--kafka-sasl-mechanism", mechanism, "--kafka-credentials", secret.Directory]
            : ["--kafka-security-protocol", way, "--kafka-credentials", secret.Directory];
    }

    public string Address { get; }

    public MountedSecret Secret { get; }

    public Inbox Inbox { get; private set; } = null!;

    public RunningAgent Agent { get; private set; } = null!;

    public ProgramProcess Relay { get; private set; } = null!;

    /// <summary>Events that were committed.</summary>
    public int Committed { get; private set; }

    private string Database => Path.Combine(folder, "shop.db");

    /// <summary>Starts it.</summary>
    /// <param name="broker">The broker.</param>
    /// <param name="address">Its listener.</param>
    /// <param name="secret">What is mounted.</param>
    /// <param name="way">Protocol, and mechanism if it has one.</param>
    /// <param name="subscription">More of the subscription.</param>
    public static async Task<SecuredLine> StartAsync(
        SecuredKafka broker, string address, MountedSecret secret, string way, string subscription = "")
    {
        var line = new SecuredLine(address, secret, way);
        await broker.Open.CreateTopicAsync(line.topic, 2);
        line.Inbox = await Inbox.StartAsync();
        await using (var init = ProgramProcess.Start(Programs.OutboxRelay, ["init", "--apply", "--sqlite", line.Database]))
        {
            Assert.That(await init.WaitForExitAsync(RunningAgent.Patience), Is.Zero, init.Output);
        }

        line.Relay = ProgramProcess.Start(Programs.OutboxRelay,
        [
            "run", "--sqlite", line.Database, "--bootstrap-servers", address, "--metrics-port", $"{line.relayPort}", .. line.security,
        ]);
        line.Agent = await RunningAgent.StartAsync(
            new AgentSetup(address, line.topic, line.Inbox.Address) { Flags = line.security, Subscription = subscription });
        return line;
    }

    /// <summary>Commits events of ten keys.</summary>
    public void Commit(int rounds)
    {
        using var connection = new SqliteConnection($"Data Source={Database};Default Timeout=30");
        connection.Open();
        for (var round = 0; round < rounds; round++)
        {
            sequence++;
            using var transaction = connection.BeginTransaction();
            for (var key = 0; key < Keys; key++)
            {
                var order = new OrderPlaced { OrderId = $"order-{key}", Sequence = sequence, CustomerId = "c" };
                transaction.Publish(order, new PublishOptions { Topic = topic });
            }

            transaction.Commit();
            Committed += Keys;
        }
    }

    /// <summary>Waits until the application has everything.</summary>
    public Task AllArrivedAsync() => Inbox.HasAsync(Committed, RunningAgent.Patience);

    /// <summary>What the relay waits for, as its readiness says it.</summary>
    public async Task<string> RelayReadyAsync()
    {
        try
        {
            return await page.GetStringAsync(new Uri($"http://127.0.0.1:{relayPort}/readyz"));
        }
        catch (HttpRequestException)
        {
            return "";
        }
    }

    public async Task<double> RelayMetricAsync(string name)
    {
        var text = await page.GetStringAsync(new Uri($"http://127.0.0.1:{relayPort}/metrics"));
        var found = text.Split('\n').Single(one => one.StartsWith(name + " ", StringComparison.Ordinal));
        return double.Parse(found[(name.Length + 1)..], System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Runs a command of the agent with this line's settings.</summary>
    public ProgramProcess AgentCommand(params string[] words) => ProgramProcess.Start(Programs.Agent,
    [
        .. words, "--annotations", Agent.Annotations, "--group", $"{topic}-group", "--bootstrap-servers", Address, .. security,
    ]);

    /// <summary>Runs a command of the relay with this line's settings.</summary>
    public ProgramProcess RelayCommand(params string[] words) => ProgramProcess.Start(
        Programs.OutboxRelay, [.. words, "--sqlite", Database, "--bootstrap-servers", Address, .. security]);

    /// <summary>Stops both, and holds that every event came once and that no output has a word of the Secret.</summary>
    public async Task EndAsync(params string[] secrets)
    {
        Assert.That(await Agent.StopAsync(), Is.Zero, Agent.Process.Output);
        Assert.That(await Relay.StopAsync(RunningAgent.Patience), Is.Zero, Relay.Output);
        var different = Inbox.Taken.Select(taken => taken.Id).Distinct().Count();
        await TestContext.Out.WriteLineAsync($"committed {Committed}, delivered {Inbox.Count}, different {different}");
        Assert.That((Inbox.Count, different), Is.EqualTo((Committed, Committed)), "missing or repeated");
        foreach (var word in secrets.SelectMany(secret => secret.Split('\n')).Where(word => word.Length > 0))
        {
            Assert.That(Agent.Process.Output + Relay.Output, Does.Not.Contain(word));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Agent.DisposeAsync();
        await Relay.DisposeAsync();
        await Inbox.DisposeAsync();
        page.Dispose();
        SqliteConnection.ClearAllPools();
        Directory.Delete(folder, recursive: true);
    }
}
