using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Postgres;
using Sidecar.OutboxRelay.Store;
using Sidecar.OutboxRelay.Tests.Fixtures;
using Sidecar.TestKit;
using Sidecar.TestKit.Postgres;

namespace Sidecar.OutboxRelay.Tests.Postgres;

/// <summary>What the store hands out and writes, without Kafka.</summary>
[TestFixtureSource(typeof(SharedPostgres), nameof(SharedPostgres.Ends))]
internal sealed class PgStoreTests(PostgresEnd end)
{
    private const long NoLimit = 1 << 20;

    private OutboxDatabase outbox = null!;

    [SetUp]
    public async Task MakeAsync() => outbox = await OutboxDatabase.MakeAsync(end);

    [Test]
    public async Task Rows_come_as_they_were_published()
    {
        await outbox.ExecuteAsync(
            """
            SELECT outbox.publish('t', '\x00ff'::bytea, '\xff00', '[["a", "é"], ["a", null]]');
            SELECT outbox.publish('u', NULL::bytea, NULL); SELECT outbox.publish('u', ''::bytea, '')
            """);
        var (store, fence) = await outbox.EnterAsync();
        using var held = store;
        var rows = (await store.ReadWindowAsync(true, [], NoLimit)).Value;
        Assert.That(rows.Select(row => row.Topic), Is.EqualTo(new[] { "t", "u", "u" }));
        Assert.That((rows[0].Key, rows[0].Value), Is.EqualTo((new byte[] { 0, 255 }, new byte[] { 255, 0 })));
        Assert.That(rows[0].Headers, Is.EqualTo("""[["a", "é"], ["a", null]]"""u8.ToArray()));
        Assert.That(new[] { rows[1].Key, rows[1].Value, rows[1].Headers }, Is.All.Null);
        Assert.That((rows[2].Key, rows[2].Value), Is.EqualTo((Array.Empty<byte>(), Array.Empty<byte>())));
        Assert.That(rows.Select(row => row.Epoch), Is.All.EqualTo(1));
        await SettleAsync(store, fence, rows);
        Assert.That((await store.ReadWindowAsync(true, [], NoLimit)).Value, Is.Empty);
    }

    [Test]
    public async Task A_window_is_bounded_by_rows_and_bytes_and_large_rows_come_whole_or_measured()
    {
        outbox.Options.WindowRows = 3;
        outbox.Options.WindowBytes = 64 * 1024;
        await outbox.ExecuteAsync(
            """
            SELECT outbox.publish('t', 'k', convert_to(repeat('x', size), 'UTF8'))
              FROM unnest(ARRAY[1, 2, 3, 4, 70000, 5, 60000, 2000000]) size
            """);
        var (store, fence) = await outbox.EnterAsync();
        using var held = store;
        var windows = new List<string>();
        while ((await store.ReadWindowAsync(false, [], NoLimit)).Value is { Count: > 0 } rows)
        {
            windows.Add(string.Join(' ', rows.Select(row => row.Value?.Length.ToString() ?? $"({row.StoredBytes - 1})")));
            await SettleAsync(store, fence, rows);
        }

        Assert.That(windows, Is.EqualTo(new[] { "1 2 3", "4 70000", "5 60000 (2000000)" }));
    }

    [Test]
    public async Task A_transaction_that_commits_late_is_read_then_and_only_once()
    {
        await using var late = await outbox.OpenAsync();
        await late.ExecuteAsync("BEGIN; SELECT outbox.publish('t', 'late', 'v')");    // id 1
        await using var early = await outbox.OpenAsync();
        await early.ExecuteAsync("BEGIN; SELECT pg_current_xact_id()");                // a number, and no row yet
        var (store, fence) = await outbox.EnterAsync();
        using var held = store;
        await outbox.PublishAsync("a");                                                // id 2
        Assert.That(await DrainAsync(store, fence), Is.EqualTo(new long[] { 2 }));
        await outbox.ExecuteAsync("BEGIN; SELECT outbox.publish('t', 'gap', 'v'); ROLLBACK");    // id 3
        await early.ExecuteAsync("SELECT outbox.publish('t', 'early', 'v')");          // id 4
        await outbox.PublishAsync("a");                                                // id 5
        Assert.That(await DrainAsync(store, fence), Is.EqualTo(new long[] { 5 }));
        await early.ExecuteAsync("COMMIT");
        Assert.That(await DrainAsync(store, fence), Is.EqualTo(new long[] { 4 }));
        await late.ExecuteAsync("COMMIT");
        Assert.That(await DrainAsync(store, fence), Is.EqualTo(new long[] { 1 }));
        Assert.That(await DrainAsync(store, fence), Is.Empty);
    }

    [Test]
    public async Task What_is_committed_while_a_window_is_read_in_parts_is_read_after_it()
    {
        outbox.Options.WindowRows = 10;
        await using var late = await outbox.OpenAsync();
        await late.ExecuteAsync("BEGIN; SELECT outbox.publish('t', 'late', 'v')");    // id 1
        await outbox.ExecuteAsync("SELECT outbox.publish('t', 'k' || i, 'v') FROM generate_series(1, 25) i");
        var (store, fence) = await outbox.EnterAsync();
        using var held = store;
        var first = (await store.ReadWindowAsync(true, [], NoLimit)).Value;
        await SettleAsync(store, fence, first);
        await late.ExecuteAsync("COMMIT");
        await outbox.ExecuteAsync("SELECT outbox.publish('t', 'k' || i, 'v') FROM generate_series(1, 25) i");
        var rest = await DrainAsync(store, fence);
        Assert.That(first.Select(row => row.Id).Concat(rest).Order(), Is.EqualTo(Enumerable.Range(1, 51).Select(id => (long)id)));
    }

    [Test]
    public async Task What_is_settled_survives_the_relay_and_what_is_not_comes_again()
    {
        for (var i = 0; i < 4; i++)
        {
            await outbox.PublishAsync("k");
        }

        var (store, fence) = await outbox.EnterAsync();
        Assert.That((await store.ReadWindowAsync(true, [], NoLimit)).Value, Has.Count.EqualTo(4));
        await store.SettleAsync(fence, OutboxDatabase.Lease, new Settlement([1, 2, 4], []));
        Assert.That((await store.ReleaseLeaseAsync(fence)).Problem, Is.Null);
        store.Dispose();
        var (next, nextFence) = await outbox.EnterAsync();
        using var held = next;
        Assert.That(await DrainAsync(next, nextFence), Is.EqualTo(new long[] { 3, 4 }), "what has a gap before it is repeated");
    }

    [Test]
    public async Task After_a_failure_rows_that_are_settled_behind_the_gap_are_not_read_again()
    {
        for (var i = 0; i < 4; i++)
        {
            await outbox.PublishAsync("k");
        }

        var (store, fence) = await outbox.EnterAsync();
        using var held = store;
        await store.ReadWindowAsync(true, [], NoLimit);
        await store.SettleAsync(fence, OutboxDatabase.Lease, new Settlement([1, 3], []));
        var again = (await store.ReadWindowAsync(true, [], NoLimit)).Value;
        Assert.That(again.Select(row => row.Id), Is.EqualTo(new long[] { 2, 4 }));
    }

    [Test]
    public async Task A_stale_owner_writes_nothing_and_its_lanes_are_anothers()
    {
        await outbox.PublishAsync("k");
        var (stale, staleFence) = await outbox.EnterAsync("stale");
        using var first = stale;
        var rows = (await stale.ReadWindowAsync(true, [], NoLimit)).Value;
        await outbox.ExecuteAsync("UPDATE outbox.relay SET lease_until = clock_timestamp() - interval '1 second'");
        var (fresh, freshFence) = await outbox.EnterAsync("fresh");
        using var second = fresh;
        await stale.SettleAsync(staleFence, OutboxDatabase.Lease, new Settlement([], [new HeldRow(1, HeldKind.Refused, "stale")]));
        Assert.That(await outbox.ScalarAsync<long>("SELECT count(*) FROM outbox.held"), Is.Zero);
        Assert.That(await outbox.ScalarAsync<long>("SELECT sum(rows)::bigint FROM outbox.ledger"), Is.Zero);
        Assert.That(
            (await stale.RenewLeaseAsync(staleFence, OutboxDatabase.Lease)).Problem!.Fault, Is.EqualTo(StoreFault.Fenced));
        Assert.That(await DrainAsync(fresh, freshFence), Is.EqualTo(rows.Select(row => row.Id)));
    }

    [Test]
    public async Task Lanes_are_shared_fairly_and_handed_over_after_what_was_read_is_settled()
    {
        for (var key = 0; key < 50; key++)
        {
            await outbox.PublishAsync($"k{key}");
        }

        var (first, firstFence) = await outbox.EnterAsync("first");
        using var one = first;
        var rows = (await first.ReadWindowAsync(true, [], NoLimit)).Value;
        Assert.That(rows, Has.Count.EqualTo(50));
        var (second, secondFence) = await outbox.EnterAsync("second");
        using var two = second;
        await first.RenewLeaseAsync(firstFence, OutboxDatabase.Lease);
        await second.RenewLeaseAsync(secondFence, OutboxDatabase.Lease);
        Assert.That(await DrainAsync(second, secondFence), Is.Empty, "all of it is under way with the first");
        await SettleAsync(first, firstFence, rows);
        await Until.TrueAsync(
            async () =>
            {
                await first.RenewLeaseAsync(firstFence, OutboxDatabase.Lease);
                await first.ReadWindowAsync(true, [], NoLimit);
                await second.RenewLeaseAsync(secondFence, OutboxDatabase.Lease);
                return await outbox.ScalarAsync<string>(
                    "SELECT string_agg(n::text, ' ') FROM (SELECT count(*) n FROM outbox.lane GROUP BY owner) o") == "32 32";
            },
            Relays.Bound, "each has half of the lanes");
        for (var key = 0; key < 50; key++)
        {
            await outbox.PublishAsync($"k{key}");
        }

        var read = (await DrainAsync(first, firstFence)).Concat(await DrainAsync(second, secondFence));
        Assert.That(read.Order(), Is.EqualTo(Enumerable.Range(51, 50).Select(id => (long)id)));
    }

    [Test]
    public async Task Held_rows_keep_their_keys_back_and_go_out_in_order_when_they_may()
    {
        foreach (var (key, topic) in new[] { ("a", "t"), ("a", "t"), ("b", "u"), ("a", "t"), ("b", "u"), ("c", "t") })
        {
            await outbox.PublishAsync(key, topic);
        }

        var (store, fence) = await outbox.EnterAsync();
        using var held = store;
        await store.ReadWindowAsync(true, [], NoLimit);
        await store.SettleAsync(fence, OutboxDatabase.Lease, new Settlement(
            [1, 6],
            [
                new HeldRow(2, HeldKind.Refused, "too large"), new HeldRow(3, HeldKind.Waiting, "no topic"),
                new HeldRow(4, HeldKind.Behind, "behind"), new HeldRow(5, HeldKind.Waiting, "no topic"),
            ]));
        await outbox.PublishAsync("a");
        var behind = (await store.ReadWindowAsync(true, ["u"], NoLimit)).Value;
        Assert.That(behind.Select(row => (row.Id, row.BehindHeld)), Is.EqualTo(new[] { (7L, true) }));
        await store.SettleAsync(fence, OutboxDatabase.Lease, new Settlement([], [new HeldRow(7, HeldKind.Behind, "behind")]));
        var came = await UntilReadAsync(store);
        Assert.That(came.Select(row => row.Id), Is.EqualTo(new long[] { 3, 5 }), "the topic is there");
        await SettleAsync(store, fence, came);
        await outbox.ExecuteAsync("UPDATE outbox.held SET kind = 'waiting', released_at = now()");
        var released = await UntilReadAsync(store);
        Assert.That(released.Select(row => row.Id), Is.EqualTo(new long[] { 2, 4, 7 }), "a person let them go");
        await SettleAsync(store, fence, released);
        Assert.That(await outbox.ScalarAsync<long>("SELECT count(*) FROM outbox.held"), Is.Zero);
    }

    [Test]
    public async Task A_database_without_the_schema_says_how_to_make_it()
    {
        var bare = await OutboxDatabase.MakeAsync(end, withSchema: false);
        using var store = bare.Store();
        var problem = (await store.OpenAsync()).Problem!;
        Assert.That((problem.Fault, problem.Text), Is.EqualTo((StoreFault.NoSchema, problem.Text)));
        Assert.That(problem.Text, Does.Contain("outbox-relay init --apply"));
    }

    [Test]
    public async Task A_read_only_database_is_waited_for()
    {
        await outbox.ExecuteAsync(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$");
        using var store = outbox.Store();
        var problem = (await store.OpenAsync()).Problem!;
        Assert.That(problem.Fault, Is.EqualTo(StoreFault.NoDatabase));
        Assert.That(problem.Text, Does.Contain("takes no writes"));
    }

    private static async Task<IReadOnlyList<OutboxRow>> UntilReadAsync(PgStore store)
    {
        IReadOnlyList<OutboxRow> rows = [];
        await Until.TrueAsync(
            async () => (rows = (await store.ReadWindowAsync(true, [], NoLimit)).Value).Count > 0, Relays.Bound, "rows are read");
        return rows;
    }

    private static async Task<List<long>> DrainAsync(PgStore store, Fence fence)
    {
        var ids = new List<long>();
        while ((await store.ReadWindowAsync(true, [], NoLimit)).Value is { Count: > 0 } rows)
        {
            ids.AddRange(rows.Select(row => row.Id));
            await SettleAsync(store, fence, rows);
        }

        return ids;
    }

    private static async Task SettleAsync(PgStore store, Fence fence, IReadOnlyList<OutboxRow> rows)
    {
        var settlement = new Settlement([.. rows.Select(row => row.Id)], []);
        Assert.That((await store.SettleAsync(fence, OutboxDatabase.Lease, settlement)).Problem, Is.Null);
    }
}
