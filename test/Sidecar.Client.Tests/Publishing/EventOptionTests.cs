using Acme.Orders.V1;
using Google.Protobuf;
using Sidecar.Client.Publishing;
using Sidecar.Client.Tests.Messages;

namespace Sidecar.Client.Tests.Publishing;

internal sealed class EventOptionTests
{
    private OutboxDatabase _database = null!;

    [SetUp]
    public void Open() => _database = OutboxDatabase.Open();

    [TearDown]
    public void Close() => _database.Dispose();

    private static IEnumerable<TestCaseData> BadMessages()
    {
        yield return Case("no option", new HandleOrderPlacedResponse(), "v1.HandleOrderPlacedResponse", "option (");
        yield return Case("no topic", new WithoutTopic { Id = "a" }, "WithoutTopic", "names no topic");
        yield return Case("unknown field", new WithUnknownKeyField(), "WithUnknownKeyField", "'order_id'", "id, name");
        yield return Case("double", new WithDoubleKey { Id = 1 }, "WithDoubleKey", "'id'", "Double");
        yield return Case("repeated", new WithRepeatedKey { Ids = { "a" } }, "WithRepeatedKey", "'ids'", "repeated");
        yield return Case("empty string", new OrderPlaced(), "OrderPlaced", "'order_id'", "no value");
        yield return Case("empty bytes", new WithBytesKey(), "WithBytesKey", "'id'", "no value");
        yield return Case("unset optional", new WithOptionalKey(), "WithOptionalKey", "'id'", "no value");

        static TestCaseData Case(string name, IMessage message, params string[] said) =>
            new TestCaseData(message, said)
                .SetName($"A_message_that_cannot_be_published_is_named_with_the_fix({name})");
    }

    [TestCaseSource(nameof(BadMessages))]
    public void A_message_that_cannot_be_published_is_named_with_the_fix(IMessage message, string[] said)
    {
        using var transaction = _database.Connection.BeginTransaction();
        var error = Assert.Throws<InvalidOperationException>(() => transaction.Publish(message))!;
        Assert.Multiple(() =>
        {
            foreach (var part in said)
            {
                Assert.That(error.Message, Does.Contain(part));
            }
        });
    }

    private static IEnumerable<TestCaseData> Keys()
    {
        yield return Case("none", new WithoutKey { Id = "a" }, null);
        yield return Case("bytes", new WithBytesKey { Id = ByteString.CopyFrom(0, 0xFF) }, [0, 0xFF]);
        yield return Case("negative", new WithIntegerKey { Id = long.MinValue }, "-9223372036854775808"u8);
        yield return Case("zero", new WithIntegerKey(), "0"u8);
        yield return Case("unsigned", new WithUnsignedKey { Id = ulong.MaxValue }, "18446744073709551615"u8);
        yield return Case("optional zero", new WithOptionalKey { Id = 0 }, "0"u8);
        yield return Case("enum", new WithEnumKey { Region = Region.North }, "7"u8);

        static TestCaseData Case(string name, IMessage message, ReadOnlySpan<byte> key) =>
            new TestCaseData(message, key.IsEmpty ? null : key.ToArray())
                .SetName($"The_key_field_becomes_the_key({name})");
    }

    [TestCaseSource(nameof(Keys))]
    public void The_key_field_becomes_the_key(IMessage message, byte[]? key)
    {
        using var transaction = _database.Connection.BeginTransaction();
        transaction.Publish(message);
        transaction.Commit();
        Assert.That(_database.Rows().Single().Key, Is.EqualTo(key));
    }

    [Test]
    public void A_message_without_a_type_in_its_option_goes_by_its_full_name()
    {
        using var transaction = _database.Connection.BeginTransaction();
        transaction.Publish(new WithoutKey());
        transaction.Commit();
        Assert.That(_database.Rows().Single().Headers, Does.Contain("\"sidecar.client.tests.WithoutKey\""));
    }
}
