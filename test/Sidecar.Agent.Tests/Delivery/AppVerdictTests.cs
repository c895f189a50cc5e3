using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Sidecar.Agent.Delivery;
using Sidecar.Delivery.V1;

namespace Sidecar.Agent.Tests.Delivery;

public sealed class AppVerdictTests
{
    private const ulong DeliveryId = 0xabc;

    [Test]
    public void No_result_means_delivered() =>
        Assert.That(AppVerdict.Of(new DeliverResponse(), DeliveryId).Saying, Is.EqualTo(Saying.Ack));

    [TestCase(Verdict.Unspecified, Saying.Ack)]
    [TestCase(Verdict.Ack, Saying.Ack)]
    [TestCase(Verdict.Retry, Saying.Retry)]
    [TestCase(Verdict.Reject, Saying.Reject)]
    [TestCase((Verdict)17, Saying.Retry)]
    public void A_result_says_its_verdict_and_one_that_is_unknown_is_never_an_ack(Verdict verdict, Saying expected) =>
        Assert.That(Of(new Result { Verdict = verdict }).Saying, Is.EqualTo(expected));

    [Test]
    public void A_retry_carries_its_delay_and_reason()
    {
        var verdict = Of(new Result
        {
            Verdict = Verdict.Retry, Reason = "later", RetryAfter = Duration.FromTimeSpan(TimeSpan.FromSeconds(2)),
        });
        Assert.That(verdict, Is.EqualTo(new AppVerdict(Saying.Retry, TimeSpan.FromSeconds(2), "later")));
    }

    [Test]
    public void An_ack_for_another_delivery_is_none_for_this_one()
    {
        var ours = new Result { Verdict = Verdict.Ack, DeliveryId = "0000000000000abc" };
        var another = new Result { Verdict = Verdict.Ack, DeliveryId = "0000000000000abd" };
        Assert.That((Of(ours).Saying, Of(another).Saying), Is.EqualTo((Saying.Ack, Saying.Retry)));
    }

    [TestCase("ack", Saying.Ack)]
    [TestCase("Retry", Saying.Retry)]
    [TestCase(" REJECT ", Saying.Reject)]
    [TestCase("acknowledged", Saying.Retry)]
    [TestCase("", Saying.Retry)]
    public void Trailers_say_the_verdict_in_any_case(string text, Saying expected) =>
        Assert.That(AppVerdict.Of(new Metadata { { "sidecar-verdict", text } }).Saying, Is.EqualTo(expected));

    [Test]
    public void Trailers_without_a_verdict_may_still_say_delay_and_reason() =>
        Assert.That(
            AppVerdict.Of(new Metadata { { "sidecar-retry-after", "2s" }, { "sidecar-reason", "later" } }),
            Is.EqualTo(new AppVerdict(Saying.Nothing, TimeSpan.FromSeconds(2), "later")));

    [Test]
    public void Retry_info_is_found_among_other_details()
    {
        var info = new byte[] { 0x0a, 0x05, 0x08, 0x02, 0x10, 0x80, 0x01 };
        Assert.That(Hint(Any("google.rpc.ErrorInfo", [1, 2, 3]), Any("google.rpc.RetryInfo", info)).RetryAfter,
            Is.EqualTo(TimeSpan.FromSeconds(2.000000128)));
    }

    [Test]
    public void Details_that_cannot_be_read_are_as_good_as_none()
    {
        Assert.That(Hint(Any("google.rpc.RetryInfo", [0x0a, 0x7f])), Is.EqualTo(default(RetryHint)));
        var noise = new Metadata { { "grpc-status-details-bin", [0xff, 0xff] } };
        Assert.That(RetryHint.Of(noise), Is.EqualTo(default(RetryHint)));
    }

    [TestCase("700", 700d, false)]
    [TestCase("31536000000", 86_400_000d, false)]
    [TestCase("-1", null, true)]
    [TestCase("soon", null, true)]
    public void Pushback(string text, double? milliseconds, bool never)
    {
        var hint = RetryHint.Of(new Metadata { { "grpc-retry-pushback-ms", text } });
        Assert.That((hint.RetryAfter?.TotalMilliseconds, hint.Never), Is.EqualTo((milliseconds, never)));
    }

    private static AppVerdict Of(Result result) => AppVerdict.Of(new DeliverResponse { Result = result }, DeliveryId);

    private static Any Any(string type, byte[] value) =>
        new() { TypeUrl = "type.googleapis.com/" + type, Value = ByteString.CopyFrom(value) };

    // google.rpc.Status by hand: code, message, then each detail.
    private static RetryHint Hint(params Any[] details)
    {
        using var bytes = new MemoryStream();
        bytes.Write([0x08, 0x0a, 0x12, 0x01, (byte)'m']);
        foreach (var detail in details)
        {
            bytes.WriteByte(0x1a);
            detail.WriteDelimitedTo(bytes);
        }

        return RetryHint.Of(new Metadata { { "grpc-status-details-bin", bytes.ToArray() } });
    }
}
