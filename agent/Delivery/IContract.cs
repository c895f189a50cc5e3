using Grpc.Core;
using Sidecar.Agent.Contracts;
using Sidecar.Delivery.V1;

namespace Sidecar.Agent.Delivery;

/// <summary>What a call carries.</summary>
/// <param name="Size">Bytes of the request.</param>
/// <param name="ValueStart">Where the message starts in the record's value; only for typed methods.</param>
/// <param name="Metadata">The call's metadata; null: none.</param>
internal readonly record struct PreparedCall(int Size, int ValueStart, Metadata? Metadata);

/// <summary>One of the two ways to call an application: the generic contract and a typed method.</summary>
internal interface IContract
{
    /// <summary>The full name of the gRPC method, <c>/package.Service/Method</c>.</summary>
    string MethodName { get; }

    /// <summary>Measures the request and makes its metadata.</summary>
    /// <returns>The outcome where the record cannot be sent; null: it can.</returns>
    AttemptOutcome? Prepare(EventRecord record, Attempt attempt, out PreparedCall prepared);

    /// <summary>Writes the request; <paramref name="target"/> has exactly the prepared size.</summary>
    void Write(EventRecord record, Attempt attempt, in PreparedCall prepared, Span<byte> target);

    /// <summary>Reads the response message.</summary>
    DeliverResponse Parse(DeserializationContext context);

    /// <summary>The application's verdict in an answer with status OK.</summary>
    AppVerdict ReadAnswer(DeliverResponse response, AsyncUnaryCall<DeliverResponse> call, ulong deliveryId);

    /// <summary>The application's verdict in an answer with another status.</summary>
    AppVerdict ReadRefusal(Metadata trailers);
}
