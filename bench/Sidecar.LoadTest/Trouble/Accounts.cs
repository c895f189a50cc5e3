using Sidecar.TestKit;

namespace Sidecar.LoadTest.Trouble;

/// <summary>The account of events of which only some can be delivered.</summary>
internal static class Accounts
{
    /// <param name="tally">What was taken.</param>
    /// <param name="deliverable">How many could be.</param>
    public static LedgerTable Of(Tally tally, long deliverable)
    {
        var table = tally.Table;
        return table with { Expected = deliverable, Missing = deliverable - table.Delivered };
    }
}
