using Npgsql;
using Sidecar.Client.Publishing;
using Sidecar.TestKit.Postgres;

namespace Sidecar.Client.Tests.Publishing;

[TestFixtureSource(typeof(SharedPostgres), nameof(SharedPostgres.Ends))]
internal sealed class PostgresRefusalTests(PostgresEnd end)
{
    private static readonly OutboxEvent Event = new("t") { Key = [1], Value = [1] };

    [Test]
    public async Task A_database_without_an_outbox_is_told_how_to_get_one()
    {
        var server = await SharedPostgres.GetAsync(end);
        await using var connection = await Sql.OpenAsync(await server.NewDatabaseAsync("empty"));
        Assert.That(
            () => PublishOnceAsync(connection),
            Throws.InvalidOperationException.With.Message.Contains("outbox-relay init --apply --postgres")
                .And.InnerException.TypeOf<PostgresException>());
        await connection.ExecuteAsync("CREATE SCHEMA outbox");
        Assert.That(
            () => PublishOnceAsync(connection),
            Throws.InvalidOperationException.With.Message.Contains("outbox-relay init --apply --postgres"));
    }

    [Test]
    public async Task A_role_without_permission_is_told_what_to_grant()
    {
        var outbox = await PostgresOutbox.CreateAsync(end);
        var role = $"app_{Guid.NewGuid():N}";
        await using var superuser = await outbox.OpenAsync();
        await superuser.ExecuteAsync($"CREATE ROLE {role} LOGIN");
        try
        {
            await using var application = await outbox.OpenAsync(role);
            Assert.That(
                () => PublishOnceAsync(application),
                Throws.InvalidOperationException.With.Message.Contains("GRANT outbox_writer TO"));

            await superuser.ExecuteAsync($"GRANT outbox_writer TO {role}");
            await PublishOnceAsync(application);

            Assert.That(await outbox.RowsAsync("t"), Has.Count.EqualTo(1));
            Assert.That(
                () => application.ScalarAsync<long>("SELECT count(*) FROM outbox.log"),
                Throws.TypeOf<PostgresException>().With.Message.Contains("permission denied"));
        }
        finally
        {
            await superuser.ExecuteAsync($"DROP ROLE {role}");
        }
    }

    [Test]
    public async Task A_transaction_that_has_ended_is_refused()
    {
        var server = await SharedPostgres.GetAsync(end);
        await using var connection = await Sql.OpenAsync(server.ConnectionString);
        var transaction = await connection.BeginTransactionAsync();
        await transaction.CommitAsync();
        Assert.That(
            () => transaction.Publish(Event),
            Throws.InvalidOperationException.With.Message.Contains("before the commit"));
        await transaction.DisposeAsync();
        Assert.That(
            async () => await transaction.PublishAsync(Event),
            Throws.InvalidOperationException.With.Message.Contains("before the commit"));
    }

    [Test]
    public async Task What_we_do_not_know_stays_in_the_words_of_the_driver()
    {
        var outbox = await PostgresOutbox.CreateAsync(end);
        await using var connection = await outbox.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        Assert.That(
            async () => await transaction.PublishAsync(Event with { Headers = [new("name", "\0")] }),
            Throws.TypeOf<PostgresException>().With.Property(nameof(PostgresException.SqlState)).EqualTo("22P05"));
    }

    private static async Task PublishOnceAsync(NpgsqlConnection connection)
    {
        await using var transaction = await connection.BeginTransactionAsync();
        await transaction.PublishAsync(Event);
        await transaction.CommitAsync();
    }
}
