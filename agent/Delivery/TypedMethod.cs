using Grpc.Core;
using Sidecar.Agent.Contracts;
using Sidecar.Delivery.V1;

namespace Sidecar.Agent.Delivery;

/// <summary>
/// A method of the team's own: the record's value is the request, untouched, and the event's attributes are metadata.
/// The response is the team's own message and is never parsed; an explicit verdict comes in the trailers.
/// </summary>
internal sealed class TypedMethod(string fullName, Framing framing, int maxMessageBytes) : IContract
{
    private static readonly DeliverResponse Unread = new();

    public string MethodName => fullName;

    public AttemptOutcome? Prepare(EventRecord record, Attempt attempt, out PreparedCall prepared)
    {
        prepared = default;
        if (Refusal.OfNames(record.Headers) is { } unsendable)
        {
            return unsendable;
        }

        var start = 0;
        if (framing == Framing.Confluent && record.HasValue
            && ConfluentFraming.Skip(record.Value, out start) is { } notFramed)
        {
            return Refusal.Unsendable(notFramed);
        }

        var size = record.Value.Length - start;
        if (size > maxMessageBytes)
        {
            return Refusal.TooLarge(size, maxMessageBytes);
        }

        if (EventMetadata.Make(record, attempt, out var metadata) is { } tooLong)
        {
            return tooLong;
        }

        prepared = new PreparedCall(size, start, metadata);
        return null;
    }

    public void Write(EventRecord record, Attempt attempt, in PreparedCall prepared, Span<byte> target) =>
        record.Value[prepared.ValueStart..].CopyTo(target);

    public DeliverResponse Parse(DeserializationContext context) => Unread;

    public AppVerdict ReadAnswer(DeliverResponse response, AsyncUnaryCall<DeliverResponse> call, ulong deliveryId) =>
        AppVerdict.Of(call.GetTrailers());

    public AppVerdict ReadRefusal(Metadata trailers) => AppVerdict.Of(trailers);
}
