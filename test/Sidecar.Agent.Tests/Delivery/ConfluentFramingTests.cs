using CsCheck;
using Sidecar.Agent.Delivery;

namespace Sidecar.Agent.Tests.Delivery;

public sealed class ConfluentFramingTests
{
    [TestCase("00 00000007 00 0a01", 6, TestName = "A_single_zero_stands_for_the_first_message")]
    [TestCase("00 00000007 02 02 0a01", 7, TestName = "One_index")]
    [TestCase("00 00000007 04 02 8001 0a01", 9, TestName = "Nested_indexes_of_several_bytes")]
    [TestCase("00 00000007 00", 6, TestName = "An_empty_message")]
    public void The_message_starts_behind_the_prefix(string hex, int expected)
    {
        Assert.That(ConfluentFraming.Skip(Hex(hex), out var start), Is.Null);
        Assert.That(start, Is.EqualTo(expected));
    }

    [TestCase("", "0 bytes")]
    [TestCase("00 00000007", "5 bytes")]
    [TestCase("0a 00000007 00 0a01", "byte 0x0a")]
    [TestCase("00 00000007 04 02", "message indexes")]
    [TestCase("00 00000007 01", "message indexes")]
    [TestCase("00 00000007 ffffffffffffffffff", "message indexes")]
    public void What_is_not_framed_so_is_refused_with_the_reason(string hex, string reason) =>
        Assert.That(ConfluentFraming.Skip(Hex(hex), out _), Does.Contain(reason));

    [Test]
    public void Never_reads_beyond_the_value() =>
        Gen.Byte.Array[0, 12].Sample(value =>
        {
            var reason = ConfluentFraming.Skip(value, out var start);
            Assert.That(reason is not null || start <= value.Length);
        });

    private static byte[] Hex(string text) => Convert.FromHexString(text.Replace(" ", ""));
}
