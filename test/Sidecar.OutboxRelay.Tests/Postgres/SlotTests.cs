using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Postgres;
using Sidecar.OutboxRelay.Store;
using Sidecar.OutboxRelay.Tests.Fixtures;
using Sidecar.TestKit;
using Sidecar.TestKit.Postgres;

namespace Sidecar.OutboxRelay.Tests.Postgres;

/// <summary>The log stays small: slots fill in turn, and are emptied with proof.</summary>
[TestFixtureSource(typeof(SharedPostgres), nameof(SharedPostgres.Ends))]
internal sealed class SlotTests(PostgresEnd end)
{
    private const long NoLimit = 1 << 20;
    private const string Fill =
        "SELECT outbox.publish('t', 'k' || i, convert_to(repeat('x', 1000), 'UTF8')) FROM generate_series(1, 200) i";

    private OutboxDatabase outbox = null!;

    [SetUp]
    public async Task MakeAsync()
    {
        outbox = await OutboxDatabase.MakeAsync(end);
        await outbox.ExecuteAsync("UPDATE outbox.config SET slot_bytes = 65536");
    }

    [Test]
    public async Task Slots_fill_in_turn_and_are_emptied_once_their_rows_are_settled()
    {
        var (store, fence) = await outbox.EnterAsync();
        using var held = store;
        for (var round = 0; round < 6; round++)
        {
            await outbox.ExecuteAsync(Fill);
            await SettleAllAsync(store, fence);
        }

        await Until.TrueAsync(
            async () =>
            {
                await SettleAllAsync(store, fence);
                return await outbox.ScalarAsync<long>("SELECT sum(emptied)::bigint FROM outbox.slot") == 1200;
            },
            Relays.Bound, "every row has left");
        Assert.That(await outbox.ScalarAsync<long>("SELECT count(*) FROM outbox.log"), Is.Zero);
        Assert.That(await outbox.ScalarAsync<long>("SELECT sum(rows)::bigint FROM outbox.ledger"), Is.Zero);
        Assert.That(await outbox.ScalarAsync<long>("SELECT count(*) FROM outbox.alarm"), Is.Zero);
    }

    [Test]
    public async Task While_Kafka_takes_nothing_writers_go_on_to_the_next_slot_and_the_backlog_is_told()
    {
        await outbox.ExecuteAsync("UPDATE outbox.config SET max_backlog_rows = 100");
        var (store, fence) = await outbox.EnterAsync();
        using var held = store;
        for (var slot = 1; slot <= 2; slot++)
        {
            await outbox.ExecuteAsync(Fill);
            await Until.TrueAsync(
                async () =>
                {
                    Assert.That((await store.RenewLeaseAsync(fence, OutboxDatabase.Lease)).Problem, Is.Null);
                    return await outbox.ScalarAsync<long>(
                        "SELECT last_value FROM outbox.current_slot, outbox.alarm WHERE kind = 'backlog'") == slot;
                },
                Relays.Bound, $"slot {slot} is the current one, and the backlog is told");
        }
    }

    [Test]
    public async Task A_slot_with_a_row_that_is_not_settled_is_not_emptied()
    {
        await outbox.ExecuteAsync(Fill);
        await outbox.ExecuteAsync("SELECT outbox.rotate()");
        Assert.That(
            await outbox.ScalarAsync<string>("SELECT state || ' ' || row_id FROM outbox.empty_slot(0)"), Is.EqualTo("unread 200"));
        Assert.That(await outbox.ScalarAsync<string>("SELECT state FROM outbox.empty_slot(1)"), Is.EqualTo("current"));
    }

    [Test]
    public async Task A_slot_whose_newest_rows_wait_is_neither_locked_nor_read_through()
    {
        await outbox.ExecuteAsync(Fill);
        await using var writer = await outbox.OpenAsync();
        await writer.ExecuteAsync("BEGIN; SELECT outbox.publish('t', 'k', 'v')");
        await outbox.ExecuteAsync("SELECT outbox.rotate()");
        Assert.That(
            await outbox.ScalarAsync<string>("SELECT state FROM outbox.empty_slot(0)"), Is.EqualTo("unread"), "not busy");
        await writer.ExecuteAsync("ROLLBACK");
    }

    [Test]
    public async Task A_proof_that_takes_too_long_lets_the_other_slots_have_their_turn_and_may_take_longer_then()
    {
        await FillTwoSlotsAsync(secondsForTheFirst: 1);
        using var housekeeping = new PgHousekeeping(
            PgAddress.Parse(outbox.ConnectionString)!, TimeProvider.System, NullLogger.Instance, TimeSpan.FromMilliseconds(300));
        await KeepUntilAsync(housekeeping, "SELECT emptied = 200 FROM outbox.slot WHERE slot = 1");
        Assert.That(await outbox.ScalarAsync<long>("SELECT emptied FROM outbox.slot WHERE slot = 0"), Is.Zero);
        await KeepUntilAsync(housekeeping, "SELECT emptied = 200 FROM outbox.slot WHERE slot = 0");
    }

    [Test]
    public async Task Writers_go_on_to_the_next_slot_while_a_proof_takes_long_and_it_ends_with_its_relay()
    {
        const string Proofs =
            "SELECT count(*) = {0} FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
        await FillTwoSlotsAsync(secondsForTheFirst: 50);
        using (var housekeeping = new PgHousekeeping(
            PgAddress.Parse(outbox.ConnectionString)!, TimeProvider.System, NullLogger.Instance))
        {
            await KeepUntilAsync(housekeeping, string.Format(CultureInfo.InvariantCulture, Proofs, 1));
            await outbox.ExecuteAsync(Fill);
            await KeepUntilAsync(housekeeping, "SELECT last_value = 3 FROM outbox.current_slot");
        }

        var none = string.Format(CultureInfo.InvariantCulture, Proofs, 0);
        await Until.TrueAsync(() => outbox.ScalarAsync<bool>(none), TimeSpan.FromSeconds(30), "the server has given up the proof");
    }

    /// <summary>Two slots are full and settled, and the proof of the first takes as long as that of a slot of gigabytes.</summary>
    private async Task FillTwoSlotsAsync(int secondsForTheFirst)
    {
        for (var slot = 0; slot < 2; slot++)
        {
            await outbox.ExecuteAsync(Fill);
            await outbox.ExecuteAsync("SELECT outbox.rotate()");
        }

        await outbox.ExecuteAsync(
            $"""
            UPDATE outbox.lane SET done = pg_current_snapshot(), floor = 400;
            UPDATE outbox.ledger SET rows = 200, id_sum = 20100 + slot * 40000 WHERE slot < 2 AND part = 0;
            ALTER FUNCTION outbox.empty_slot(integer) RENAME TO empty_slot_itself;
            CREATE FUNCTION outbox.empty_slot(number integer, OUT state text, OUT detail text, OUT row_id bigint)
            LANGUAGE plpgsql AS $$
            BEGIN
              IF number = 0 THEN
                PERFORM pg_advisory_xact_lock(7411002);
                LOCK TABLE outbox.log_0 IN SHARE MODE;
                PERFORM pg_sleep({secondsForTheFirst});
              END IF;
              SELECT e.state, e.detail, e.row_id INTO state, detail, row_id FROM outbox.empty_slot_itself(number) e;
            END $$
            """);
    }

    private Task KeepUntilAsync(PgHousekeeping housekeeping, string condition)
    {
        var activity = 0L;
        return Until.TrueAsync(
            async () =>
            {
                housekeeping.Tick(activity++);
                return await outbox.ScalarAsync<bool>(condition);
            },
            Relays.Bound, condition);
    }

    private static async Task SettleAllAsync(PgStore store, Fence fence)
    {
        while ((await store.ReadWindowAsync(true, [], NoLimit)).Value is { Count: > 0 } rows)
        {
            await store.SettleAsync(fence, OutboxDatabase.Lease, new Settlement([.. rows.Select(row => row.Id)], []));
        }
    }
}
