using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Tests.Fixtures;
using Sidecar.OutboxRelay.Upkeep;
using Sidecar.TestKit.Postgres;

namespace Sidecar.OutboxRelay.Tests.Upkeep;

/// <summary>What a person does with held rows in PostgreSQL, on each server that there is.</summary>
[TestFixtureSource(typeof(SharedPostgres), nameof(SharedPostgres.Ends))]
internal sealed class PgParkedTests(PostgresEnd end)
{
    [Test]
    public async Task The_whole_key_goes_back_and_no_other()
    {
        var outbox = await HeldAsync();
        var parked = new PgParked(outbox.Address);
        var count = await parked.RetryAsync(new ParkedFilter { Id = 2 });
        Assert.That(count.Problem, Is.Null);
        Assert.That(count.Value, Is.EqualTo(new ParkedCount(3, 1)));
        var rows = (await parked.ListAsync(new ParkedFilter(), 10)).Value;
        Assert.That(rows.Select(row => (row.Id, row.Kind, row.IsReleased)), Is.EqualTo(new[]
        {
            (1L, HeldKind.Waiting, true), (2L, HeldKind.Waiting, true), (3L, HeldKind.Waiting, true),
            (4L, HeldKind.Refused, false),
        }));
        Assert.That((await parked.RetryAsync(new ParkedFilter { Id = 2 })).Value.Rows, Is.Zero, "it is back already");
    }

    [Test]
    public async Task Dropping_the_refused_row_lets_those_behind_it_go_on()
    {
        var outbox = await HeldAsync();
        var parked = new PgParked(outbox.Address);
        var drop = (await parked.DropAsync(new ParkedFilter { Id = 1 })).Value;
        Assert.That((drop.Dropped.Single().Id, drop.Rows, drop.GoOn), Is.EqualTo((1, 1, 2)));
        drop = (await parked.DropAsync(new ParkedFilter { Topic = "t", Key = "other"u8.ToArray() })).Value;
        Assert.That((drop.Rows, drop.GoOn), Is.EqualTo((1, 0)));
        var rows = (await parked.ListAsync(new ParkedFilter(), 10)).Value;
        Assert.That(rows.Select(row => row.Id), Is.EqualTo(new long[] { 2, 3 }));
    }

    [Test]
    public async Task Rows_that_wait_for_their_topic_are_dropped_and_a_retry_says_that_they_wait()
    {
        var outbox = await OperatedOutbox.MakeAsync(end);
        foreach (var (key, kind) in new[] { ("k", "waiting"), ("k", "waiting"), ("other", "waiting"), ("bad", "refused") })
        {
            await outbox.HoldAsync(await outbox.PublishAsync("mistyped", key, "value"), kind);
        }

        Assert.That(
            await outbox.CommandAsync("parked", "retry", "1"), Is.EqualTo((
                0, "nothing to put back: such rows wait for their topic or their turn, and a relay sends them by itself")));
        var (code, said) = await outbox.CommandAsync("parked", "drop", "--topic", "mistyped", "--key", "k", "--yes");
        Assert.That(code, Is.Zero, said);
        Assert.That(said, Does.Contain("dropped 1").And.Contain("dropped 2").And.Contain("2 rows are gone"));
        var parked = new PgParked(outbox.Address);
        Assert.That((await parked.DropAsync(new ParkedFilter { Id = 3 })).Value.Rows, Is.EqualTo(1));
        Assert.That((await parked.ListAsync(new ParkedFilter(), 10)).Value.Select(row => row.Id), Is.EqualTo(new long[] { 4 }));
    }

    [Test]
    public async Task A_list_is_narrowed_and_bounded_and_a_row_is_shown()
    {
        var outbox = await HeldAsync();
        var parked = new PgParked(outbox.Address);
        Assert.That((await parked.ListAsync(new ParkedFilter(), 2)).Value, Has.Count.EqualTo(2));
        Assert.That((await parked.ListAsync(new ParkedFilter { Key = "other"u8.ToArray() }, 9)).Value, Has.Count.EqualTo(1));
        Assert.That((await parked.ListAsync(new ParkedFilter { Reason = "is behind" }, 9)).Value, Has.Count.EqualTo(2));
        Assert.That((await parked.ListAsync(new ParkedFilter { OlderThan = TimeSpan.FromHours(1) }, 9)).Value, Is.Empty);
        var shown = (await parked.ShowAsync(1, 2)).Value!;
        Assert.That(shown.Value, Is.EqualTo("va"u8.ToArray()));
        Assert.That((shown.ValueBytes, shown.Headers), Is.EqualTo((5L, """[["h", "1"]]""")));
        Assert.That((await parked.ShowAsync(99, 2)).Value, Is.Null);
    }

    [Test]
    public async Task A_relay_sends_what_went_back_in_order_and_before_later_rows_of_the_key()
    {
        var outbox = await OperatedOutbox.MakeAsync(end);
        var topic = await Kafka.TopicAsync();
        await outbox.PublishAsync(topic, "k", new string('x', 20_000));
        await outbox.PublishAsync(topic, "k", "2");
        await using (var strict = outbox.Run("--max-message-bytes", "10000"))
        {
            await TestKit.Until.TrueAsync(
                async () => await outbox.ScalarAsync<long>("SELECT count(*) FROM outbox.held") == 2, Relays.Bound, "two are held");
            await strict.TerminateAsync();
        }

        await using var relay = outbox.Run();
        var (code, output) = await outbox.CommandAsync("parked", "retry", "--topic", topic, "--key", "k");
        Assert.That((code, output), Is.EqualTo((0, "2 rows of 1 keys go back into the line")));
        await outbox.PublishAsync(topic, "k", "3");
        await outbox.DrainedAsync();
        Assert.That(
            Kafka.ReadAll(topic).Select(record => record.Message.Value!.Length), Is.EqualTo(new[] { 20_000, 1, 1 }));
    }

    /// <summary>Rows 1 to 3 of one key, the first refused; row 4 of another, refused.</summary>
    private async Task<OperatedOutbox> HeldAsync()
    {
        var outbox = await OperatedOutbox.MakeAsync(end);
        foreach (var (key, kind) in new[] { ("k", "refused"), ("k", "behind"), ("k", "behind"), ("other", "refused") })
        {
            await outbox.HoldAsync(await outbox.PublishAsync("t", key, "value", """{"h":"1"}"""), kind);
        }

        return outbox;
    }
}
