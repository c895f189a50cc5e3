using Microsoft.Extensions.Logging.Abstractions;
using Sidecar.Credentials;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Publish;
using Sidecar.OutboxRelay.Store;
using Sidecar.OutboxRelay.Telemetry;
using Sidecar.OutboxRelay.Tests.Fixtures;
using Sidecar.TestKit.Postgres;

namespace Sidecar.OutboxRelay.Tests.Line;

/// <summary>A relay that is told to stop finishes what it has begun, so that the next one repeats nothing.</summary>
internal sealed class StopTests
{
    private const int Rows = 40;

    [Test]
    public async Task A_window_of_which_some_rows_went_first_is_finished()
    {
        var topic = await Kafka.TopicAsync();
        var outbox = await OutboxDatabase.MakeAsync(SharedPostgres.Ends[0]);
        await outbox.ExecuteAsync($"SELECT outbox.publish('{topic}', 'k' || i, 'v') FROM generate_series(1, {Rows}) i");
        using var stop = new CancellationTokenSource();
        using var store = new StopsAtItsFirstSettlement(outbox.Store(), stop);
        var telemetry = new RelayTelemetry(TimeProvider.System, NullLoggerFactory.Instance);
        var options = new RelayOptions { Publish = new PublishOptions { BootstrapServers = Kafka.BootstrapServers } };
        using var publisher = new KafkaPublisher(options.Publish, Keyring.Open(options.Publish.Security).Keyring!, telemetry);

        await new Relay(options, store, publisher, telemetry).RunAsync(stop.Token);

        Assert.That(store.FirstRows, Is.LessThan(Rows), "on each partition one went first");
        var (next, _) = await outbox.EnterAsync();
        using var held = next;
        Assert.That((await next.ReadWindowAsync(true, [], 1 << 20)).Value, Is.Empty);
        Assert.That(Kafka.ReadAll(topic), Has.Count.EqualTo(Rows));
    }

    /// <summary>The store of a relay that is told to stop just when its first window is settled.</summary>
    private sealed class StopsAtItsFirstSettlement(IOutboxStore store, CancellationTokenSource stop) : IOutboxStore
    {
        public int FirstRows { get; private set; }

        public bool KeepsTopicIds => store.KeepsTopicIds;

        public ValueTask<StoreAnswer<string>> OpenAsync() => store.OpenAsync();

        public ValueTask<StoreAnswer<LeaseTaken>> TakeLeaseAsync(string owner, TimeSpan length) => store.TakeLeaseAsync(owner, length);

        public ValueTask<StoreAnswer<bool>> RenewLeaseAsync(Fence fence, TimeSpan length) => store.RenewLeaseAsync(fence, length);

        public ValueTask<StoreAnswer<bool>> ReleaseLeaseAsync(Fence fence) => store.ReleaseLeaseAsync(fence);

        public ValueTask<StoreAnswer<IReadOnlyList<OutboxRow>>> ReadWindowAsync(
            bool fromStart, IReadOnlyCollection<string> waitingTopics, long maxPartBytes) =>
            store.ReadWindowAsync(fromStart, waitingTopics, maxPartBytes);

        public async ValueTask<StoreAnswer<bool>> SettleAsync(Fence fence, TimeSpan length, Settlement settlement)
        {
            FirstRows = FirstRows == 0 ? settlement.Done.Count : FirstRows;
            await stop.CancelAsync();
            return await store.SettleAsync(fence, length, settlement);
        }

        public ValueTask<StoreAnswer<bool>> EnterTopicAsync(string topic, string id) => store.EnterTopicAsync(topic, id);

        public ValueTask WaitForNewsAsync(TimeSpan atMost, CancellationToken token) => store.WaitForNewsAsync(atMost, token);

        public void Dispose() => store.Dispose();
    }
}
