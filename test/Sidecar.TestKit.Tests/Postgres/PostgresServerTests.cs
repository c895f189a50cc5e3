using Npgsql;
using Sidecar.TestKit.Postgres;

namespace Sidecar.TestKit.Tests.Postgres;

[TestFixtureSource(typeof(SharedPostgres), nameof(SharedPostgres.Ends))]
public sealed class PostgresServerTests(PostgresEnd end)
{
    [Test]
    public async Task Every_test_has_an_empty_database_of_its_own()
    {
        var server = await SharedPostgres.GetAsync(end);
        var first = await server.NewDatabaseAsync("own");
        var second = await server.NewDatabaseAsync("own");
        await Sql.ExecuteAsync(first, "CREATE TABLE here (id int)");

        Assert.That(await TablesAsync(first), Is.EqualTo(1));
        Assert.That(await TablesAsync(second), Is.Zero);
    }

    [Test]
    public async Task Logical_decoding_and_prepared_transactions_are_on()
    {
        var server = await SharedPostgres.GetAsync(end);

        Assert.That(await ShowAsync(server, "wal_level"), Is.EqualTo("logical"));
        Assert.That(int.Parse(await ShowAsync(server, "max_prepared_transactions"), null), Is.Positive);
    }

    [Test]
    public async Task A_killed_server_has_broken_all_connections_and_comes_back_with_what_was_committed()
    {
        await using var server = await StartAsync();
        await server.ExecuteAsync("CREATE TABLE kept (id int)");
        await using var connection = await Sql.OpenAsync(server.ConnectionString);
        await connection.ExecuteAsync("INSERT INTO kept VALUES (1)");

        await server.KillAsync();
        Assert.That(server.IsRunning, Is.False);
        Assert.That(() => connection.ExecuteAsync("SELECT 1"), Throws.InstanceOf<NpgsqlException>());

        await server.StartAgainAsync();
        Assert.That(await Sql.ScalarAsync<long>(server.ConnectionString, "SELECT count(*) FROM kept"), Is.EqualTo(1));
    }

    [Test]
    public async Task A_paused_server_answers_when_it_is_resumed()
    {
        await using var server = await StartAsync();
        await using var connection = await Sql.OpenAsync(server.ConnectionString + ";Command Timeout=60");

        server.Pause();
        var answer = connection.ScalarAsync<int>("SELECT 7");
        Assert.That(answer.IsCompleted, Is.False);
        server.Resume();

        Assert.That(await answer, Is.EqualTo(7));
    }

    [Test]
    public async Task A_promoted_synchronous_standby_has_every_commit()
    {
        await using var primary = await StartAsync();
        await primary.ExecuteAsync("CREATE TABLE kept (id int)");
        await using var standby = await primary.StandbyAsync();
        for (var i = 0; i < 20; i++) await primary.ExecuteAsync($"INSERT INTO kept VALUES ({i})");

        await primary.KillAsync();
        await standby.PromoteAsync();

        Assert.That(await Sql.ScalarAsync<long>(standby.ConnectionString, "SELECT count(*) FROM kept"), Is.EqualTo(20));
        await standby.ExecuteAsync("INSERT INTO kept VALUES (20)");
    }

    [Test]
    public async Task A_server_with_its_own_clock_can_be_set_back_while_it_runs()
    {
        if (LocalPostgres.NoClock is { } reason) Assert.Ignore(reason);
        await using var server = await StartAsync(new LocalPostgresOptions { OwnClock = true });
        await using var connection = await Sql.OpenAsync(server.ConnectionString);
        const string Now = "SELECT extract(epoch FROM clock_timestamp())::float8";
        var before = await connection.ScalarAsync<double>(Now);

        server.SetClock(TimeSpan.FromHours(-1));

        var after = await connection.ScalarAsync<double>(Now);
        Assert.That(before - after, Is.InRange(3000, 3700));
        Assert.That(await server.NewDatabaseAsync("later"), Is.Not.Empty);
    }

    private Task<LocalPostgres> StartAsync(LocalPostgresOptions? options = null) =>
        LocalPostgres.StartAsync(SharedPostgres.Breakable(end), options ?? new LocalPostgresOptions());

    private static Task<long> TablesAsync(string connectionString) =>
        Sql.ScalarAsync<long>(connectionString, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'");

    private static async Task<string> ShowAsync(PostgresServer server, string setting) =>
        await Sql.ScalarAsync<string>(server.ConnectionString, $"SHOW {setting}") ?? "";
}
