using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Postgres;
using Sidecar.OutboxRelay.Store;
using Sidecar.OutboxRelay.Tests.Fixtures;
using Sidecar.OutboxRelay.Upkeep;
using Sidecar.TestKit;
using Sidecar.TestKit.Postgres;

namespace Sidecar.OutboxRelay.Tests.Postgres;

/// <summary>Many rows out of the line, and how the line goes on beside them.</summary>
[TestFixtureSource(typeof(SharedPostgres), nameof(SharedPostgres.Ends))]
internal sealed class HeldRowsTests(PostgresEnd end)
{
    private const long NoLimit = 1 << 20;

    private OutboxDatabase outbox = null!;

    [SetUp]
    public async Task MakeAsync() => outbox = await OutboxDatabase.MakeAsync(end);

    [Test]
    public async Task Rows_of_a_topic_that_is_waited_for_are_not_even_looked_at()
    {
        // There is no such lane: to ask whether it is ours fails.
        await HoldAsync("missing", 300, bucket: "20000");
        await HoldAsync("here", 1);
        await HoldAsync("there", 2);
        var (store, _) = await outbox.EnterAsync();
        using var held = store;
        var rows = await store.ReadWindowAsync(true, ["missing", "nowhere"], NoLimit);
        Assert.That(rows.Problem, Is.Null);
        Assert.That(rows.Value.Select(row => row.Topic), Is.EqualTo(new[] { "here", "there", "there" }));
    }

    [Test]
    public async Task A_look_that_takes_too_long_keeps_back_no_row_of_the_line()
    {
        await HoldAsync("a", 1);
        await outbox.PublishAsync("k", "b");
        await outbox.ExecuteAsync(
            """
            CREATE FUNCTION public.slowly(bucket smallint) RETURNS smallint STABLE LANGUAGE plpgsql AS
              'BEGIN PERFORM pg_sleep(5); RETURN bucket; END';
            ALTER TABLE outbox.held RENAME TO kept;
            CREATE VIEW outbox.held AS SELECT id, public.slowly(bucket) AS bucket, topic, key, value, headers, created_at,
                                              kind, reason, held_at, released_at FROM outbox.kept
            """);
        var (store, _) = await outbox.EnterAsync();
        using var held = store;
        Assert.That((await store.ReadWindowAsync(true, [], NoLimit)).Problem!.Fault, Is.EqualTo(StoreFault.Busy));
        var rows = await store.ReadWindowAsync(true, [], NoLimit);
        Assert.That(rows.Problem, Is.Null);
        Assert.That(rows.Value.Single().Topic, Is.EqualTo("b"));
    }

    [Test]
    public async Task Held_rows_that_may_go_and_the_rows_of_the_line_take_turns_and_a_key_keeps_its_order()
    {
        await HoldAsync("a", 400);
        await outbox.ExecuteAsync(
            "SELECT outbox.publish('b', 'k' || i, 'v') FROM generate_series(1, 400) i; SELECT outbox.publish('a', 'k1', 'v')");
        var (store, fence) = await outbox.EnterAsync();
        using var held = store;
        var underWay = new Queue<IReadOnlyList<OutboxRow>>();
        var windows = new List<string>();
        var sent = new List<OutboxRow>();
        while (sent.Count < 801)
        {
            // As the line does it: one window is read while another is under way.
            var rows = (await store.ReadWindowAsync(underWay.Count == 0, [], NoLimit)).Value;
            if (rows.Count > 0)
            {
                windows.Add(rows[0].Topic);
                underWay.Enqueue(rows);
            }

            if ((rows.Count == 0 || underWay.Count == 2) && underWay.TryDequeue(out var oldest))
            {
                await SettleAsync(store, fence, oldest);
                sent.AddRange(oldest.Where(row => !row.BehindHeld));
            }
        }

        Assert.That(windows.Take(8), Is.EqualTo(new[] { "a", "b", "a", "b", "a", "b", "a", "b" }));
        Assert.That(sent.Where(row => row.Topic == "a" && row.Key!.SequenceEqual("k1"u8.ToArray())).Select(row => row.Id), Is.Ordered);
        Assert.That(sent.Select(row => row.Id), Is.Unique);
    }

    [Test]
    public async Task Topics_that_are_there_again_take_turns()
    {
        await HoldAsync("a", 300);
        await HoldAsync("b", 150);
        var (store, fence) = await outbox.EnterAsync();
        using var held = store;
        var windows = new List<string>();
        while ((await store.ReadWindowAsync(true, [], NoLimit)).Value is { Count: > 0 } rows)
        {
            windows.Add(string.Join(' ', rows.GroupBy(row => row.Topic).Select(topic => $"{topic.Key}{topic.Count()}")));
            await SettleAsync(store, fence, rows);
        }

        Assert.That(windows, Is.EqualTo(new[] { "a100", "b100", "a100", "b50 a50", "a50" }).Or.EqualTo(
            new[] { "a100", "b100", "a100", "a50 b50", "a50" }));
    }

    [Test]
    public async Task Topics_of_large_rows_take_turns_also_where_a_window_holds_few()
    {
        outbox.Options.WindowBytes = 64 * 1024;
        await HoldAsync("a", 12, size: 30_000);
        await HoldAsync("b", 4, size: 30_000);
        var (store, fence) = await outbox.EnterAsync();
        using var held = store;
        var windows = new List<string>();
        while ((await store.ReadWindowAsync(true, [], NoLimit)).Value is { Count: > 0 } rows)
        {
            windows.Add(string.Join(' ', rows.GroupBy(row => row.Topic).Select(topic => $"{topic.Key}{topic.Count()}")));
            await SettleAsync(store, fence, rows);
        }

        Assert.That(windows, Is.EqualTo(new[] { "a3", "b3", "a3", "a2 b1", "a3", "a1" }));
    }

    [Test]
    public async Task A_row_that_a_relay_has_under_way_is_not_dropped()
    {
        await HoldAsync("a", 2);
        var parked = new PgParked(PgAddress.Parse(outbox.ConnectionString)!);
        var (store, fence) = await outbox.EnterAsync();
        using var held = store;
        Assert.That((await store.ReadWindowAsync(true, ["a"], NoLimit)).Value, Is.Empty);
        Assert.That((await parked.DropAsync(new ParkedFilter { Id = 2 })).Value.Rows, Is.EqualTo(1), "nothing is under way");

        IReadOnlyList<OutboxRow> rows = [];
        await Until.TrueAsync(
            async () => (rows = (await store.ReadWindowAsync(false, [], NoLimit)).Value).Count > 0, Relays.Bound, "row 1 is read");
        var refused = (await parked.DropAsync(new ParkedFilter { Id = 1 })).Problem!;
        Assert.That((refused.Fault, refused.Text), Is.EqualTo((StoreFault.Busy, refused.Text)));
        Assert.That(refused.Text, Does.StartWith("a relay sends held rows now"));
        await SettleAsync(store, fence, rows);
        await store.ReadWindowAsync(true, [], NoLimit);
        var none = await parked.DropAsync(new ParkedFilter { Id = 1 });
        Assert.That(none.Problem, Is.Null);
        Assert.That(none.Value.Rows, Is.Zero, "it was sent");
    }

    [Test]
    public async Task While_rows_are_dropped_the_line_goes_on_without_held_rows()
    {
        await HoldAsync("a", 1);
        await outbox.PublishAsync("k", "b");
        var (store, _) = await outbox.EnterAsync();
        using var held = store;
        await using (var dropping = await outbox.OpenAsync())
        {
            await dropping.ExecuteAsync($"BEGIN; SELECT pg_advisory_xact_lock({PgHeldRows.UnderWayLock}); DELETE FROM outbox.held");
            Assert.That((await store.ReadWindowAsync(true, [], NoLimit)).Value.Single().Topic, Is.EqualTo("b"));
            await dropping.ExecuteAsync("COMMIT");
        }
    }

    [Test]
    public async Task A_row_whose_number_a_held_row_has_as_well_is_sent()
    {
        await HeldTwinAsync();
        var (store, _) = await outbox.EnterAsync();
        using var held = store;
        var rows = (await store.ReadWindowAsync(true, [], NoLimit)).Value;
        Assert.That(rows.Select(row => row.Id), Is.EqualTo(Enumerable.Range(1, 9).Select(id => (long)id)));
        var status = (await PgStatusReader.ReadAsync(PgAddress.Parse(outbox.ConnectionString)!)).Value;
        Assert.That((status.Pending, status.HeldRows), Is.EqualTo((9, 1)));
    }

    [Test]
    public async Task A_row_is_not_set_aside_in_the_place_of_another_event_of_its_number()
    {
        await HeldTwinAsync();
        var (store, fence) = await outbox.EnterAsync();
        using var held = store;
        await store.ReadWindowAsync(true, [], NoLimit);
        var refused = new Settlement([1, 2, 3, 4, 6, 7, 8, 9], [new HeldRow(5, HeldKind.Refused, "too large")]);
        var answer = await store.SettleAsync(fence, OutboxDatabase.Lease, refused);
        Assert.That(answer.Problem!.Fault, Is.EqualTo(StoreFault.Alarm));
        Assert.That(answer.Problem.Text, Does.Contain("row 5 is to be set aside").And.Contain("parked retry 5"));
        await store.ReleaseLeaseAsync(fence);
        Assert.That(
            await outbox.ScalarAsync<string>("SELECT string_agg(convert_from(value, 'UTF8'), ' ') FROM outbox.held"), Is.EqualTo("old"));

        // The other is dropped, and the alarm accepted.
        await outbox.ExecuteAsync("DELETE FROM outbox.held; SELECT outbox.accept_alarm(1)");
        var (again, next) = await outbox.EnterAsync();
        using var last = again;
        Assert.That(
            (await again.ReadWindowAsync(true, [], NoLimit)).Value.Select(row => row.Id), Does.Contain(5), "neither settled nor lost");
        Assert.That((await again.SettleAsync(next, OutboxDatabase.Lease, refused)).Problem, Is.Null);
        Assert.That(
            await outbox.ScalarAsync<string>("SELECT string_agg(convert_from(value, 'UTF8'), ' ') FROM outbox.held"), Is.EqualTo("v"));
    }

    [Test]
    public async Task What_is_set_aside_of_a_lane_that_is_to_be_given_back_is_held()
    {
        await outbox.ExecuteAsync("SELECT outbox.publish('t', 'k' || i, 'v') FROM generate_series(1, 50) i");
        var (first, fence) = await outbox.EnterAsync("first");
        using var one = first;
        var rows = (await first.ReadWindowAsync(true, [], NoLimit)).Value;
        using var two = await JoinAsync(first, fence);
        var aside = new Settlement([], [.. rows.Select(row => new HeldRow(row.Id, HeldKind.Refused, "too large"))]);
        Assert.That((await first.SettleAsync(fence, OutboxDatabase.Lease, aside)).Problem, Is.Null);
        Assert.That(await outbox.ScalarAsync<long>("SELECT count(*) FROM outbox.held"), Is.EqualTo(50));
        Assert.That(
            await outbox.ScalarAsync<long>("SELECT count(*) FROM outbox.lane WHERE owner IS NULL"), Is.EqualTo(32), "in the same write");
    }

    [Test]
    public async Task A_lane_is_not_given_back_while_a_held_row_of_it_is_under_way()
    {
        await HoldAsync("a", 64);
        var (first, fence) = await outbox.EnterAsync("first");
        using var one = first;
        var rows = (await first.ReadWindowAsync(true, [], NoLimit)).Value;
        Assert.That(rows, Has.Count.EqualTo(64));
        using var two = await JoinAsync(first, fence);
        await first.ReadWindowAsync(false, [], NoLimit);
        Assert.That(await outbox.ScalarAsync<long>("SELECT count(*) FROM outbox.lane WHERE owner IS NULL"), Is.Zero);
        await SettleAsync(first, fence, rows);
        await first.ReadWindowAsync(false, [], NoLimit);
        Assert.That(await outbox.ScalarAsync<long>("SELECT count(*) FROM outbox.lane WHERE owner IS NULL"), Is.EqualTo(32));
    }

    /// <summary>Another relay has come, and the first knows that it is to give back half of its lanes.</summary>
    private async Task<PgStore> JoinAsync(PgStore first, Fence fence)
    {
        var (second, _) = await outbox.EnterAsync("second");
        Assert.That((await first.RenewLeaseAsync(fence, OutboxDatabase.Lease)).Problem, Is.Null);
        return second;
    }

    private Task HoldAsync(string topic, int rows, string bucket = "i % 64", int size = 1) => outbox.ExecuteAsync(
        $"""
        INSERT INTO outbox.held (id, bucket, topic, key, value, created_at, kind, reason)
        SELECT nextval('outbox.log_id'), {bucket}, '{topic}', convert_to('k' || i, 'UTF8'), convert_to(repeat('v', {size}), 'UTF8'),
               now(), 'waiting', 'its topic'
          FROM generate_series(1, {rows}) i
        """);

    /// <summary>Rows 1 to 9, and a held row of an earlier time that has the number 5, too.</summary>
    private Task HeldTwinAsync() => outbox.ExecuteAsync(
        """
        INSERT INTO outbox.held (id, bucket, topic, key, value, created_at, kind, reason)
        VALUES (5, 0, 't', 'another', 'old', now() - interval '1 day', 'refused', 'too large');
        SELECT outbox.publish('t', 'k' || i, 'v') FROM generate_series(1, 9) i
        """);

    private static async Task SettleAsync(PgStore store, Fence fence, IReadOnlyList<OutboxRow> rows)
    {
        var settlement = new Settlement(
            [.. rows.Where(row => !row.BehindHeld).Select(row => row.Id)],
            [.. rows.Where(row => row.BehindHeld).Select(row => new HeldRow(row.Id, HeldKind.Behind, HeldReasons.Behind))]);
        Assert.That((await store.SettleAsync(fence, OutboxDatabase.Lease, settlement)).Problem, Is.Null);
    }
}
