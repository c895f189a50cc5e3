using System.Text;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Store;
using Sidecar.OutboxRelay.Tests.Fixtures;
using Sidecar.OutboxRelay.Upkeep;

namespace Sidecar.OutboxRelay.Tests.Upkeep;

/// <summary>What a person does with held rows while a store reads the same file.</summary>
[TestFixture]
internal sealed class SqliteParkedTests
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(30);

    [Test]
    public async Task Rows_come_back_with_their_own_ids_and_before_later_rows_of_their_key()
    {
        using var outbox = new OutboxFile();
        using var store = new SqliteStore(outbox.Options, TimeProvider.System);
        var fence = await OpenAsync(store);
        outbox.Insert("t", "k", "1", times: 3);
        var rows = await ReadAsync(store);
        await SettleAsync(store, fence, new([], [Refused(1), Behind(2), Behind(3)]));
        Assert.That(rows, Is.EqualTo(new long[] { 1, 2, 3 }));

        outbox.Insert("t", "other", "x");
        Assert.That(await ReadAsync(store), Is.EqualTo(new long[] { 4 }), "what is under way while rows come back");
        var count = (await Parked(outbox).RetryAsync(new ParkedFilter { Id = 2 })).Value;
        outbox.Insert("t", "k", "later");
        Assert.That(count, Is.EqualTo(new ParkedCount(3, 1)), "the whole key");
        Assert.That(await ReadAsync(store), Is.Empty, "row 5 would pass rows 1 to 3");

        await SettleAsync(store, fence, new([4], []));
        Assert.That(await ReadAsync(store), Is.EqualTo(new long[] { 1, 2, 3, 5 }));
    }

    [Test]
    public async Task A_row_that_stood_behind_one_that_came_back_meanwhile_stays_in_the_line()
    {
        using var outbox = new OutboxFile();
        using var store = new SqliteStore(outbox.Options, TimeProvider.System);
        var fence = await OpenAsync(store);
        outbox.Insert("t", "k", "1");
        await ReadAsync(store);
        await SettleAsync(store, fence, new([], [Refused(1)]));
        outbox.Insert("t", "k", "2");
        Assert.That((await store.ReadWindowAsync(false, [], 1 << 20)).Value.Single().BehindHeld, Is.True);

        await Parked(outbox).RetryAsync(new ParkedFilter());
        await SettleAsync(store, fence, new([], [Behind(2)]));
        Assert.That(outbox.Held(), Is.Empty, "there is nothing that row 2 could be behind");
        Assert.That(await ReadAsync(store), Is.EqualTo(new long[] { 1, 2 }));
    }

    [Test]
    public async Task Dropping_the_refused_row_lets_those_behind_it_go_on()
    {
        using var outbox = await HeldAsync("k", "k", "k", "other");
        var drop = (await Parked(outbox).DropAsync(new ParkedFilter { Id = 1 })).Value;
        Assert.That(drop.Dropped.Single().Id, Is.EqualTo(1));
        Assert.That((drop.Rows, drop.GoOn), Is.EqualTo((1, 2)));
        Assert.That(outbox.Held().Select(row => row.Id), Is.EqualTo(new long[] { 4 }));
        Assert.That(outbox.Pending, Is.EqualTo(2));
    }

    [Test]
    public async Task Dropping_a_row_behind_leaves_the_others_where_they_are()
    {
        using var outbox = await HeldAsync("k", "k", "k");
        var drop = (await Parked(outbox).DropAsync(new ParkedFilter { Id = 2 })).Value;
        Assert.That((drop.Rows, drop.GoOn), Is.EqualTo((1, 0)));
        Assert.That(outbox.Held().Select(row => row.Id), Is.EqualTo(new long[] { 1, 3 }));
    }

    [Test]
    public async Task Dropping_a_key_drops_all_its_rows_and_no_others()
    {
        using var outbox = await HeldAsync("k", "k", "other");
        var drop = (await Parked(outbox).DropAsync(new ParkedFilter { Topic = "t", Key = "k"u8.ToArray() })).Value;
        Assert.That((drop.Rows, drop.GoOn), Is.EqualTo((2, 0)));
        Assert.That(outbox.Held().Select(row => row.Id), Is.EqualTo(new long[] { 3 }));
    }

    [Test]
    public async Task A_list_is_narrowed_and_bounded_and_tells_refused_rows_from_those_behind()
    {
        using var outbox = await HeldAsync("k", "k", "other");
        var parked = Parked(outbox);
        var all = (await parked.ListAsync(new ParkedFilter(), 10)).Value;
        Assert.That(all.Select(row => row.Kind), Is.EqualTo(
            new[] { HeldKind.Refused, HeldKind.Behind, HeldKind.Refused }));
        Assert.That(Encoding.UTF8.GetString(all[2].Key!), Is.EqualTo("other"));
        Assert.That((await parked.ListAsync(new ParkedFilter(), 2)).Value, Has.Count.EqualTo(2));
        Assert.That((await parked.ListAsync(new ParkedFilter { Reason = "behind" }, 10)).Value, Has.Count.EqualTo(1));
        Assert.That((await parked.ListAsync(new ParkedFilter { Topic = "u" }, 10)).Value, Is.Empty);
        Assert.That(
            (await parked.ListAsync(new ParkedFilter { OlderThan = TimeSpan.FromHours(1) }, 10)).Value, Is.Empty);
        var shown = (await parked.ShowAsync(1, 2)).Value!;
        Assert.That((Encoding.UTF8.GetString(shown.Value!), shown.ValueBytes), Is.EqualTo(("va", 5L)));
    }

    [Test]
    public async Task A_parked_row_holds_nothing_but_rows_behind_one_go_on_holding()
    {
        using var outbox = await HeldAsync("parked", "k", "k");
        outbox.Options.OnRefused = OnRefused.Park;
        using var store = new SqliteStore(outbox.Options, TimeProvider.System);
        await OpenAsync(store);
        outbox.Insert("t", "parked", "x");
        outbox.Insert("t", "k", "x");
        var rows = (await store.ReadWindowAsync(true, [], 1 << 20)).Value;
        Assert.That(rows.Select(row => row.BehindHeld), Is.EqualTo(new[] { false, true }));
    }

    private static SqliteParked Parked(OutboxFile outbox) => new(outbox.Options, TimeProvider.System);

    /// <summary>Rows of these keys, all held: the first of each key is the refused one.</summary>
    private static async Task<OutboxFile> HeldAsync(params string[] keys)
    {
        var outbox = new OutboxFile();
        foreach (var key in keys)
        {
            outbox.Insert("t", key, "value");
        }

        using var store = new SqliteStore(outbox.Options, TimeProvider.System);
        var fence = await OpenAsync(store);
        await SettleAsync(store, fence, new([], [.. keys.Select((key, i) =>
            Array.IndexOf(keys, key) == i ? Refused(i + 1) : Behind(i + 1))]));
        await store.ReleaseLeaseAsync(fence);
        return outbox;
    }

    private static HeldRow Refused(long id) => new(id, HeldKind.Refused, "too large");

    private static HeldRow Behind(long id) => new(id, HeldKind.Behind, HeldReasons.Behind);

    private static async Task<Fence> OpenAsync(SqliteStore store)
    {
        Assert.That((await store.OpenAsync()).Problem, Is.Null);
        return (await store.TakeLeaseAsync("me", Length)).Value.Fence!.Value;
    }

    private static async Task<long[]> ReadAsync(SqliteStore store) =>
        [.. (await store.ReadWindowAsync(false, [], 1 << 20)).Value.Select(row => row.Id)];

    private static async Task SettleAsync(SqliteStore store, Fence fence, Settlement settlement) =>
        Assert.That((await store.SettleAsync(fence, Length, settlement)).Problem, Is.Null);
}
