using Sidecar.Faults.Tests.Rig;

namespace Sidecar.Faults.Tests.Transactions;

/// <summary>What a writer's transaction can do to a reader of its rows.</summary>
[TestFixtureSource(typeof(Way), nameof(Way.Usual))]
internal sealed class TransactionTests(Way way)
{
    // Keys of the transaction under test; the writer's other keys go on meanwhile.
    private static readonly string[] Own = ["key 00", "key 01"];

    [Test]
    public async Task A_transaction_that_stays_open_delays_only_its_own_events()
    {
        await using var scenario = await BeginAsync("transaction open for long");
        await using var session = await scenario.SessionAsync();
        await session.ExecuteAsync("BEGIN");
        await session.PublishAsync(Own[0]);
        await session.PublishAsync(Own[1]);
        var transactions = RunOptions.Of(5, 60);
        await using var others = await scenario.SessionAsync();
        for (var i = 0; i < transactions; i++)
        {
            await others.PublishManyAsync([.. scenario.KeyNames.Skip(2)], 200);
            // One second each: pg_sleep stands for the time that passes.
            await others.ExecuteAsync("SELECT pg_sleep(1)");
            await scenario.FlowsAsync();
        }

        Assert.That(scenario.Reader.Highest(Own[0]), Is.Zero, "nothing of an open transaction is sent");
        await session.ExecuteAsync("COMMIT");
        await scenario.RecoversAsync();
        await scenario.EndAsync(duplicatesAtMost: 0);
    }

    [Test]
    public async Task Of_a_transaction_that_rolls_back_nothing_is_sent()
    {
        await using var scenario = await BeginAsync("transaction rolled back");
        await using var session = await scenario.SessionAsync();
        for (var i = 0; i < 20; i++)
        {
            await session.ExecuteAsync("BEGIN");
            await session.PublishManyAsync(Own, 50);
            await session.ExecuteAsync("ROLLBACK");
            await session.PublishAsync(Own[i % 2]);
        }

        await scenario.RecoversAsync();
        await scenario.EndAsync(duplicatesAtMost: 0);
    }

    [Test]
    public async Task Of_a_savepoint_that_is_rolled_back_nothing_is_sent()
    {
        await using var scenario = await BeginAsync("savepoint rolled back");
        await using var session = await scenario.SessionAsync();
        for (var i = 0; i < 20; i++)
        {
            await session.ExecuteAsync("BEGIN");
            await session.PublishAsync(Own[0]);
            await session.ExecuteAsync("SAVEPOINT outer_one");
            await session.PublishAsync(Own[0]);
            await session.ExecuteAsync("SAVEPOINT inner_one");
            await session.PublishAsync(Own[1]);
            await session.ExecuteAsync(i % 2 == 0 ? "ROLLBACK TO outer_one" : "ROLLBACK TO inner_one");
            await session.PublishAsync(Own[1]);
            await session.ExecuteAsync("COMMIT");
        }

        await scenario.RecoversAsync();
        await scenario.EndAsync(duplicatesAtMost: 0);
    }

    [Test]
    public async Task A_prepared_transaction_is_sent_when_it_is_committed_also_after_a_restart_of_the_relay()
    {
        await using var scenario = await BeginAsync("prepared transaction");
        await using (var session = await scenario.SessionAsync())
        {
            // A notification is not allowed in a prepared transaction.
            await session.ExecuteAsync("BEGIN");
            await session.ExecuteAsync("SET LOCAL outbox.notify = off");
            await session.PublishManyAsync(Own, 10);
            await session.ExecuteAsync($"PREPARE TRANSACTION '{scenario.Topic}'");
        }

        await using (var others = await scenario.SessionAsync())
            await others.PublishManyAsync([.. scenario.KeyNames.Skip(2)], 500);
        await scenario.FlowsAsync();
        Assert.That(await scenario.Relays[0].StopAsync(), Is.Zero);
        await scenario.KillAsync(scenario.Relays[0]);
        scenario.StartRelay();
        Assert.That(scenario.Reader.Highest(Own[0]), Is.Zero, "it is not committed yet");

        await using (var session = await scenario.SessionAsync())
            await session.ExecuteAsync($"COMMIT PREPARED '{scenario.Topic}'");
        await scenario.RecoversAsync();
        await scenario.EndAsync(duplicatesAtMost: 0);
    }

    [Test]
    public async Task Gaps_of_the_sequence_hold_nothing_up()
    {
        await using var scenario = await BeginAsync("gaps of the sequence");
        await using var session = await scenario.SessionAsync();
        for (var i = 0; i < 10; i++)
        {
            await scenario.Database.ExecuteAsync("SELECT nextval('outbox.log_id') FROM generate_series(1, 5000)");
            await session.PublishManyAsync(Own, 20);
        }

        await scenario.RecoversAsync();
        await scenario.EndAsync(duplicatesAtMost: 0);
    }

    [Test]
    public async Task Ten_thousand_events_of_one_transaction_come_in_order()
    {
        await using var scenario = await BeginAsync("10,000 events in one transaction");
        await using var session = await scenario.SessionAsync();
        await session.PublishManyAsync(scenario.KeyNames, 10_000);

        await scenario.RecoversAsync();
        await scenario.EndAsync(duplicatesAtMost: 0);
    }

    [Test]
    public async Task One_key_with_very_many_events_comes_in_order()
    {
        var events = RunOptions.Of(20_000, 100_000);
        await using var scenario = await BeginAsync($"one key with {events:N0} events");
        await using var session = await scenario.SessionAsync();
        for (var i = 0; i < 10; i++) await session.PublishManyAsync([Own[0]], events / 10);

        await scenario.RecoversAsync();
        await scenario.EndAsync(duplicatesAtMost: 0);
    }

    private async Task<Scenario> BeginAsync(string name)
    {
        var scenario = await Scenario.BeginAsync(name, way);
        await scenario.StartRelay().IsReadyAsync();
        return scenario;
    }
}
