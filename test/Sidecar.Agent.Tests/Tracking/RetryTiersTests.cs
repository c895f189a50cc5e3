using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Tests.Tracking;

public sealed class RetryTiersTests
{
    private static readonly RetryTiers Tiers = new([Min(60), Min(1), Min(10)]);

    [TestCase(null, null, 1)]
    [TestCase(1, null, 10)]
    [TestCase(10, null, 60)]
    [TestCase(60, null, null)]
    [TestCase(null, 1, 1)]
    [TestCase(null, 2, 10)]
    [TestCase(null, 61, 60)]
    [TestCase(1, 1, 10)]
    [TestCase(10, 525_600, 60)]
    [TestCase(60, 1, null)]
    [TestCase(30, null, 60)]
    [TestCase(90, null, null)]
    public void Each_failure_goes_to_a_longer_delay_that_is_long_enough(int? last, int? asked, int? next) =>
        Assert.That(Tiers.After(MinOrNull(last), MinOrNull(asked)), Is.EqualTo(MinOrNull(next)));

    [TestCase(10, 10)]
    [TestCase(30, 60)]
    [TestCase(90, 60)]
    public void Behind_a_delay_that_was_taken_out_comes_the_next_longer_one(int first, int delay) =>
        Assert.That(Tiers.Behind(Min(first)), Is.EqualTo(Min(delay)));

    [TestCase("1500", 1500)]
    [TestCase(null, 61_000)]
    [TestCase("", 61_000)]
    [TestCase("soon", 61_000)]
    [TestCase("-5", 61_000)]
    [TestCase("99999999999999", 61_000)]
    [TestCase("99999999999999999999999", 61_000)]
    public void A_record_is_never_due_later_than_its_topic_says(string? said, long due) =>
        Assert.That(RetryTiers.DueMs(said, 1000, Min(1)), Is.EqualTo(due));

    private static TimeSpan? MinOrNull(int? minutes) => minutes is { } given ? Min(given) : null;

    private static TimeSpan Min(int minutes) => TimeSpan.FromMinutes(minutes);
}
