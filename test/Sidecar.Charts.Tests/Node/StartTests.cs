using System.Net.Http.Json;
using Sidecar.TestKit;

namespace Sidecar.Charts.Tests.Node;

/// <summary>Nothing has to start before anything else.</summary>
[TestFixture, Order(3)]
internal sealed class StartTests : ShopTests
{
    private const string Relay = "sidecar-relay";

    [Test, Order(1)]
    public async Task When_the_database_comes_after_the_pods_and_Kafka_after_that_the_orders_arrive()
    {
        await StopServersAsync();
        await Shop.ScaleAsync(Replicas);
        await SidecarsRunAsync();
        await Servers.Postgres.StartAgainAsync();
        await PlaceAsync("database-first");
        await Servers.Kafka.StartBrokerAsync(1);
        await ArrivedAsync("pods, then the database, then Kafka", "database-first");
    }

    [Test, Order(2)]
    public async Task When_Kafka_comes_after_the_pods_and_the_database_after_that_the_orders_arrive()
    {
        await StopServersAsync();
        await Shop.ScaleAsync(Replicas);
        await SidecarsRunAsync();
        await Servers.Kafka.StartBrokerAsync(1);
        await Servers.Postgres.StartAgainAsync();
        await PlaceAsync("kafka-first");
        await ArrivedAsync("pods, then Kafka, then the database", "kafka-first");
    }

    private async Task StopServersAsync()
    {
        await Shop.ScaleAsync(0);
        await Until.TrueAsync(async () => (await Shop.PodsAsync()).Count == 0, Shop.Patience, "no pod is left");
        await Servers.Kafka.StopBrokerAsync(1);
        await Servers.Postgres.StopAsync();
    }

    /// <summary>The application is not ready without its database, but the sidecars are up.</summary>
    private Task SidecarsRunAsync() => Until.TrueAsync(
        async () => await Shop.PodsAsync() is { Count: Replicas } pods
            && pods.All(pod => pod.IsStarted(Agent) && pod.IsStarted(Relay) && pod.IsStarted("orders")),
        Shop.Patience, "all containers have started");

    private async Task PlaceAsync(string run)
    {
        var pod = (await Shop.PodsAsync())[0];
        using var http = new HttpClient();
        for (var order = 1; order <= 20; order++)
        {
            var answer = await http.PostAsJsonAsync(
                new Uri($"http://{pod.Address}:8080/orders"), new { OrderId = $"{run}/{order}", CustomerId = "c", TotalCents = 100 });
            answer.EnsureSuccessStatusCode();
            await Servers.Postgres.ExecuteAsync($"INSERT INTO placed(order_id, sequence) VALUES('{run}/{order}', 1)");
        }
    }

    private async Task ArrivedAsync(string step, string run)
    {
        var account = await Shop.SettledAsync(run);
        Report.Add(step, account);
        Right(account);
        Assert.That((await Shop.PodsAsync()).Sum(pod => pod.Restarts(Agent) + pod.Restarts(Relay)), Is.Zero, "restarts of sidecars");
    }
}
