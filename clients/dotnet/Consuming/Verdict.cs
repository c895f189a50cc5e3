using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Wire = Sidecar.Delivery.V1;

namespace Sidecar.Client.Consuming;

/// <summary>What a handler says of an event: <see cref="Ack"/>, <see cref="Retry"/> or <see cref="Reject"/>.</summary>
public sealed record Verdict
{
    /// <summary>The contract keeps reasons to this many bytes of UTF-8.</summary>
    private const int ReasonBytesMax = 1024;

    private readonly Wire.Verdict _verdict;
    private readonly TimeSpan? _after;
    private readonly string _reason;

    private Verdict(Wire.Verdict verdict, TimeSpan? after, string reason)
    {
        _verdict = verdict;
        _after = after;
        _reason = reason;
    }

    /// <summary>Done: the event is never sent again.</summary>
    public static Verdict Ack { get; } = new(Wire.Verdict.Ack, after: null, reason: "");

    /// <summary>Not now: send it again. Counts as an attempt.</summary>
    /// <param name="after">The least time to wait, not negative; null: the agent's own back-off decides.</param>
    /// <param name="reason">Why, for people; shortened to 1,024 bytes.</param>
    public static Verdict Retry(TimeSpan? after = null, string reason = "")
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(after ?? TimeSpan.Zero, TimeSpan.Zero, nameof(after));
        return new Verdict(Wire.Verdict.Retry, after, reason);
    }

    /// <summary>Never: the event cannot be handled, whatever is tried. It goes to the subscription's end.</summary>
    /// <param name="reason">Why, for people; shortened to 1,024 bytes.</param>
    public static Verdict Reject(string reason) => new(Wire.Verdict.Reject, after: null, reason);

    /// <summary>
    /// What a thrown exception says, where one event among several failed and no status can: the same as its status
    /// would say in a call of its own.
    /// </summary>
    internal static Verdict Of(Exception error) => error switch
    {
        RpcException { StatusCode: StatusCode.AlreadyExists } => Ack,
        RpcException
        {
            StatusCode: StatusCode.InvalidArgument or StatusCode.FailedPrecondition
                or StatusCode.OutOfRange or StatusCode.DataLoss
        } rejected => Reject(rejected.Status.Detail),
        RpcException other => Retry(reason: $"{other.StatusCode}: {other.Status.Detail}"),
        _ => Retry(reason: $"{error.GetType().Name}: {error.Message}"),
    };

    internal Wire.Result ToResult(string deliveryId) => new()
    {
        DeliveryId = deliveryId,
        Verdict = _verdict,
        RetryAfter = _after is { } after ? Duration.FromTimeSpan(after) : null,
        Reason = Shorten(_reason),
    };

    /// <summary>Cut between characters, never within one.</summary>
    private static string Shorten(string reason)
    {
        var bytes = 0;
        var length = 0;
        foreach (var rune in reason.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > ReasonBytesMax)
            {
                return reason[..length];
            }

            length += rune.Utf16SequenceLength;
        }

        return reason;
    }
}
