using System.Diagnostics;
using Acme.Orders.V1;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;
using Sidecar.Client.Publishing;

namespace Sidecar.Client.Tests.Publishing;

internal sealed class PublishTests
{
    private const string OurHeaders =
        """["ce_type","acme.orders.v1.OrderPlaced"],["content-type","application/protobuf"]""";

    private OutboxDatabase _database = null!;

    [SetUp]
    public void Open() => _database = OutboxDatabase.Open();

    [TearDown]
    public void Close() => _database.Dispose();

    [Test]
    public async Task A_message_goes_out_as_its_own_option_says()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(1_764_000_000_123));
        var order = Order("o-1", 1);
        await using var transaction = _database.Connection.BeginTransaction();
        await transaction.PublishAsync(order, new PublishOptions { Clock = clock });
        await transaction.CommitAsync();

        var row = _database.Rows().Single();
        Assert.That(row.Topic, Is.EqualTo("orders.v1"));
        Assert.That(row.Key, Is.EqualTo("o-1"u8.ToArray()));
        Assert.That(OrderPlaced.Parser.ParseFrom(row.Value), Is.EqualTo(order));
        Assert.That(row.Headers, Is.EqualTo($"[{OurHeaders}]"));
        Assert.That(row.CreatedMs, Is.EqualTo(1_764_000_000_123));
    }

    [Test]
    public async Task A_rollback_leaves_nothing()
    {
        _database.Run("CREATE TABLE orders(id TEXT)");
        await using (var transaction = _database.Connection.BeginTransaction())
        {
            _database.Run("INSERT INTO orders VALUES('o-1')");
            await transaction.PublishAsync(Order("o-1", 1));
            await transaction.RollbackAsync();
        }

        Assert.That(_database.Rows(), Is.Empty);
    }

    [Test]
    public async Task Several_events_of_one_transaction_keep_the_order_of_the_calls()
    {
        await using var transaction = _database.Connection.BeginTransaction();
        for (var sequence = 1; sequence <= 20; sequence++)
        {
            await transaction.PublishAsync(Order("o-1", sequence));
        }

        await transaction.CommitAsync();
        var sequences = _database.Rows().Select(row => OrderPlaced.Parser.ParseFrom(row.Value).Sequence);
        Assert.That(sequences, Is.EqualTo(Enumerable.Range(1, 20)));
    }

    [Test]
    public void The_synchronous_call_writes_the_same_row()
    {
        using (var transaction = _database.Connection.BeginTransaction())
        {
            transaction.Publish(Order("o-1", 1));
            transaction.Publish(Order("o-2", 1), new PublishOptions { Topic = "elsewhere" });
            transaction.Publish(new OutboxEvent("raw") { Value = [1] });
            transaction.Commit();
        }

        Assert.That(_database.Rows().Select(row => row.Topic), Is.EqualTo(new[] { "orders.v1", "elsewhere", "raw" }));
        Assert.That(_database.Rows()[0].Key, Is.EqualTo("o-1"u8.ToArray()));
    }

    [Test]
    public async Task A_call_may_say_otherwise_than_the_option()
    {
        await using var transaction = _database.Connection.BeginTransaction();
        await transaction.PublishAsync(
            Order("o-1", 1),
            new PublishOptions
            {
                Topic = "orders.test",
                Key = [0xFF, 0],
                Headers = [new("tenant", "a"), new("tenant", null), new("ce_type", "mine")],
            });
        await transaction.CommitAsync();

        var row = _database.Rows().Single();
        Assert.That(row.Topic, Is.EqualTo("orders.test"));
        Assert.That(row.Key, Is.EqualTo(new byte[] { 0xFF, 0 }));
        Assert.That(row.Headers, Is.EqualTo(
            """[["content-type","application/protobuf"],["tenant","a"],["tenant",null],["ce_type","mine"]]"""));
    }

    [Test]
    public async Task A_raw_event_stays_as_it_is_and_null_is_not_empty()
    {
        await using var transaction = _database.Connection.BeginTransaction();
        await transaction.PublishAsync(new OutboxEvent("t") { Key = [], Value = [] });
        await transaction.PublishAsync(
            new OutboxEvent("t") { Key = [1], Value = null, Headers = [new("ä \" <", "ü")] });
        await transaction.CommitAsync();

        var rows = _database.Rows();
        Assert.That(rows[0].Key, Is.Not.Null.And.Empty);
        Assert.That(rows[0].Value, Is.Not.Null.And.Empty);
        Assert.That(rows[0].Headers, Is.Null);
        Assert.That(rows[1].Value, Is.Null);
        Assert.That(rows[1].Headers, Is.EqualTo("""[["ä \" <","ü"]]"""));
    }

    [Test]
    public async Task The_trace_of_the_caller_goes_along()
    {
        using var activity = new Activity("place order").SetIdFormat(ActivityIdFormat.W3C);
        activity.TraceStateString = "vendor=1";
        activity.Start();
        await using var transaction = _database.Connection.BeginTransaction();
        await transaction.PublishAsync(Order("o-1", 1));
        await transaction.PublishAsync(new OutboxEvent("t") { Headers = [new("traceparent", "theirs")] });
        await transaction.CommitAsync();

        Assert.That(_database.Rows()[0].Headers, Is.EqualTo(
            $"[{OurHeaders},[\"traceparent\",\"{activity.Id}\"],[\"tracestate\",\"vendor=1\"]]"));
        Assert.That(_database.Rows()[1].Headers, Is.EqualTo("""[["traceparent","theirs"]]"""));
    }

    [Test]
    public async Task A_transaction_that_has_ended_is_refused()
    {
        await using var transaction = _database.Connection.BeginTransaction();
        await transaction.CommitAsync();
        Assert.That(
            () => transaction.Publish(Order("o-1", 1)),
            Throws.InvalidOperationException.With.Message.Contains("before the commit"));
        Assert.That(
            async () => await transaction.PublishAsync(Order("o-1", 1)),
            Throws.InvalidOperationException.With.Message.Contains("before the commit"));
    }

    [Test]
    public void A_database_without_an_outbox_is_told_how_to_get_one()
    {
        _database.Run("DROP TABLE outbox_event");
        using var transaction = _database.Connection.BeginTransaction();
        Assert.That(
            () => transaction.Publish(Order("o-1", 1)),
            Throws.InvalidOperationException.With.Message.Contains("outbox-relay init --apply")
                .And.InnerException.TypeOf<SqliteException>());
        Assert.That(
            async () => await transaction.PublishAsync(Order("o-1", 1)),
            Throws.InvalidOperationException.With.Message.Contains("outbox-relay init --apply"));
    }

    [Test]
    public void A_database_that_is_not_supported_is_refused_with_what_works()
    {
        using var transaction = new ForeignTransaction();
        Assert.That(
            () => transaction.Publish(Order("o-1", 1)),
            Throws.TypeOf<NotSupportedException>()
                .With.Message.Contains(nameof(ForeignConnection)).And.Message.Contains("SqliteConnection"));
    }

    [Test]
    public void A_header_without_a_name_is_refused_before_it_can_hold_its_key()
    {
        using var transaction = _database.Connection.BeginTransaction();
        Assert.That(
            () => transaction.Publish(new OutboxEvent("t") { Headers = [new("", "x")] }),
            Throws.InvalidOperationException.With.Message.Contains("no name"));
    }

    [Test]
    public void A_cancelled_publish_writes_nothing()
    {
        using var transaction = _database.Connection.BeginTransaction();
        Assert.That(
            async () => await transaction.PublishAsync(Order("o-1", 1), new CancellationToken(canceled: true)),
            Throws.InstanceOf<OperationCanceledException>());
        transaction.Commit();
        Assert.That(_database.Rows(), Is.Empty);
    }

    private static OrderPlaced Order(string id, int sequence) => new() { OrderId = id, Sequence = sequence };
}
