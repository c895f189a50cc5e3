using System.Buffers;
using Grpc.Core;
using Sidecar.Agent.Delivery;
using Sidecar.Delivery.V1;

namespace Sidecar.Agent.Tests.Delivery;

public sealed class OutgoingCallTests
{
    private readonly GenericContract contract = new("orders", 1024);

    [Test]
    public void A_request_is_sent_once_it_was_written_and_may_be_written_again()
    {
        var call = Begin();
        foreach (var _ in (int[])[1, 2])
        {
            var context = new Written();
            OutgoingCall.Write(call, context);
            Assert.That(DeliverRequest.Parser.ParseFrom(context.Bytes).Event.Data.ToStringUtf8(), Is.EqualTo("value"));
        }

        Assert.That(call.End(), Is.True);
    }

    [Test]
    public void After_its_end_a_call_writes_nothing_since_the_buffer_may_hold_another_event()
    {
        var call = Begin();
        Assert.That(call.End(), Is.False);
        var context = new Written();
        Assert.That(() => OutgoingCall.Write(call, context), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(context.Bytes, Is.Empty);
    }

    private OutgoingCall Begin()
    {
        var record = Records.With();
        Assert.That(contract.Prepare(record, Records.First, out var prepared), Is.Null);
        var call = new OutgoingCall(contract);
        call.Begin(record, Records.First, prepared);
        return call;
    }

    private sealed class Written : SerializationContext
    {
        private readonly ArrayBufferWriter<byte> writer = new();

        internal byte[] Bytes => writer.WrittenSpan.ToArray();

        public override void SetPayloadLength(int payloadLength)
        {
        }

        public override IBufferWriter<byte> GetBufferWriter() => writer;

        public override void Complete()
        {
        }
    }
}
