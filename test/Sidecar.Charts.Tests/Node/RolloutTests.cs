using System.Net.Http.Json;
using Sidecar.TestKit;

namespace Sidecar.Charts.Tests.Node;

/// <summary>
/// The example service on a real node: what commits in PostgreSQL arrives in the consumer, once and in order, through
/// everything that a cluster does to pods in good order.
/// </summary>
[TestFixture, Order(1)]
internal sealed class RolloutTests : ShopTests
{
    [Test, Order(1)]
    public async Task Orders_that_are_posted_to_the_service_arrive_in_its_consumer()
    {
        using var http = new HttpClient();
        var pod = (await Shop.PodsAsync())[0];
        for (var order = 1; order <= 20; order++)
        {
            var answer = await http.PostAsJsonAsync(
                new Uri($"http://{pod.Address}:8080/orders"), new { OrderId = $"posted/{order}", CustomerId = "c", TotalCents = 100 });
            answer.EnsureSuccessStatusCode();
            await Servers.Postgres.ExecuteAsync($"INSERT INTO placed(order_id, sequence) VALUES('posted/{order}', 1)");
        }

        var account = await Shop.SettledAsync("posted");
        Report.Add("install; 20 orders by HTTP", account);
        Right(account);
    }

    [Test, Order(2)]
    public async Task A_rolling_update_under_load_repeats_nothing_and_loses_nothing() =>
        Right(await UnderLoadAsync($"rolling update of {Replicas} replicas", () => Shop.RollAsync(Replicas)));

    [Test, Order(3)]
    public async Task Scaling_down_to_one_and_up_again_repeats_nothing_and_loses_nothing() =>
        Right(await UnderLoadAsync($"scale {Replicas} to 1 to {Replicas}", async () =>
        {
            await Shop.ScaleAsync(1);
            await Shop.ReadyAsync(1);
            await Shop.ScaleAsync(Replicas);
            await Shop.ReadyAsync(Replicas);
        }));

    [Test, Order(4)]
    public async Task A_node_that_is_drained_pod_by_pod_repeats_nothing_and_loses_nothing() =>
        Right(await UnderLoadAsync("node drained: cordon, evict each pod", async () =>
        {
            foreach (var pod in await Shop.PodsAsync())
            {
                await Rig.DoAsync("cordon", NodeRig.NodeName);
                await Shop.EvictAsync(pod.Name);
                await Until.TrueAsync(
                    async () => (await Shop.PodsAsync()).All(one => one.Name != pod.Name), Shop.Patience, $"{pod.Name} is gone");
                await Rig.DoAsync("uncordon", NodeRig.NodeName);
                await Shop.ReadyAsync(Replicas);
            }
        }));

    [Test, Order(5)]
    public async Task What_is_committed_while_the_release_is_uninstalled_arrives_after_it_is_installed_again() =>
        Right(await UnderLoadAsync("helm uninstall, helm install", async () =>
        {
            await Shop.UninstallAsync();
            await Until.TrueAsync(async () => (await Shop.PodsAsync()).Count == 0, Shop.Patience, "no pod is left");
            await Shop.InstallAsync(Replicas);
            await Shop.ReadyAsync(Replicas);
        }));
}
