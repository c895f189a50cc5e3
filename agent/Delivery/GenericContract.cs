using Grpc.Core;
using Sidecar.Agent.Contracts;
using Sidecar.Delivery.V1;

namespace Sidecar.Agent.Delivery;

/// <summary>The generic contract, <c>sidecar.delivery.v1.EventConsumerService/Deliver</c>.</summary>
internal sealed class GenericContract(string subscription, int maxMessageBytes) : IContract
{
    private static readonly DeliverResponse Empty = new();
    private readonly DeliverRequestEncoder encoder = new(subscription);

    public string MethodName => "/sidecar.delivery.v1.EventConsumerService/Deliver";

    public AttemptOutcome? Prepare(EventRecord record, Attempt attempt, out PreparedCall prepared)
    {
        prepared = default;
        if (Refusal.OfNames(record.Headers) is { } unsendable)
        {
            return unsendable;
        }

        var size = encoder.Measure(record, attempt);
        if (size > maxMessageBytes)
        {
            return Refusal.TooLarge(size, maxMessageBytes);
        }

        var metadata = default(CallMetadata);
        TraceContext.AddTo(ref metadata, record.Headers);
        prepared = new PreparedCall((int)size, 0, metadata.Entries);
        return null;
    }

    public void Write(EventRecord record, Attempt attempt, in PreparedCall prepared, Span<byte> target) =>
        encoder.Write(record, attempt, target);

    public AppVerdict ReadAnswer(DeliverResponse response, AsyncUnaryCall<DeliverResponse> call, ulong deliveryId) =>
        AppVerdict.Of(response, deliveryId);

    public AppVerdict ReadRefusal(Metadata trailers) => default;

    // Most answers are empty: those need no object of their own.
    public DeliverResponse Parse(DeserializationContext context) =>
        context.PayloadLength == 0 ? Empty : DeliverResponse.Parser.ParseFrom(context.PayloadAsReadOnlySequence());
}
