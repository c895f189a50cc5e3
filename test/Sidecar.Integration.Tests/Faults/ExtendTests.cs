using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using Sidecar.Agent.V1;
using Sidecar.Integration.Tests.Rig;
using Sidecar.TestKit;
using Sidecar.TestKit.Kafka;
using Sidecar.TestKit.Processes;

namespace Sidecar.Integration.Tests.Faults;

/// <summary>A handler that needs longer than its deadline and says so, with a stock gRPC client.</summary>
internal sealed class ExtendTests
{
    private static readonly TimeSpan Patience = RunningAgent.Patience;

    [Test]
    public async Task A_handler_that_extends_its_deadline_is_waited_for_and_one_that_does_not_is_not()
    {
        var kafka = await SharedKafka.GetAsync();
        var topic = SharedKafka.NewTopic("extend");
        await kafka.CreateTopicAsync(topic, 1);
        await using var inbox = await Inbox.StartAsync();
        var api = Ports.Free();
        using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{api}");
        var client = new DeliveryService.DeliveryServiceClient(channel);
        var left = new List<double>();
        inbox.BeforeAnswer = async delivered =>
        {
            if (inbox.Seen.Count == 1)
            {
                // Far beyond the deadline; only the second delivery asks for more.
                await Until.SettledAsync(() => inbox.Seen.Count > 1, Patience);
                return;
            }

            for (var i = 0; i < 4; i++)
            {
                var answer = await client.ExtendAsync(Ask(delivered.DeliveryId, TimeSpan.FromSeconds(2)));
                left.Add(answer.TimeLeft.ToTimeSpan().TotalSeconds);
                var since = TimeProvider.System.GetTimestamp();
                await Until.TrueAsync(
                    () => TimeProvider.System.GetElapsedTime(since) > TimeSpan.FromMilliseconds(400),
                    Patience, "a part of the work is done");
            }
        };
        using var records = new Records(kafka, topic);
        records.Add(1, inbox.Ledger);
        await using var agent = await RunningAgent.StartAsync(new AgentSetup(kafka.BootstrapServers, topic, inbox.Address)
        {
            Subscription = "; deadline=1s; max-deadline=1h; backoff=10ms",
            Flags = ["--api-port", api.ToString(CultureInfo.InvariantCulture)],
        });

        await agent.MetricIsAsync(1, "sidecar_deliveries_total", "outcome=\"ack\"");
        await agent.MetricIsAsync(1, "sidecar_deliveries_total", "outcome=\"timeout\"");
        Assert.That(inbox.Seen, Has.Count.EqualTo(2));
        Assert.That(left, Is.All.InRange(1.5, 2.01));

        var ended = Assert.ThrowsAsync<RpcException>(async () =>
            await client.ExtendAsync(Ask(inbox.Seen[1].DeliveryId, TimeSpan.FromSeconds(1))));
        Assert.That(ended!.StatusCode, Is.EqualTo(StatusCode.NotFound));
        foreach (var wrong in (ExtendRequest[])[new(), Ask("xyz", TimeSpan.FromSeconds(1)), Ask("1", TimeSpan.FromSeconds(-1))])
        {
            var refused = Assert.ThrowsAsync<RpcException>(async () => await client.ExtendAsync(wrong));
            Assert.That(refused!.StatusCode, Is.EqualTo(StatusCode.InvalidArgument));
        }

        Assert.That(await agent.StopAsync(), Is.Zero);
    }

    private static ExtendRequest Ask(string id, TimeSpan needed) =>
        new() { DeliveryId = id, TimeNeeded = Duration.FromTimeSpan(needed) };
}
