using Sidecar.OutboxRelay.Lanes;

namespace Sidecar.OutboxRelay.Tests.Lanes;

[TestFixture, FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class LaneMemoryTests
{
    private static readonly LaneProgress Earlier = LaneProgress.Closed(Snapshot.Parse("10:10:"), 5);
    private static readonly LaneProgress Later = LaneProgress.Closed(Snapshot.Parse("20:20:"), 9);
    private static readonly Snapshot Window = Snapshot.Parse("30:30:");

    private readonly LaneMemory memory = new();

    [SetUp]
    public void Written() => memory.Knows(3, epoch: 7, Later);

    [Test]
    public void What_was_left_is_found_again() => Assert.That(memory.Contradiction(3, 8, Later), Is.Null);

    [Test]
    public void A_write_whose_answer_was_not_heard_is_no_contradiction() =>
        Assert.That(memory.Contradiction(3, 8, LaneProgress.Closed(Window, 12)), Is.Null);

    [Test]
    public void A_lane_that_nobody_had_since_and_is_behind_has_lost_commits() =>
        Assert.That(memory.Contradiction(3, 8, Earlier), Does.Contain("20:20:").And.Contain("10:10:"));

    [Test]
    public void A_window_that_is_settled_less_far_has_lost_commits()
    {
        memory.Knows(3, 7, Later.Within(Window, 12, 40));
        Assert.That(memory.Contradiction(3, 8, Later.Within(Window, 12, 30)), Does.Contain("row 40"));
        Assert.That(memory.Contradiction(3, 8, Later), Does.Contain("row 40"));
        Assert.That(memory.Contradiction(3, 8, Later.Within(Window, 12, 50)), Is.Null);
    }

    [Test]
    public void An_epoch_that_was_there_before_has_lost_the_claim() =>
        Assert.That(memory.Contradiction(3, 7, Later), Does.Contain("epoch 7"));

    [Test]
    public void Of_a_lane_that_others_had_since_nothing_is_known() =>
        Assert.That(memory.Contradiction(3, 9, Earlier), Is.Null);

    [Test]
    public void Of_other_lanes_nothing_is_known() => Assert.That(memory.Contradiction(4, 1, LaneProgress.Start), Is.Null);

    [Test]
    public void What_is_known_is_forgotten_once_a_new_alarm_about_the_past_was_accepted()
    {
        memory.Accepts(4);
        memory.Knows(3, 7, Later);
        memory.Accepts(4);
        Assert.That(memory.Contradiction(3, 8, Earlier), Is.Not.Null, "it is the alarm that was known");
        memory.Accepts(2);
        Assert.That(memory.Contradiction(3, 8, Earlier), Is.Not.Null, "the database has lost that alarm, too");
        memory.Accepts(3);
        Assert.That(memory.Contradiction(3, 8, Earlier), Is.Null);
    }

    [Test]
    public void What_is_known_is_forgotten_once_a_contradiction_was_told()
    {
        memory.Read(12);
        memory.Read(11);
        Assert.That(memory.HighestRow, Is.EqualTo(12));
        memory.Forget();
        Assert.That(memory.HighestRow, Is.Zero);
        Assert.That(memory.Contradiction(3, 8, Earlier), Is.Null);
    }
}
