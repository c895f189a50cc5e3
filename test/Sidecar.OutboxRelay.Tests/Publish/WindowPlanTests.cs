using System.Text;
using CsCheck;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Publish;

namespace Sidecar.OutboxRelay.Tests.Publish;

[TestFixture]
internal sealed class WindowPlanTests
{
    private static readonly RecordMapper Mapper = new(new PublishOptions { MaxMessageBytes = 1024 }, "u");

    [Test]
    public void A_row_too_large_holds_later_rows_of_its_key_and_no_others()
    {
        var window = Plan(Row(1, "a"), Row(2, "a", bytes: 2000), Row(3, "b"), Row(4, "a"), Row(5, "a", topic: "u"));
        Assert.That(Sent(window), Is.EqualTo(new long[] { 1, 3, 5 }));
        Assert.That(window.Held.Select(held => held.Id), Is.EqualTo(new long[] { 2, 4 }));
        Assert.That(window.Held[0].Reason, Is.EqualTo("the record is 2001 bytes; max-message-bytes is 1024"));
        Assert.That(window.Held[1].Reason, Is.EqualTo(HeldReasons.Behind));
    }

    [Test]
    public void A_row_without_a_key_holds_back_nothing()
    {
        var window = Plan(Row(1, null, bytes: 2000), Row(2, null), Row(3, ""));
        Assert.That(Sent(window), Is.EqualTo(new long[] { 2, 3 }));
    }

    [Test]
    public void Rows_of_a_topic_that_waits_are_set_aside_and_others_go_on()
    {
        var window = WindowPlan.Make([Row(1, "a"), Row(2, "a", topic: "u")], topic => topic == "t", Mapper);
        Assert.That(Sent(window), Is.EqualTo(new long[] { 2 }));
        Assert.That(window.Held.Select(held => (held.Id, held.Kind)), Is.EqualTo(new[] { (1L, HeldKind.Waiting) }));
    }

    [TestCase("")]
    [TestCase("..")]
    [TestCase("two words")]
    [TestCase("ünlaut")]
    public void An_invalid_topic_name_is_poison_and_says_so(string topic)
    {
        var window = Plan(Row(1, "a", topic: topic));
        Assert.That(window.Held[0].Reason, Does.StartWith($"'{topic}' is not a valid topic name"));
    }

    [Test]
    public void Whatever_the_rows_each_key_is_sent_in_order_up_to_its_first_poison() =>
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 9]).Array[0, 60].Sample(shape =>
        {
            OutboxRow[] rows = [.. shape.Select((s, i) =>
                Row(i + 1, s.Item1 == 0 ? null : $"k{s.Item1}", s.Item2 == 0 ? 2000 : 1))];
            var window = Plan(rows);
            var held = window.Held.Select(h => h.Id).ToHashSet();
            Assert.That(
                Sent(window).Concat(held).Order(), Is.EqualTo(rows.Select(row => row.Id)), "each row has one end");
            Assert.That(Sent(window), Is.Ordered);
            var keyed = rows.Where(row => row.Key is not null);
            foreach (var key in keyed.GroupBy(row => Encoding.UTF8.GetString(row.Key!)))
            {
                var good = key.TakeWhile(row => row.StoredBytes < 1024).Select(row => row.Id).ToList();
                Assert.That(key.Select(row => row.Id).Where(id => !held.Contains(id)), Is.EqualTo(good));
            }
        });

    private static Window Plan(params OutboxRow[] rows) => WindowPlan.Make(rows, _ => false, Mapper);

    private static long[] Sent(Window window) => [.. window.Records.Select(record => record.Row.Id)];

    internal static OutboxRow Row(long id, string? key, int bytes = 1, string topic = "t") => new()
    {
        Id = id,
        Topic = topic,
        Key = key is null ? null : Encoding.UTF8.GetBytes(key),
        Value = new byte[bytes],
        CreatedMs = 1,
        StoredBytes = bytes + (key?.Length ?? 0),
    };
}
