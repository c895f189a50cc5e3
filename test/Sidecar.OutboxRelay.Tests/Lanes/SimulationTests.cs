using System.Globalization;
using Sidecar.OutboxRelay.Tests.Lanes.Simulation;

namespace Sidecar.OutboxRelay.Tests.Lanes;

/// <summary>
/// Random schedules of writers, relays and faults against a model of PostgreSQL and Kafka: nothing is lost, first
/// occurrences of a key are in order, only what is settled is emptied, the ledger is right, repeats have their bound.
/// </summary>
/// <remarks>
/// SIDECAR_SCHEDULES is how many are run, SIDECAR_SEED the first seed; each schedule has a seed of its own, the next number.
/// </remarks>
[TestFixture]
internal sealed class SimulationTests
{
    private const int EnoughToFindAMutant = 200_000;

    [Test]
    public void No_schedule_loses_reorders_or_repeats_too_much()
    {
        var first = Setting("SIDECAR_SEED", 1);
        var count = Setting("SIDECAR_SCHEDULES", Setting("SIDECAR_FULL", 0) > 0 ? 1_000_000ul : 30_000);
        var (rows, repeats, steps) = (0L, 0L, 0L);
        for (var seed = first; seed < first + count; seed++)
        {
            var result = Schedule.Run(seed, Mutant.None);
            Assert.That(result.Violation, Is.Null, $"SIDECAR_SEED={seed} SIDECAR_SCHEDULES=1 repeats it");
            rows += result.Rows;
            repeats += result.Repeats;
            steps += result.Steps;
        }

        TestContext.Out.WriteLine(
            $"seeds {first} to {first + count - 1}: {count} schedules, {steps} steps, {rows} rows, {repeats} sent again after faults");
    }

    [TestCaseSource(nameof(Mutants))]
    public void A_bug_that_is_put_in_on_purpose_is_found(string name)
    {
        var mutant = Enum.Parse<Mutant>(name);
        var first = Setting("SIDECAR_SEED", 1);
        for (var seed = first; seed < first + EnoughToFindAMutant; seed++)
        {
            if (Schedule.Run(seed, mutant).Violation is { } violation)
            {
                TestContext.Out.WriteLine($"{mutant}: found with seed {seed}: {violation}");
                return;
            }
        }

        Assert.Fail($"{mutant} was not found with seeds {first} to {first + EnoughToFindAMutant - 1}");
    }

    private static IEnumerable<string> Mutants() => Enum.GetNames<Mutant>().Where(name => name != nameof(Mutant.None));

    private static ulong Setting(string name, ulong otherwise) =>
        ulong.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
