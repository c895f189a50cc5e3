using Grpc.Core;
using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.Delivery;

/// <summary>
/// The request of one call, as the client library holds it. The record's bytes are copied out when a connection takes
/// the call. That may happen on another thread while the call is being given up; so the copy and the end of the call
/// exclude each other, and after the end nothing reads the record, whose buffer may by then hold another event.
/// </summary>
internal sealed class OutgoingCall(IContract contract)
{
    private readonly IContract contract = contract;
    private readonly Lock gate = new();
    private EventRecord? record;
    private Attempt attempt;
    private PreparedCall prepared;
    private bool sent;

    /// <summary>Takes a record, until <see cref="End"/>.</summary>
    internal void Begin(EventRecord taken, Attempt number, in PreparedCall preparation)
    {
        lock (gate)
        {
            record = taken;
            attempt = number;
            prepared = preparation;
            sent = false;
        }
    }

    /// <summary>Lets go of the record.</summary>
    /// <returns>The request was handed to a connection.</returns>
    internal bool End()
    {
        lock (gate)
        {
            record = null;
            return sent;
        }
    }

    /// <summary>Writes the request where the library wants it; again, where a stream was refused.</summary>
    internal static void Write(OutgoingCall call, SerializationContext context)
    {
        lock (call.gate)
        {
            if (call.record is null)
            {
                throw new OperationCanceledException("the call has ended");
            }

            var size = call.prepared.Size;
            context.SetPayloadLength(size);
            var writer = context.GetBufferWriter();
            call.contract.Write(call.record, call.attempt, call.prepared, writer.GetSpan(size)[..size]);
            writer.Advance(size);
            context.Complete();
            call.sent = true;
        }
    }
}
