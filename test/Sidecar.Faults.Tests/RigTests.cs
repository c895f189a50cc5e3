using Sidecar.Faults.Tests.Rig;

namespace Sidecar.Faults.Tests;

/// <summary>The rig finds what is wrong with a relay that is wrong: otherwise its zeros would say nothing.</summary>
[TestFixture]
internal sealed class RigTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    [Test]
    public async Task A_relay_that_reads_on_from_the_last_id_is_found_to_lose_events()
    {
        await using var scenario = await Scenario.BeginAsync("a wrong relay: id > last", Way.Usual[0]);
        await using (NaiveRelay.AfterTheLastId(scenario)) await scenario.WriteAsync(500);
        var (account, _) = await scenario.AccountAsync(Patience);

        await TestContext.Progress.WriteLineAsync($"A relay that reads on from the last id:\n{account}");
        Assert.That(account.Missing, Is.Positive);
    }

    [Test]
    public async Task A_relay_that_reads_below_the_horizon_by_transaction_is_found_to_change_the_order()
    {
        await using var scenario = await Scenario.BeginAsync("a wrong relay: horizon", Way.Usual[0]);
        await using (NaiveRelay.BelowTheHorizon(scenario)) await scenario.WriteAsync(500);
        var (account, _) = await scenario.AccountAsync(Patience);

        await TestContext.Progress.WriteLineAsync($"A relay that reads below the horizon:\n{account}");
        Assert.That(account.OutOfOrder, Is.Positive);
    }
}
