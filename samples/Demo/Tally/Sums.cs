namespace Sidecar.Demo.Tally;

/// <summary>What the table says.</summary>
/// <param name="Committed">Events whose transaction committed.</param>
/// <param name="RolledBack">Events whose transaction was rolled back.</param>
/// <param name="InKafka">Records in the topic.</param>
/// <param name="Delivered">Deliveries that the consumer acknowledged.</param>
/// <param name="Missing">Events that were committed, and are not in the topic or were never acknowledged.</param>
/// <param name="Duplicates">Beyond the first of an event, in the topic or delivered; or never committed.</param>
/// <param name="OutOfOrder">Events that came first after a later one of the same order.</param>
/// <param name="Retried">Attempts that the consumer failed on purpose.</param>
internal sealed record Sums(
    int Committed, int RolledBack, int InKafka, int Delivered, int Missing, int Duplicates, int OutOfOrder, int Retried)
{
    public bool AreRight =>
        Committed > 0 && InKafka == Committed && Delivered == Committed
        && Missing == 0 && Duplicates == 0 && OutOfOrder == 0;
}
