using System.Text;
using CsCheck;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Store;
using Sidecar.OutboxRelay.Tests.Fixtures;

namespace Sidecar.OutboxRelay.Tests.Store;

[TestFixture]
internal sealed class SqliteStoreTests
{
    private const long NoLimit = 1 << 20;
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(5);

    [Test]
    public async Task A_file_that_is_not_there_is_not_made()
    {
        using var outbox = new OutboxFile(withSchema: false);
        using var store = new SqliteStore(outbox.Options, TimeProvider.System);
        Assert.That((await store.OpenAsync()).Problem!.Fault, Is.EqualTo(StoreFault.NoDatabase));
        Assert.That(File.Exists(outbox.Path), Is.False);
    }

    [Test]
    public async Task A_file_without_the_tables_says_how_to_make_them()
    {
        using var outbox = new OutboxFile(withSchema: false);
        await File.WriteAllBytesAsync(outbox.Path, []);
        using var store = new SqliteStore(outbox.Options, TimeProvider.System);
        var problem = (await store.OpenAsync()).Problem!;
        Assert.That(problem.Fault, Is.EqualTo(StoreFault.NoSchema));
        Assert.That(problem.Text, Does.Contain("outbox-relay init --apply"));
    }

    [Test]
    public async Task A_file_that_is_no_database_says_so()
    {
        using var outbox = new OutboxFile(withSchema: false);
        await File.WriteAllTextAsync(outbox.Path, new string('x', 8192));
        using var store = new SqliteStore(outbox.Options, TimeProvider.System);
        Assert.That((await store.OpenAsync()).Problem!.Text, Does.Contain("not a database"));
    }

    [Test]
    public async Task Another_schema_version_is_refused()
    {
        using var outbox = new OutboxFile();
        using (var connection = outbox.Connect())
        {
            SqliteFile.Execute(connection, "UPDATE outbox_meta SET value = '2' WHERE name = 'schema_version'");
        }

        using var store = new SqliteStore(outbox.Options, TimeProvider.System);
        Assert.That((await store.OpenAsync()).Problem!.Fault, Is.EqualTo(StoreFault.OtherSchema));
    }

    [Test]
    public void The_schema_applied_again_changes_nothing()
    {
        using var outbox = new OutboxFile();
        outbox.Insert("t", "k", "v");
        var first = SqliteSchema.Apply(outbox.Options).Value;
        Assert.That(SqliteSchema.Apply(outbox.Options).Value, Is.EqualTo(first));
        Assert.That(Guid.TryParse(first, out _), Is.True);
        Assert.That(outbox.Pending, Is.EqualTo(1));
    }

    [Test]
    public async Task Null_and_empty_are_read_as_they_are_and_text_as_its_bytes()
    {
        using var outbox = new OutboxFile();
        outbox.Insert("t", null, null);
        outbox.Insert("t", Array.Empty<byte>(), Array.Empty<byte>());
        outbox.Insert("t", "ké", new byte[] { 0, 255 });
        using var store = await OpenAsync(outbox);
        var rows = (await store.ReadWindowAsync(true, [], NoLimit)).Value;
        Assert.That(new[] { rows[0].Key, rows[0].Value, rows[0].Headers }, Is.All.Null);
        Assert.That((rows[1].Key, rows[1].Value), Is.EqualTo((Array.Empty<byte>(), Array.Empty<byte>())));
        Assert.That(rows[2].Key, Is.EqualTo(Encoding.UTF8.GetBytes("ké")));
        Assert.That(rows[2].Value, Is.EqualTo(new byte[] { 0, 255 }));
    }

    [Test]
    public async Task A_window_is_bounded_by_rows_and_by_bytes_and_the_next_goes_on_after_it()
    {
        using var outbox = new OutboxFile();
        outbox.Options.WindowRows = 3;
        outbox.Options.WindowBytes = 100;
        outbox.Insert("waits", "k", "v", times: 2);
        outbox.Insert("t", "k", "v", times: 4);
        outbox.Insert("t", "k", new byte[200], times: 2);
        using var store = await OpenAsync(outbox);
        Assert.That(await ReadAsync(fromStart: true, "waits"), Is.EqualTo(new long[] { 3, 4, 5 }));
        Assert.That(await ReadAsync(fromStart: false, "waits"), Is.EqualTo(new long[] { 6, 7 }));
        Assert.That(await ReadAsync(fromStart: false, "waits"), Is.EqualTo(new long[] { 8 }));
        Assert.That(await ReadAsync(fromStart: false, "waits"), Is.Empty);
        Assert.That(await ReadAsync(fromStart: true, "waits"), Is.EqualTo(new long[] { 3, 4, 5 }));
        Assert.That(await ReadAsync(fromStart: true, "waits", "t"), Is.Empty);

        async Task<IEnumerable<long>> ReadAsync(bool fromStart, params string[] waiting) =>
            (await store.ReadWindowAsync(fromStart, waiting, NoLimit)).Value.Select(row => row.Id);
    }

    [Test]
    public async Task A_value_beyond_the_limit_is_measured_and_not_read()
    {
        using var outbox = new OutboxFile();
        outbox.Insert("t", "k", new byte[5000]);
        using var store = await OpenAsync(outbox);
        var row = (await store.ReadWindowAsync(true, [], maxPartBytes: 100)).Value[0];
        Assert.That((row.Value, row.StoredBytes), Is.EqualTo(((byte[]?)null, 5001L)));
    }

    [Test]
    public async Task A_stale_owner_writes_nothing()
    {
        using var outbox = new OutboxFile();
        outbox.Insert("t", "k", "v", times: 2);
        using var store = await OpenAsync(outbox);
        var stale = await TakeAsync(store, "a");
        Assert.That((await store.ReleaseLeaseAsync(stale)).Problem, Is.Null);
        var fresh = await TakeAsync(store, "b");
        var refused = await store.SettleAsync(stale, Length, new Settlement([1], [new HeldRow(2, HeldKind.Refused, "r")]));
        Assert.That(refused.Problem!.Fault, Is.EqualTo(StoreFault.Fenced));
        Assert.That((await store.RenewLeaseAsync(stale, Length)).Problem!.Fault, Is.EqualTo(StoreFault.Fenced));
        Assert.That((await store.ReleaseLeaseAsync(stale)).Problem!.Fault, Is.EqualTo(StoreFault.Fenced));
        Assert.That(outbox.Pending, Is.EqualTo(2));
        Assert.That((await store.SettleAsync(fresh, Length, new Settlement([1, 2], []))).Problem, Is.Null);
        Assert.That(outbox.Pending, Is.Zero);
    }

    [Test]
    public async Task A_lease_is_taken_once_and_again_only_by_its_owner()
    {
        using var outbox = new OutboxFile();
        using var store = await OpenAsync(outbox);
        Assert.That(await TakeAsync(store, "a"), Is.EqualTo(new Fence("a", 1)));
        var other = (await store.TakeLeaseAsync("b", Length)).Value;
        Assert.That((other.Fence, other.HeldBy), Is.EqualTo(((Fence?)null, "a holds it in epoch 1")));
        Assert.That(await TakeAsync(store, "a"), Is.EqualTo(new Fence("a", 2)));
    }

    [Test]
    public async Task A_row_whose_topic_is_waited_for_stays_in_its_place()
    {
        using var outbox = new OutboxFile();
        outbox.Insert("t", "k", "v");
        using var store = await OpenAsync(outbox);
        var waiting = new HeldRow(1, HeldKind.Waiting, "its topic is not there");
        await store.SettleAsync(await TakeAsync(store, "me"), Length, new Settlement([], [waiting]));
        Assert.That((outbox.Pending, outbox.Held().Count), Is.EqualTo((1L, 0)));
    }

    [Test]
    public async Task Later_rows_of_a_held_key_are_marked_and_earlier_ones_are_not()
    {
        using var outbox = new OutboxFile();
        foreach (var key in new object?[] { "a", "a", Encoding.UTF8.GetBytes("a"), "b", null })
        {
            outbox.Insert("t", key, "v");
        }

        using var store = await OpenAsync(outbox);
        await store.SettleAsync(await TakeAsync(store, "me"), Length, new Settlement([], [new HeldRow(2, HeldKind.Refused, "refused")]));
        var rows = (await store.ReadWindowAsync(true, [], NoLimit)).Value;
        Assert.That(rows.Select(row => row.BehindHeld), Is.EqualTo(new[] { false, true, false, false }));
        Assert.That(outbox.Held(), Is.EqualTo(new[] { (2L, "refused") }));
    }

    [Test]
    public async Task A_database_that_was_replaced_is_noticed()
    {
        using var outbox = new OutboxFile();
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        using var store = new SqliteStore(outbox.Options, time);
        await store.OpenAsync();
        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(outbox.Path)!))
        {
            File.Delete(file);
        }

        Assert.That(SqliteSchema.Apply(outbox.Options).Problem, Is.Null);
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.That((await store.TakeLeaseAsync("a", Length)).Problem!.Fault, Is.EqualTo(StoreFault.NoDatabase));
    }

    [Test]
    public void Runs_hold_exactly_the_ids_that_were_given() =>
        Gen.Int[1, 60].HashSet[0, 40].Sample(set =>
        {
            long[] ids = [.. set.Order().Select(id => (long)id)];
            var runs = Runs.Of(ids).ToList();
            var covered = runs.SelectMany(run => Enumerable.Range((int)run.First, (int)(run.Last - run.First + 1)));
            Assert.That(covered.Select(id => (long)id), Is.EqualTo(ids));
            Assert.That(runs.Zip(runs.Skip(1)).All(pair => pair.First.Last + 1 < pair.Second.First), Is.True);
        });

    [Test]
    public void The_pace_of_looking_follows_the_silence()
    {
        Assert.That(IdlePace.After(TimeSpan.Zero), Is.EqualTo(IdlePace.Shortest));
        Assert.That(IdlePace.After(TimeSpan.FromSeconds(1)), Is.EqualTo(TimeSpan.FromMilliseconds(50)));
        Assert.That(IdlePace.After(TimeSpan.FromDays(1)), Is.EqualTo(IdlePace.Longest));
    }

    private static async Task<SqliteStore> OpenAsync(OutboxFile outbox)
    {
        var store = new SqliteStore(outbox.Options, TimeProvider.System);
        Assert.That((await store.OpenAsync()).Problem, Is.Null);
        return store;
    }

    private static async Task<Fence> TakeAsync(SqliteStore store, string owner) =>
        (await store.TakeLeaseAsync(owner, Length)).Value.Fence!.Value;
}
