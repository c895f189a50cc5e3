using System.Buffers.Binary;
using System.Text;
using Sidecar.OutboxRelay.Wal;

namespace Sidecar.OutboxRelay.Tests.Wal;

public sealed class PgOutputDecoderTests
{
    private readonly PgOutputDecoder decoder = new("token", 100, new long[64]);

    [Test]
    public void A_marker_of_ours_is_a_snapshot()
    {
        Assert.That(decoder.Read(Message("outbox", "token 3:5:4"))!.Value.Marker!.ToString(), Is.EqualTo("3:5:4"));
    }

    [TestCase("outbox", "other 3:5:4")]
    [TestCase("outbox", "3:5:4")]
    [TestCase("another", "token 3:5:4")]
    public void A_marker_that_somebody_else_wrote_is_nothing(string prefix, string content)
    {
        Assert.That(decoder.Read(Message(prefix, content)), Is.Null);
    }

    [Test]
    public void A_message_that_ends_too_early_is_refused()
    {
        var whole = Message("outbox", "token 3:5:4");
        for (var length = 1; length < whole.Length; length++)
        {
            Assert.That(() => decoder.Read(whole.AsSpan(0, length)), Throws.InstanceOf<InvalidDataException>());
        }
    }

    [Test]
    public void A_row_of_a_relation_that_was_not_described_is_refused()
    {
        Assert.That(() => decoder.Read("I\0\0\0\x01N\0\0"u8), Throws.InstanceOf<InvalidDataException>());
    }

    [Test]
    public void A_relation_that_lacks_a_column_is_refused()
    {
        Assert.That(
            () => decoder.Read("R\0\0\0\x01outbox\0log\0d\0\x01\0id\0\0\0\0\x14\0\0\0\0"u8), Throws.InstanceOf<InvalidDataException>());
    }

    private static byte[] Message(string prefix, string content)
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, content.Length);
        return [(byte)'M', 0, .. new byte[8], .. Encoding.UTF8.GetBytes(prefix), 0, .. length, .. Encoding.UTF8.GetBytes(content)];
    }
}
