using System.Text;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Tests.Delivery;

namespace Sidecar.Agent.Tests.DeadLetter;

public sealed class ReplayPlanTests
{
    private const string Source = "orders.v1";
    private static readonly LetterAddress Letters = new("g", "s", "g.s.dlq");
    private static readonly LetterAddress Retry = new("g", "s", "g.s.retry.1m");

    private static readonly Provenance Spent = new(
        new TopicPosition(Source, 3, 42), 1_750_000_000_123, 8, 1_750_000_001_000, 1_750_000_002_000, "attempts_exhausted", "no");

    private ReplayPlan plan = null!;

    [SetUp]
    public void Begin() => plan = new ReplayPlan("g", "s", Source, 4) { IsOwnTopic = true };

    [Test]
    public void An_event_goes_back_as_it_was_first_read_with_new_attempts_and_one_replay_more()
    {
        var replay = plan.Of(Letter(Spent));
        var copy = Copied(replay);

        Assert.Multiple(() =>
        {
            Assert.That(replay.Turn, Is.EqualTo(ReplayTurn.Replay));
            Assert.That(copy.Kind, Is.EqualTo(RetryRecordKind.Ours), copy.Problem);
            Assert.That(copy.IsReplay, Is.True);
            Assert.That(copy.Replays, Is.EqualTo(1));
            Assert.That(copy.Attempts, Is.Zero);
            Assert.That(copy.FirstFailureMs, Is.EqualTo(Spent.FirstFailureMs), "since when it fails is still known");
            Assert.That(copy.Event!.Position, Is.EqualTo(Spent.Origin));
            Assert.That(copy.Event.TimestampMs, Is.EqualTo(Spent.TimestampMs));
            Assert.That(Encoding.UTF8.GetString(copy.Event.Key), Is.EqualTo("key"));
            Assert.That(Encoding.UTF8.GetString(copy.Event.Value), Is.EqualTo("value"));
            Assert.That(Names(copy.Event), Is.EqualTo(new[] { "ce_id" }));
        });
    }

    [Test]
    public void What_was_replayed_before_stays_and_what_failed_again_since_goes_back_again()
    {
        plan.Saw(Copied(new ReplayPlan("g", "s", Source, 4).Of(Letter(Spent))));

        Assert.That(plan.Of(Letter(Spent)).Turn, Is.EqualTo(ReplayTurn.Repeated));
        var second = plan.Of(Letter(Spent with { Replays = 1 }));
        Assert.That(second.Turn, Is.EqualTo(ReplayTurn.Replay));
        Assert.That(Copied(second).Replays, Is.EqualTo(2));
    }

    [Test]
    public void Of_two_letters_of_one_end_as_a_crash_leaves_them_one_goes_back()
    {
        Assert.That(plan.Of(Letter(Spent)).Turn, Is.EqualTo(ReplayTurn.Replay));
        Assert.That(plan.Of(Letter(Spent with { LastFailureMs = 1_750_000_009_000 })).Turn, Is.EqualTo(ReplayTurn.Repeated));
    }

    [Test]
    public void A_copy_that_an_agent_made_of_a_replayed_event_tells_that_it_was_replayed_and_is_no_replay_itself()
    {
        var copied = Spent with { Replays = 1, Outcome = "behind" };
        var copy = RetryRecords.Read(
            Made(RetryRecords.Headers(Records.With(("ce_id", "1")), Retry, new Resend(copied, 5, LetterDetail.Full))), Retry, Source);
        plan.Saw(copy);

        Assert.That(copy.IsReplay, Is.False);
        Assert.That(plan.Of(Letter(Spent)).Turn, Is.EqualTo(ReplayTurn.Repeated));
    }

    [Test]
    public void An_event_that_was_never_replayed_is_not_taken_for_one_because_it_waited()
    {
        var copy = RetryRecords.Read(
            Made(RetryRecords.Headers(Records.With(), Retry, new Resend(Spent, 5, LetterDetail.Full))), Retry, Source);
        plan.Saw(copy);

        Assert.That(plan.Of(Letter(Spent)).Turn, Is.EqualTo(ReplayTurn.Replay));
    }

    [Test]
    public void Letters_of_others_stay()
    {
        Assert.That(plan.Of(Letter(Spent, Letters with { Group = "other" })).Turn, Is.EqualTo(ReplayTurn.Others));
        Assert.That(plan.Of(Letter(Spent, Letters with { Subscription = "other" })).Turn, Is.EqualTo(ReplayTurn.Others));
    }

    [Test]
    public void A_bare_letter_is_ours_where_the_topic_is_ours_alone()
    {
        var bare = Made(LetterHeaders.Of(Records.With(), Letters, Spent, LetterDetail.Bare));

        Assert.That(new ReplayPlan("g", "s", Source, 4).Of(bare).Turn, Is.EqualTo(ReplayTurn.Others));
        Assert.That(plan.Of(bare).Turn, Is.EqualTo(ReplayTurn.Replay));
    }

    [Test]
    public void A_bare_letter_says_how_often_it_came_back() => Assert.That(
        plan.Of(Made(LetterHeaders.Of(Records.With(), Letters, Spent with { Replays = 6 }, LetterDetail.Bare))).Provenance!.Replays,
        Is.EqualTo(7));

    [Test]
    public void What_cannot_go_back_is_named_with_its_reason()
    {
        var elsewhere = plan.Of(Letter(Spent with { Origin = new TopicPosition("g.s.retry.1m", 3, 42) }));
        var beyond = plan.Of(Letter(Spent with { Origin = new TopicPosition(Source, 4, 42) }));
        var foreign = plan.Of(Records.With((LetterHeaders.Topic, Source), (LetterHeaders.Partition, "3"), (LetterHeaders.Offset, "-1")));

        Assert.That(new[] { elsewhere.Turn, beyond.Turn, foreign.Turn }, Is.All.EqualTo(ReplayTurn.Impossible));
        Assert.That(elsewhere.Problem, Does.Contain("not from orders.v1"));
        Assert.That(beyond.Problem, Does.Contain("partition 4").And.Contain("4 partitions"));
        Assert.That(foreign.Problem, Does.Contain("where its event was read"));
    }

    [TestCase("-1")]
    [TestCase("99999999999999999999")]
    [TestCase("2147483648")]
    [TestCase("many")]
    public void A_count_of_replays_that_is_none_counts_as_none(string said) => Assert.That(
        plan.Of(Records.With(
            ("sidecar-original-topic", Source), ("sidecar-original-partition", "3"), ("sidecar-original-offset", "42"),
            ("sidecar-replays", said))).Provenance!.Replays,
        Is.EqualTo(1));

    private static EventRecord Letter(Provenance provenance, LetterAddress? address = null) => Made(
        LetterHeaders.Of(Records.With(("ce_id", "1")), address ?? Letters, provenance, LetterDetail.Full));

    private static RetryRecord Copied(Replay replay) => RetryRecords.Read(
        Made(RetryRecords.Headers(replay.Event!, Retry, new Resend(replay.Provenance!, 5, LetterDetail.Full))), Retry, Source);

    private static EventRecord Made(IEnumerable<Agent.Kafka.OutgoingHeader> headers) => Records.Make(
        "key"u8.ToArray(), "value"u8.ToArray(), [.. headers.Select(header => (header.Name, header.Value))]);

    private static List<string> Names(EventRecord record)
    {
        var names = new List<string>();
        foreach (var header in record.Headers)
        {
            names.Add(Encoding.UTF8.GetString(header.Name));
        }

        return names;
    }
}
