using System.Text;
using Grpc.Core;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.Delivery;

namespace Sidecar.Agent.Tests.Delivery;

public sealed class ClassificationTests
{
    private static readonly TimeSpan Asked = TimeSpan.FromSeconds(3);

    [TestCase(StatusCode.OK, AttemptEnd.Delivered)]
    [TestCase(StatusCode.AlreadyExists, AttemptEnd.Delivered)]
    [TestCase(StatusCode.InvalidArgument, AttemptEnd.Rejected)]
    [TestCase(StatusCode.FailedPrecondition, AttemptEnd.Rejected)]
    [TestCase(StatusCode.OutOfRange, AttemptEnd.Rejected)]
    [TestCase(StatusCode.DataLoss, AttemptEnd.Rejected)]
    [TestCase(StatusCode.Aborted, AttemptEnd.Failed)]
    [TestCase(StatusCode.NotFound, AttemptEnd.Failed)]
    [TestCase(StatusCode.Unknown, AttemptEnd.Failed)]
    [TestCase(StatusCode.Internal, AttemptEnd.Failed)]
    [TestCase(StatusCode.ResourceExhausted, AttemptEnd.Failed)]
    [TestCase(StatusCode.DeadlineExceeded, AttemptEnd.Failed)]
    [TestCase(StatusCode.Cancelled, AttemptEnd.Failed)]
    [TestCase(StatusCode.Unavailable, AttemptEnd.Unavailable)]
    [TestCase(StatusCode.Unimplemented, AttemptEnd.WrongApp)]
    [TestCase(StatusCode.Unauthenticated, AttemptEnd.WrongApp)]
    [TestCase(StatusCode.PermissionDenied, AttemptEnd.WrongApp)]
    [TestCase((StatusCode)99, AttemptEnd.Failed)]
    public void A_status_without_a_verdict(StatusCode status, AttemptEnd expected) =>
        Assert.That(Classify(status).End, Is.EqualTo(expected));

    [TestCase(Saying.Ack, AttemptEnd.Delivered)]
    [TestCase(Saying.Retry, AttemptEnd.Failed)]
    [TestCase(Saying.Reject, AttemptEnd.Rejected)]
    public void An_explicit_verdict_wins_over_any_status(Saying saying, AttemptEnd expected)
    {
        foreach (var status in Enum.GetValues<StatusCode>())
        {
            var outcome = Classify(status, new AppVerdict(saying, null, "r"));
            Assert.That(outcome.End, Is.EqualTo(expected), status.ToString());
        }
    }

    [TestCase(CallEnd.CancelledByUs, AttemptEnd.Cancelled)]
    [TestCase(CallEnd.NotProcessed, AttemptEnd.Unreachable)]
    [TestCase(CallEnd.Garbled, AttemptEnd.Failed)]
    [TestCase(CallEnd.Lost, AttemptEnd.Interrupted)]
    [TestCase(CallEnd.NotGrpc, AttemptEnd.WrongApp)]
    public void A_call_that_was_not_answered_ends_the_same_whatever_its_status(CallEnd end, AttemptEnd expected)
    {
        foreach (var status in Enum.GetValues<StatusCode>())
        {
            var outcome = Classification.Of(new EndedCall(end, status, "", default, new RetryHint(null, Never: true)));
            Assert.That(outcome.End, Is.EqualTo(expected), status.ToString());
        }
    }

    [Test]
    public void The_delay_of_the_verdict_comes_before_that_of_the_trailers()
    {
        var hint = new RetryHint(TimeSpan.FromSeconds(9), Never: false);
        var verdict = new AppVerdict(Saying.Retry, Asked, null);
        Assert.That(Classify(StatusCode.Aborted, verdict, hint).RetryAfter, Is.EqualTo(Asked));
        Assert.That(Classify(StatusCode.Aborted, default, hint).RetryAfter, Is.EqualTo(hint.RetryAfter));
        Assert.That(Classify(StatusCode.Unavailable, default, hint).RetryAfter, Is.EqualTo(hint.RetryAfter));
        Assert.That(Classify(StatusCode.InvalidArgument, default, hint).RetryAfter, Is.Null);
    }

    [Test]
    public void A_pushback_that_says_never_ends_a_failing_event_but_not_one_that_was_turned_away()
    {
        var never = new RetryHint(null, Never: true);
        Assert.That(Classify(StatusCode.Internal, default, never).End, Is.EqualTo(AttemptEnd.Rejected));
        Assert.That(Classify(StatusCode.Unavailable, default, never).End, Is.EqualTo(AttemptEnd.Unavailable));
        Assert.That(Classify(StatusCode.OK, default, never).End, Is.EqualTo(AttemptEnd.Delivered));
        var verdict = new AppVerdict(Saying.Retry, null, null);
        Assert.That(Classify(StatusCode.Internal, verdict, never).End, Is.EqualTo(AttemptEnd.Failed));
    }

    [Test]
    public void Every_end_but_delivered_has_a_reason()
    {
        foreach (var status in Enum.GetValues<StatusCode>())
        {
            var outcome = Classify(status);
            Assert.That(outcome.Reason is null, Is.EqualTo(outcome.End == AttemptEnd.Delivered), status.ToString());
        }
    }

    [TestCase("x", 1024)]
    [TestCase("ö", 1024)]
    [TestCase("€", 1023)]
    [TestCase("🜁", 1024)]
    public void A_reason_is_cut_between_characters(string character, int bytes)
    {
        var reason = string.Concat(Enumerable.Repeat(character, 2000));
        var kept = Classify(StatusCode.Aborted, new AppVerdict(Saying.Retry, null, reason)).Reason!;
        Assert.That(Encoding.UTF8.GetByteCount(kept), Is.EqualTo(bytes));
        Assert.That(reason, Does.StartWith(kept));
    }

    private static AttemptOutcome Classify(StatusCode status, AppVerdict verdict = default, RetryHint hint = default) =>
        Classification.Of(new EndedCall(CallEnd.Answered, status, "", verdict, hint));
}
