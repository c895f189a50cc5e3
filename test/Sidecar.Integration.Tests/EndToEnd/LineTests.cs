using System.Globalization;
using Acme.Orders.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Sidecar.Client.Consuming;
using Sidecar.Client.Publishing;
using Sidecar.Integration.Tests.Rig;
using Sidecar.TestKit;
using Sidecar.TestKit.Kafka;
using Sidecar.TestKit.Processes;

namespace Sidecar.Integration.Tests.EndToEnd;

/// <summary>
/// A row becomes an event, an event becomes a call: both programs and both halves of the .NET client.
/// </summary>
internal sealed class LineTests
{
    private const int Partitions = 4;
    private const int Orders = 50;
    private const int Sequences = 40;
    private const int RolledBackEvery = 5;

    [Test]
    public async Task What_was_committed_arrives_once_and_in_order_on_the_mock_cluster() =>
        await RunAsync(await SharedKafka.GetMockAsync());

    [Test]
    public async Task What_was_committed_arrives_once_and_in_order_on_real_Kafka() =>
        await RunAsync(await SharedKafka.GetRealAsync());

    private static async Task RunAsync(KafkaServer kafka)
    {
        var topic = SharedKafka.NewTopic("orders");
        await kafka.CreateTopicAsync(topic, Partitions);
        var ledger = new Ledger();
        await using var app = await StartConsumerAsync(ledger);
        var address = new Uri(app.Urls.Last(url => url.Contains("127.0.0.1", StringComparison.Ordinal))).Authority;
        var folder = Directory.CreateTempSubdirectory("sidecar-line-").FullName;
        try
        {
            var database = Path.Combine(folder, "shop.db");
            await using (var init = ProgramProcess.Start(
                Programs.OutboxRelay, ["init", "--apply", "--sqlite", database]))
            {
                Assert.That(await init.WaitForExitAsync(RunningAgent.Patience), Is.Zero, init.Output);
            }

            await using var relay = ProgramProcess.Start(
                Programs.OutboxRelay,
                ["run", "--sqlite", database, "--bootstrap-servers", kafka.BootstrapServers,
                    "--metrics-port", $"{Ports.Free()}"]);
            await using var agent = await RunningAgent.StartAsync(
                new AgentSetup(kafka.BootstrapServers, topic, address));

            var committed = Publish(database, topic, ledger);
            await Until.TrueAsync(
                () => ledger.Table().Delivered == committed, RunningAgent.Patience, "all that was committed arrived");

            // A repeat would come with the end.
            Assert.That(await agent.StopAsync(), Is.Zero, agent.Process.Output);
            Assert.That(await relay.StopAsync(RunningAgent.Patience), Is.Zero, relay.Output);
            var inKafka = Records.Read(kafka, topic, Partitions).Count;
            var table = ledger.Table();
            await TestContext.Out.WriteLineAsync(
                $"{kafka.Name}: committed {committed:N0}, in Kafka {inKafka:N0}\n{table}");
            Assert.Multiple(() =>
            {
                Assert.That(inKafka, Is.EqualTo(committed));
                Assert.That(table.IsRight, Is.True, table.ToString());
            });
        }
        finally
        {
            SqliteConnection.ClearAllPools();
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<WebApplication> StartConsumerAsync(Ledger ledger)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.AddSidecarConsumer(consumer => consumer.Address = "127.0.0.1:0");
        var app = builder.Build();
        app.MapEvent<OrderPlaced>((order, _, _) =>
        {
            ledger.Deliver(order.OrderId, order.Sequence);
            return Task.FromResult(Verdict.Ack);
        });
        await app.StartAsync();
        return app;
    }

    // One transaction writes the next event of ten orders; every fifth is rolled back.
    private static int Publish(string database, string topic, Ledger ledger)
    {
        const int OrdersOfATransaction = 10;
        using var connection = new SqliteConnection($"Data Source={database}");
        connection.Open();
        var (committed, transactions) = (0, 0);
        var options = new PublishOptions { Topic = topic };
        for (var sequence = 1; sequence <= Sequences; sequence++)
        {
            foreach (var orders in Enumerable.Range(0, Orders).Chunk(OrdersOfATransaction))
            {
                using var transaction = connection.BeginTransaction();
                foreach (var order in orders)
                {
                    transaction.Publish(
                        new OrderPlaced { OrderId = Name(order), Sequence = sequence, CustomerId = "c" }, options);
                }

                if (++transactions % RolledBackEvery == 0)
                {
                    transaction.Rollback();
                    continue;
                }

                transaction.Commit();
                foreach (var order in orders) ledger.Expect(Name(order), sequence);
                committed += orders.Length;
            }
        }

        return committed;
    }

    private static string Name(int order) => order.ToString("order-000", CultureInfo.InvariantCulture);
}
