using System.Globalization;
using Sidecar.TestKit;
using Sidecar.TestKit.Postgres;

namespace Sidecar.Charts.Tests.Node;

/// <summary>What the sidecars cost on a node. The figures are written down; what is asserted is that there are any.</summary>
[TestFixture, Order(4)]
internal sealed class FigureTests : ShopTests
{
    private const int Pods = 3;

    [Test, Order(1)]
    public async Task A_new_pod_is_live_and_gets_its_first_event()
    {
        await using var customers = Customers.Start(Servers, "first", perSecond: 200);
        using var http = new HttpClient();
        for (var i = 1; i <= Pods; i++)
        {
            await Shop.ScaleAsync(0);
            await Until.TrueAsync(async () => (await Shop.PodsAsync()).Count == 0, Shop.Patience, "no pod is left");
            await using var watch = Rig.Watch("get", "pods", "--namespace", Shop.Space, "--watch", "--no-headers",
                "--output", "custom-columns=NAME:.metadata.name,IP:.status.podIP");
            await Shop.ScaleAsync(1);
            var name = (await watch.WaitForLineAsync("shop", Shop.Patience)).Split(' ')[0];
            var created = TimeProvider.System.GetUtcNow();
            var line = await watch.WaitForLineAsync(
                one => one.StartsWith(name, StringComparison.Ordinal) && one.Contains("10.244", StringComparison.Ordinal),
                Shop.Patience, "the pod's address");
            var live = new Uri($"http://{line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]}:14190/livez");
            await Until.TrueAsync(() => IsLiveAsync(http, live), Shop.Patience, "the agent is live");
            var alive = TimeProvider.System.GetUtcNow();
            await Until.TrueAsync(async () => await FirstAsync(name) is not null, Shop.Patience, "the first delivery");
            var first = (await FirstAsync(name))!.Value;
            Report.Note($"new pod {i}: created to agent live, to first delivery", string.Create(CultureInfo.InvariantCulture,
                $"{(alive - created).TotalSeconds:0.0} s, {(first - created).TotalSeconds:0.0} s"));
        }

        await Shop.ScaleAsync(Replicas);
        await Shop.ReadyAsync(Replicas);
    }

    [Test, Order(2)]
    public async Task The_sidecars_take_little_memory()
    {
        await Shop.ScaleAsync(0);
        await Until.TrueAsync(async () => (await Shop.PodsAsync()).Count == 0, Shop.Patience, "no pod is left");
        await Shop.ScaleAsync(1);
        await Shop.ReadyAsync(1);
        var pod = (await Shop.PodsAsync())[0];
        var idle = Memory(pod);
        var most = idle;
        Right(await UnderLoadAsync("one pod, nothing else happens", async () =>
        {
            var until = TimeProvider.System.GetUtcNow() + TimeSpan.FromSeconds(20);
            await Until.TrueAsync(
                () =>
                {
                    var now = Memory(pod);
                    most = (Math.Max(most.Agent, now.Agent), Math.Max(most.Relay, now.Relay));
                    return TimeProvider.System.GetUtcNow() > until;
                },
                Shop.Patience, "twenty seconds are over");
        }));
        Report.Note("memory of the agent's container, idle and at most under load", $"{Mega(idle.Agent)}, {Mega(most.Agent)}");
        Report.Note("memory of the relay's container, idle and at most under load", $"{Mega(idle.Relay)}, {Mega(most.Relay)}");
        await Shop.ScaleAsync(Replicas);
        await Shop.ReadyAsync(Replicas);
        Assert.That(idle.Agent, Is.Positive);
    }

    private static (long Agent, long Relay) Memory(Pod pod) => (pod.MemoryBytes(Agent), pod.MemoryBytes("sidecar-relay"));

    private static string Mega(long bytes) => $"{bytes / 1_000_000} MB";

    private async Task<DateTimeOffset?> FirstAsync(string pod) =>
        await Sql.ScalarAsync<DateTime?>(Servers.Postgres.ConnectionString, $"SELECT min(at) FROM received WHERE pod = '{pod}'");

    private static async Task<bool> IsLiveAsync(HttpClient http, Uri address)
    {
        try
        {
            return (await http.GetAsync(address)).IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
