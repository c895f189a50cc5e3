using Microsoft.Extensions.Logging;

namespace Sidecar.OutboxRelay.Postgres;

/// <summary>
/// What is in the way of work beside the line, told once until it is over or another: it is not the line's matter, which
/// has its own connection and tells what is wrong with the database.
/// </summary>
internal sealed class PgTrouble(PgAddress address, ILogger log)
{
    private string? told;

    /// <summary>The work was done.</summary>
    public void Over() => told = null;

    /// <summary>This came instead.</summary>
    public void Tell(Exception e)
    {
        var text = PgFaults.Explain(e, address.Shown).Text;
        if (text != told)
        {
            told = text;
            log.HousekeepingFailed(text);
        }
    }
}
