using Sidecar.Faults.Tests.Rig;

namespace Sidecar.Faults.Tests.Alarms;

/// <summary>The log changed by hand: found, said with its name, and not gone on with until a person has accepted it.</summary>
[TestFixtureSource(typeof(Way), nameof(Way.Usual))]
internal sealed class SlotTests(Way way)
{
    [Test]
    public async Task A_slot_truncated_by_hand_is_refused()
    {
        await using var scenario = await Scenario.BeginAsync("log truncated by hand", way);
        var relay = scenario.StartRelay();
        await using var session = await scenario.SessionAsync();
        await session.PublishManyAsync(scenario.KeyNames, 500);
        await scenario.FlowsAsync();

        await scenario.Database.ExecuteAsync(
            "ALTER TABLE outbox.log DISABLE TRIGGER ALL; ALTER TABLE outbox.log_0 DISABLE TRIGGER ALL; " +
            "TRUNCATE outbox.log_0; " +
            "ALTER TABLE outbox.log_0 ENABLE TRIGGER ALL; ALTER TABLE outbox.log ENABLE TRIGGER ALL");
        var alarm = await scenario.RefusesAsync(relay, "log_0");
        await session.PublishManyAsync(scenario.KeyNames, 500);

        await scenario.AcceptAsync(alarm);
        await scenario.RecoversAsync();
        await relay.IsReadyAsync();
        await scenario.EndAsync(duplicatesAtMost: 0);
    }

    [Test]
    public async Task A_row_deleted_by_hand_is_found_before_its_slot_is_emptied()
    {
        await using var scenario = await Scenario.BeginAsync("row of the log deleted by hand", way);
        await scenario.Database.ExecuteAsync("UPDATE outbox.config SET slot_bytes = 65536");
        var relay = scenario.StartRelay();
        await using var session = await scenario.SessionAsync();
        await session.PublishManyAsync(scenario.KeyNames, 20);
        await scenario.FlowsAsync();

        await scenario.Database.ExecuteAsync(
            "SET session_replication_role = replica; DELETE FROM outbox.log WHERE id = (SELECT min(id) FROM outbox.log)");
        for (var i = 0; i < 5; i++) await session.PublishManyAsync(scenario.KeyNames, 200);
        var alarm = await scenario.RefusesAsync(relay, "log_0");

        await scenario.AcceptAsync(alarm);
        await scenario.RecoversAsync();
        await relay.IsReadyAsync();
        await scenario.EndAsync(duplicatesAtMost: 0);
    }

    [Test]
    public async Task A_sequence_set_back_is_refused_and_no_event_that_got_an_old_number_is_lost()
    {
        await using var scenario = await Scenario.BeginAsync("sequence set back", way);
        await scenario.Database.ExecuteAsync("UPDATE outbox.config SET slot_bytes = 65536");
        var relay = scenario.StartRelay();
        await using var session = await scenario.SessionAsync();
        for (var i = 0; i < 5; i++) await session.PublishManyAsync(scenario.KeyNames, 200);
        await scenario.FlowsAsync();
        await TestKit.Until.TrueAsync(
            async () => await scenario.Database.ScalarAsync<long>("SELECT count(*) FROM outbox.log_0") == 0,
            RunOptions.Bound, "the first slot is emptied");

        await scenario.Database.ExecuteAsync("SELECT setval('outbox.log_id', 1)");
        await session.PublishManyAsync(scenario.KeyNames, 100);
        var alarm = await scenario.RefusesAsync(relay, "log_id");

        await scenario.Database.ExecuteAsync("SELECT setval('outbox.log_id', 1000000)");
        await scenario.AcceptAsync(alarm);
        await scenario.RecoversAsync();
        await relay.IsReadyAsync();
        await scenario.EndAsync(duplicatesAtMost: Scenario.CrashRows);
    }
}
