using System.Diagnostics;
using System.Globalization;
using System.Text;
using Acme.Orders.V1;
using Npgsql;
using Sidecar.Client.Publishing;
using Sidecar.TestKit.Postgres;

namespace Sidecar.Client.Tests.Publishing;

[TestFixtureSource(typeof(SharedPostgres), nameof(SharedPostgres.Ends))]
internal sealed class PostgresPublishTests(PostgresEnd end)
{
    private const string Topic = "t";

    private PostgresOutbox _outbox = null!;
    private NpgsqlConnection _connection = null!;

    [SetUp]
    public async Task Open()
    {
        _outbox = await PostgresOutbox.CreateAsync(end);
        _connection = await _outbox.OpenAsync();
    }

    [TearDown]
    public async Task Close()
    {
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }
    }

    [Test]
    public async Task A_message_goes_out_as_its_own_option_says()
    {
        var order = Order("o-1", 1);
        await using (var transaction = await _connection.BeginTransactionAsync())
        {
            await transaction.PublishAsync(order);
            await transaction.CommitAsync();
        }

        var row = (await _outbox.RowsAsync("orders.v1")).Single();
        Assert.That(row.Key, Is.EqualTo("o-1"u8.ToArray()));
        Assert.That(OrderPlaced.Parser.ParseFrom(row.Value), Is.EqualTo(order));
        Assert.That(row.Headers, Is.EqualTo(new[]
        {
            new[] { "ce_type", "acme.orders.v1.OrderPlaced" }, ["content-type", "application/protobuf"],
        }));
    }

    [Test]
    public async Task A_rollback_leaves_nothing_and_a_savepoint_only_what_was_before_it()
    {
        await using (var rolledBack = await _connection.BeginTransactionAsync())
        {
            await rolledBack.PublishAsync(Event(1));
            await rolledBack.RollbackAsync();
        }

        await using (var transaction = await _connection.BeginTransactionAsync())
        {
            await transaction.PublishAsync(Event(2));
            await transaction.SaveAsync("here");
            await transaction.PublishAsync(Event(3));
            await transaction.RollbackAsync("here");
            await transaction.PublishAsync(Event(4));
            await transaction.CommitAsync();
        }

        Assert.That(await NumbersAsync(), Is.EqualTo(new[] { 2, 4 }));
    }

    [Test]
    public async Task Many_events_go_in_few_statements_and_keep_their_order()
    {
        const int Count = 2_500;
        await using var wrapping = new WrappingConnection(_connection);
        await using (var transaction = await wrapping.BeginTransactionAsync())
        {
            await transaction.PublishAsync(Enumerable.Range(0, Count).Select(Event));
            transaction.Publish(Enumerable.Range(Count, 10).Select(Event));
            await transaction.CommitAsync();
        }

        Assert.That(await NumbersAsync(), Is.EqualTo(Enumerable.Range(0, Count + 10)));
        Assert.That(wrapping.Statements, Has.Count.EqualTo(4));
        Assert.That(
            (await _outbox.RowsAsync(Topic)).Select(row => row.Transaction).Distinct().ToList(), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Large_events_are_spread_over_several_statements()
    {
        var value = new byte[OutboxWriter.LargestStatementBytes / 2 - 1_000];
        await using var wrapping = new WrappingConnection(_connection);
        await using (var transaction = await wrapping.BeginTransactionAsync())
        {
            await transaction.PublishAsync(Enumerable.Range(0, 5).Select(_ => Event(0) with { Value = value }));
            await transaction.CommitAsync();
        }

        Assert.That(wrapping.Statements, Has.Count.EqualTo(3));
        Assert.That((await _outbox.RowsAsync(Topic)).Select(row => row.Value!.Length), Is.All.EqualTo(value.Length));
    }

    [Test]
    public async Task No_events_are_no_statement()
    {
        await using var wrapping = new WrappingConnection(_connection);
        await using var transaction = await wrapping.BeginTransactionAsync();
        await transaction.PublishAsync(Array.Empty<OutboxEvent>());
        transaction.Publish(new List<OrderPlaced>());
        Assert.That(wrapping.Statements, Is.Empty);
    }

    [Test]
    public async Task Null_is_not_empty_one_by_one_and_together()
    {
        OutboxEvent[] events =
        [
            new(Topic) { Key = [], Value = [] },
            new(Topic) { Key = null, Value = null },
            new(Topic) { Key = [0, 0xFF], Value = [0xFF, 0] },
        ];
        await using (var transaction = await _connection.BeginTransactionAsync())
        {
            await transaction.PublishAsync(events[0]);
            transaction.Publish(events[1]);
            await transaction.PublishAsync(events[2]);
            await transaction.PublishAsync(events);
            await transaction.CommitAsync();
        }

        var rows = await _outbox.RowsAsync(Topic);
        Assert.That(rows.Select(row => row.Key), Is.EqualTo(events.Concat(events).Select(one => one.Key)));
        Assert.That(rows.Select(row => row.Value), Is.EqualTo(events.Concat(events).Select(one => one.Value)));
        Assert.That(rows.Select(row => row.Headers), Is.All.Null);
    }

    [Test]
    public async Task Headers_keep_their_order_their_repeats_and_their_nulls()
    {
        KeyValuePair<string, string?>[] headers =
            [new("tenant", "a"), new("tenant", null), new("ä \" \\ <", "ü\n"), new("empty", "")];
        await using (var transaction = await _connection.BeginTransactionAsync())
        {
            await transaction.PublishAsync(Event(1) with { Headers = headers });
            await transaction.PublishAsync([Event(2) with { Headers = headers }, Event(3)]);
            await transaction.CommitAsync();
        }

        var rows = await _outbox.RowsAsync(Topic);
        var expected = headers.Select(header => new[] { header.Key, header.Value }).ToArray();
        Assert.That(rows[0].Headers, Is.EqualTo(expected));
        Assert.That(rows[1].Headers, Is.EqualTo(expected));
        Assert.That(rows[2].Headers, Is.Null);
    }

    [Test]
    public async Task The_trace_of_the_caller_goes_along()
    {
        using var activity = new Activity("place order").SetIdFormat(ActivityIdFormat.W3C).Start();
        await using (var transaction = await _connection.BeginTransactionAsync())
        {
            await transaction.PublishAsync(Event(1));
            await transaction.CommitAsync();
        }

        Assert.That(
            (await _outbox.RowsAsync(Topic)).Single().Headers, Is.EqualTo(new[] { new[] { "traceparent", activity.Id } }));
    }

    [Test]
    public async Task A_strict_event_locks_its_key_until_the_end_of_the_transaction()
    {
        await using var transaction = await _connection.BeginTransactionAsync();
        await transaction.PublishAsync(Order("o-1", 1));
        Assert.That(await LocksAsync(), Is.Zero);
        await transaction.PublishAsync(Order("o-1", 2), new PublishOptions { Strict = true });
        Assert.That(await LocksAsync(), Is.EqualTo(1));
        await transaction.PublishAsync([Event(1) with { Strict = true }, Event(2)]);
        Assert.That(await LocksAsync(), Is.EqualTo(2));
        await transaction.CommitAsync();
        Assert.That(await LocksAsync(), Is.Zero);

        Task<long> LocksAsync() => _connection.ScalarAsync<long>(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()");
    }

    private static OutboxEvent Event(int number) => new(Topic)
    {
        Key = [(byte)(number % 3)], Value = Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture)),
    };

    private static OrderPlaced Order(string id, int sequence) => new() { OrderId = id, Sequence = sequence };

    private async Task<IEnumerable<int>> NumbersAsync() => (await _outbox.RowsAsync(Topic))
        .Select(row => int.Parse(Encoding.ASCII.GetString(row.Value!), CultureInfo.InvariantCulture));
}
