using Dapper;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;
using Sidecar.Client.Publishing;
using Sidecar.TestKit.Postgres;

namespace Sidecar.Client.Tests.Publishing;

/// <summary>What people write their rows with: the event goes in the same transaction as the row.</summary>
[TestFixtureSource(typeof(SharedPostgres), nameof(SharedPostgres.Ends))]
internal sealed class LibrariesTests(PostgresEnd end)
{
    private const string MakeOrders = "CREATE TABLE orders (id text PRIMARY KEY, cents bigint NOT NULL)";
    private const string CountOrders = "SELECT count(*) FROM orders";

    private static readonly OutboxEvent Event = new("t") { Key = [1], Value = [1] };

    private PostgresOutbox _outbox = null!;

    [SetUp]
    public async Task Open()
    {
        _outbox = await PostgresOutbox.CreateAsync(end);
        await Sql.ExecuteAsync(_outbox.ConnectionString, MakeOrders);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Dapper(bool commit)
    {
        await using (var connection = await _outbox.OpenAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await connection.ExecuteAsync("INSERT INTO orders VALUES (@id, @cents)", new { id = "o-1", cents = 1L }, transaction);
            await transaction.PublishAsync(Event);
            await EndAsync(transaction, commit);
        }

        await AssertBothAsync(commit);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Entity_Framework_Core(bool commit)
    {
        var options = new DbContextOptionsBuilder<OrdersContext>().UseNpgsql(_outbox.ConnectionString).Options;
        await using (var orders = new OrdersContext(options))
        {
            await using var transaction = await orders.Database.BeginTransactionAsync();
            orders.Add(new OrderRow { Id = "o-1", Cents = 1 });
            await orders.SaveChangesAsync();
            await transaction.GetDbTransaction().PublishAsync(Event);
            await EndAsync(transaction.GetDbTransaction(), commit);
        }

        await AssertBothAsync(commit);
    }

    [Test]
    public async Task A_slim_data_source_needs_its_arrays_for_several_events()
    {
        await using var slim = new NpgsqlSlimDataSourceBuilder(_outbox.ConnectionString).Build();
        await using (var connection = await slim.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await transaction.PublishAsync(Event);
            Assert.That(
                () => transaction.PublishAsync([Event, Event]),
                Throws.Exception.With.Message.Contains("EnableArrays"));
        }

        var builder = new NpgsqlSlimDataSourceBuilder(_outbox.ConnectionString);
        builder.EnableArrays();
        await using var withArrays = builder.Build();
        await using (var connection = await withArrays.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await transaction.PublishAsync([Event, Event]);
            await transaction.CommitAsync();
        }

        Assert.That(await _outbox.RowsAsync("t"), Has.Count.EqualTo(2));
    }

    private static Task EndAsync(System.Data.Common.DbTransaction transaction, bool commit) =>
        commit ? transaction.CommitAsync() : transaction.RollbackAsync();

    private async Task AssertBothAsync(bool written)
    {
        var orders = await Sql.ScalarAsync<long>(_outbox.ConnectionString, CountOrders);
        Assert.That(orders, Is.EqualTo(written ? 1 : 0));
        Assert.That(await _outbox.RowsAsync("t"), Has.Count.EqualTo(written ? 1 : 0));
    }

    private sealed class OrdersContext(DbContextOptions<OrdersContext> options) : DbContext(options)
    {
        protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.Entity<OrderRow>(order =>
        {
            order.ToTable("orders");
            order.Property(row => row.Id).HasColumnName("id");
            order.Property(row => row.Cents).HasColumnName("cents");
        });
    }

    private sealed class OrderRow
    {
        public required string Id { get; init; }

        public long Cents { get; init; }
    }
}
