namespace Sidecar.TestKit.Tests;

[TestFixture]
public sealed class LedgerTests
{
    [Test]
    public void Everything_once_and_in_order_is_right()
    {
        Assert.That(After(1, 2, 3), Is.EqualTo(new LedgerTable(3, 3, 0, 0, 0)));
        Assert.That(After(1, 2, 3).IsRight, Is.True);
    }

    [Test]
    public void What_never_came_is_missing() => Assert.That(After(1, 3), Is.EqualTo(new LedgerTable(3, 2, 1, 0, 0)));

    [Test]
    public void A_repeat_is_a_duplicate_and_not_out_of_order() =>
        Assert.That(After(1, 2, 1, 2, 3), Is.EqualTo(new LedgerTable(3, 3, 0, 2, 0)));

    [Test]
    public void A_first_delivery_after_a_later_event_of_its_key_is_out_of_order() =>
        Assert.That(After(1, 3, 2), Is.EqualTo(new LedgerTable(3, 3, 0, 0, 1)));

    [Test]
    public void What_nobody_expected_is_told_apart() =>
        Assert.That(After(1, 2, 3, 9), Is.EqualTo(new LedgerTable(3, 3, 0, 0, 0) { Unexpected = 1 }));

    [Test]
    public void Keys_are_ordered_each_for_itself()
    {
        var ledger = new Ledger();
        ledger.Expect("a", 1);
        ledger.Expect("b", 1);
        ledger.Deliver("b", 1);
        ledger.Deliver("a", 1);
        Assert.That(ledger.Table().IsRight, Is.True);
        Assert.That(ledger.Deliveries, Is.EqualTo(2));
    }

    private static LedgerTable After(params int[] deliveries)
    {
        var ledger = new Ledger();
        for (var sequence = 1; sequence <= 3; sequence++) ledger.Expect("key", sequence);
        foreach (var sequence in deliveries) ledger.Deliver("key", sequence);
        return ledger.Table();
    }
}
