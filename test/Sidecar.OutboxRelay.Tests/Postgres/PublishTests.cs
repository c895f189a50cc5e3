using Npgsql;
using Sidecar.OutboxRelay.Tests.Fixtures;
using Sidecar.TestKit;
using Sidecar.TestKit.Postgres;

namespace Sidecar.OutboxRelay.Tests.Postgres;

/// <summary><c>outbox.publish</c>, as any language calls it.</summary>
[TestFixtureSource(typeof(SharedPostgres), nameof(SharedPostgres.Ends))]
internal sealed class PublishTests(PostgresEnd end)
{
    private OutboxDatabase outbox = null!;

    [SetUp]
    public async Task MakeAsync() => outbox = await OutboxDatabase.MakeAsync(end);

    [TestCase("READ COMMITTED")]
    [TestCase("REPEATABLE READ")]
    [TestCase("SERIALIZABLE")]
    public async Task It_works_in_every_isolation_level_and_a_rolled_back_savepoint_leaves_nothing(string level)
    {
        await outbox.ExecuteAsync(
            $"""
            BEGIN ISOLATION LEVEL {level};
            SELECT outbox.publish('t', 'a', 'kept');
            SAVEPOINT s; SELECT outbox.publish('t', 'a', 'gone'); ROLLBACK TO s;
            SELECT outbox.publish('t', 'a', 'also kept');
            COMMIT
            """);
        Assert.That(
            await outbox.ScalarAsync<string>("SELECT string_agg(convert_from(value, 'UTF8'), ',' ORDER BY id) FROM outbox.log"),
            Is.EqualTo("kept,also kept"));
        Assert.That(await outbox.ScalarAsync<long>("SELECT count(DISTINCT xid) FROM outbox.log"), Is.EqualTo(1));
    }

    [Test]
    public async Task Text_and_bytes_are_one_key_and_null_is_not_empty()
    {
        await outbox.ExecuteAsync(
            """
            SELECT outbox.publish('t', 'é'::text, NULL); SELECT outbox.publish('t', '\xc3a9'::bytea, '');
            SELECT outbox.publish('t', NULL::text, 'v')
            """);
        Assert.That(
            await outbox.ScalarAsync<bool>(
                """
                SELECT count(*) = 2 AND count(DISTINCT bucket) = 1 AND count(value) = 1 AND min(octet_length(value)) = 0
                  FROM outbox.log WHERE key = '\xc3a9'
                """),
            Is.True);
        Assert.That(await outbox.ScalarAsync<long>("SELECT count(*) FROM outbox.log WHERE key IS NULL"), Is.EqualTo(1));
    }

    [TestCase("""{"a": "1", "b": null}""", """[["a", "1"], ["b", null]]""")]
    [TestCase("""[["a", "1"], ["a", null]]""", """[["a", "1"], ["a", null]]""")]
    [TestCase("{}", null)]
    [TestCase("null", null)]
    public async Task Headers_are_kept_as_pairs(string given, string? kept)
    {
        await outbox.ExecuteAsync($"SELECT outbox.publish('t', 'k', 'v', '{given}')");
        Assert.That(await outbox.ScalarAsync<string>("SELECT headers::text FROM outbox.log"), Is.EqualTo(kept));
    }

    [TestCase("""{"a": 1}""")]
    [TestCase("""{"": "x"}""")]
    [TestCase("""["a"]""")]
    [TestCase("""[["a"]]""")]
    [TestCase("""[["a", {}]]""")]
    [TestCase("\"text\"")]
    public void Headers_that_are_none_are_refused_with_the_shape_that_is_wanted(string given)
    {
        var error = Assert.ThrowsAsync<PostgresException>(
            () => outbox.ExecuteAsync($"SELECT outbox.publish('t', 'k', 'v', '{given}')"))!;
        Assert.That((error.SqlState, error.MessageText[..15]), Is.EqualTo(("22023", "outbox.publish:")));
        Assert.That(error.Hint, Does.Contain("array of pairs"));
    }

    [Test]
    public async Task The_trace_of_the_transaction_becomes_a_header_unless_the_row_has_one()
    {
        await outbox.ExecuteAsync(
            """
            BEGIN; SET LOCAL outbox.traceparent = 'of-the-transaction';
            SELECT outbox.publish('t', 'k', 'v'); SELECT outbox.publish('t', 'k', 'v', '{"traceparent": "own"}'); COMMIT;
            SELECT outbox.publish('t', 'k', 'v')
            """);
        Assert.That(
            await outbox.ScalarAsync<string>(
                "SELECT string_agg(coalesce(headers::text, 'none'), ' ' ORDER BY id) FROM outbox.log"),
            Is.EqualTo("""[["traceparent", "of-the-transaction"]] [["traceparent", "own"]] none"""));
    }

    [Test]
    public async Task A_prepared_transaction_publishes_when_it_is_committed()
    {
        if (await outbox.ScalarAsync<string>("SHOW max_prepared_transactions") == "0")
        {
            Assert.Ignore("this server allows no prepared transactions");
        }

        await outbox.ExecuteAsync("SELECT setval('outbox.bell', extract(epoch FROM clock_timestamp())::bigint + 60)");
        var name = Guid.NewGuid().ToString("N");
        Assert.ThrowsAsync<PostgresException>(
            () => outbox.ExecuteAsync($"BEGIN; SELECT outbox.publish('t', 'k', 'v'); PREPARE TRANSACTION '{name}'"));
        await outbox.ExecuteAsync(
            $"""
            BEGIN; SET LOCAL outbox.notify = off; SELECT outbox.publish('t', 'k', 'v'); PREPARE TRANSACTION '{name}'
            """);
        Assert.That(await outbox.ScalarAsync<long>("SELECT count(*) FROM outbox.log"), Is.Zero);
        await outbox.ExecuteAsync($"COMMIT PREPARED '{name}'");
        Assert.That(await outbox.ScalarAsync<long>("SELECT count(*) FROM outbox.log"), Is.EqualTo(1));
    }

    [Test]
    public async Task Strict_writers_of_a_key_wait_for_each_other_and_others_do_not()
    {
        await using var first = await outbox.OpenAsync();
        await first.ExecuteAsync("BEGIN; SELECT outbox.publish('t', 'k', 'v', strict => true)");
        await outbox.ExecuteAsync("SELECT outbox.publish('t', 'other', 'v', strict => true), outbox.publish('t', 'k', 'v')");
        var error = Assert.ThrowsAsync<PostgresException>(
            () => outbox.ExecuteAsync("SET lock_timeout = '50ms'; SELECT outbox.publish('t', 'k', 'v', strict => true)"))!;
        Assert.That(error.SqlState, Is.EqualTo(PostgresErrorCodes.LockNotAvailable));
    }

    [Test]
    public async Task A_backlog_beyond_its_limit_is_refused_where_the_policy_says_so()
    {
        await outbox.ExecuteAsync("UPDATE outbox.config SET max_backlog_rows = 2; SELECT setval('outbox.log_id', 10)");
        await outbox.PublishAsync("k");
        await outbox.ExecuteAsync("UPDATE outbox.config SET max_backlog_policy = 'raise'");
        var error = Assert.ThrowsAsync<PostgresException>(() => outbox.PublishAsync("k"))!;
        Assert.That(error.MessageText, Is.EqualTo("outbox.publish: more than 2 rows wait for Kafka"));
    }

    [TestCase(false, TestName = "What_was_rolled_back_is_no_backlog_for_long")]
    [TestCase(true, TestName = "What_was_rolled_back_is_no_backlog_for_long_where_rows_come_from_the_log")]
    public async Task What_was_rolled_back_is_no_backlog_for_long(bool readsWal)
    {
        const string Streams =
            "SELECT count(*) > 0 FROM pg_replication_slots s JOIN pg_stat_replication r ON r.pid = s.active_pid " +
            "WHERE s.database = current_database() AND r.state = 'streaming'";
        const string RollBack = "BEGIN; SELECT outbox.publish('t', 'k', 'v') FROM generate_series(1, 50); ROLLBACK";
        outbox.Options.ReadsWal = readsWal;
        await outbox.ExecuteAsync(RollBack);    // so that the relay looks again each second, and not each half minute
        var (store, fence) = await outbox.EnterAsync();
        using var held = store;
        await UntilAsync(readsWal ? Streams : "SELECT true");
        await outbox.ExecuteAsync(RollBack);
        await outbox.ExecuteAsync("UPDATE outbox.config SET max_backlog_rows = 50, max_backlog_policy = 'raise'");
        Assert.ThrowsAsync<PostgresException>(() => outbox.PublishAsync("k"), "who knows whether they will be committed");
        await UntilAsync("SELECT s.last_value = i.last_value FROM outbox.settled s, outbox.log_id i");
        await outbox.PublishAsync("k");

        Task UntilAsync(string condition) => Until.TrueAsync(
            async () =>
            {
                await store.RenewLeaseAsync(fence, OutboxDatabase.Lease);
                Assert.That((await store.ReadWindowAsync(true, [], 1 << 20)).Value, Is.Empty);
                return await outbox.ScalarAsync<bool>(condition);
            },
            Relays.Bound, condition);
    }

    [Test]
    public async Task A_writer_may_publish_and_nothing_else_and_a_relay_cannot_change_a_row()
    {
        await using var connection = await outbox.OpenAsync();
        await connection.ExecuteAsync("SET ROLE outbox_writer; SELECT outbox.publish('t', 'k', 'v')");
        foreach (var refused in new[]
                 {
                     "TABLE outbox.log", "TABLE outbox.config", "SELECT nextval('outbox.log_id')", "SELECT outbox.rotate()",
                     "DELETE FROM outbox.lane",
                 })
        {
            Assert.That(
                Assert.ThrowsAsync<PostgresException>(() => connection.ExecuteAsync(refused))!.SqlState,
                Is.EqualTo(PostgresErrorCodes.InsufficientPrivilege), refused);
        }

        await connection.ExecuteAsync("SET ROLE outbox_relay; TABLE outbox.log; SELECT outbox.rotate()");
        foreach (var refused in new[] { "DELETE FROM outbox.log", "TRUNCATE outbox.log_1", "UPDATE outbox.log SET key = NULL" })
        {
            Assert.That(
                Assert.ThrowsAsync<PostgresException>(() => connection.ExecuteAsync(refused))!.SqlState,
                Is.EqualTo(PostgresErrorCodes.InsufficientPrivilege), refused);
        }
    }

    [Test]
    public void Rows_are_not_changed_by_hand_even_by_a_superuser() =>
        Assert.Multiple(() =>
        {
            foreach (var refused in new[] { "DELETE FROM outbox.log", "TRUNCATE outbox.log_1", "UPDATE outbox.log_0 SET key = NULL" })
            {
                Assert.That(
                    Assert.ThrowsAsync<PostgresException>(() => outbox.ExecuteAsync(refused))!.MessageText,
                    Does.EndWith("is refused: a relay that finds rows altered stops"));
            }
        });
}
