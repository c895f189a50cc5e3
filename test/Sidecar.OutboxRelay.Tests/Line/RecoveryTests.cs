using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using Sidecar.Credentials;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Lease;
using Sidecar.OutboxRelay.Publish;
using Sidecar.OutboxRelay.Store;
using Sidecar.OutboxRelay.Telemetry;
using Sidecar.OutboxRelay.Tests.Publish;

namespace Sidecar.OutboxRelay.Tests.Line;

/// <summary>What is settled of windows of which one did not go through.</summary>
[TestFixture]
internal sealed class RecoveryTests
{
    [Test]
    public async Task A_row_that_waits_for_its_topic_is_not_set_aside_before_an_earlier_row_that_failed()
    {
        var time = TimeProvider.System;
        var telemetry = new RelayTelemetry(time, NullLoggerFactory.Instance);
        var options = new PublishOptions { BootstrapServers = Kafka.BootstrapServers };
        using var publisher = new KafkaPublisher(options, Keyring.Open(options.Security).Keyring!, telemetry);
        publisher.Start();
        using var store = new Notebook();
        var term = new LeaseTerm(new Fence("me", 1), TimeSpan.FromMinutes(1), time, time.GetTimestamp());
        var tenure = new Tenure(options, store, telemetry, term, CancellationToken.None);
        var topics = new TopicDirectory(publisher, NullLogger<TopicDirectory>.Instance);

        var earlier = new Window([Record(options, 1), Record(options, 2)], []);
        earlier.Records[0].Report(new Error(ErrorCode.NoError));
        earlier.Records[1].Report(new Error(ErrorCode.Local_MsgTimedOut));
        var later = new Window([], [new HeldRow(3, HeldKind.Waiting, "no topic"), new HeldRow(4, HeldKind.Refused, "too large")]);
        Assert.That(await new Recovery(publisher, topics, tenure, telemetry).RunAsync([earlier, later]), Is.True);
        Assert.That(store.Settled.Single().Done, Is.EqualTo(new[] { 1L }));
        Assert.That(store.Settled.Single().Held.Select(row => row.Id), Is.EqualTo(new[] { 4L }));
    }

    private static OutgoingRecord Record(PublishOptions options, long id)
    {
        var row = WindowPlanTests.Row(id, "k");
        return new OutgoingRecord(row, new RecordMapper(options, "u").Map(row).Message!);
    }

    /// <summary>A store that only writes down what is settled.</summary>
    private sealed class Notebook : IOutboxStore
    {
        public List<Settlement> Settled { get; } = [];

        public bool KeepsTopicIds => false;

        public ValueTask<StoreAnswer<bool>> SettleAsync(Fence fence, TimeSpan length, Settlement settlement)
        {
            Settled.Add(settlement);
            return new(false);
        }

        public ValueTask<StoreAnswer<bool>> RenewLeaseAsync(Fence fence, TimeSpan length) => new(true);

        public ValueTask<StoreAnswer<string>> OpenAsync() => throw new NotSupportedException();

        public ValueTask<StoreAnswer<LeaseTaken>> TakeLeaseAsync(string owner, TimeSpan length) => throw new NotSupportedException();

        public ValueTask<StoreAnswer<bool>> ReleaseLeaseAsync(Fence fence) => throw new NotSupportedException();

        public ValueTask<StoreAnswer<IReadOnlyList<OutboxRow>>> ReadWindowAsync(
            bool fromStart, IReadOnlyCollection<string> waitingTopics, long maxPartBytes) => throw new NotSupportedException();

        public ValueTask<StoreAnswer<bool>> EnterTopicAsync(string topic, string id) => throw new NotSupportedException();

        public ValueTask WaitForNewsAsync(TimeSpan atMost, CancellationToken stop) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
