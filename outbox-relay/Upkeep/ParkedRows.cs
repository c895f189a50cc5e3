using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Postgres;
using Sidecar.OutboxRelay.Store;

namespace Sidecar.OutboxRelay.Upkeep;

/// <summary>Finds the rows that are out of the line where the options say that the outbox is.</summary>
public static class ParkedRows
{
    /// <summary>They, or why the database is not to be found.</summary>
    public static StoreAnswer<IParkedRows> Of(StoreOptions options, TimeProvider time)
    {
        if (!options.IsPostgres)
        {
            return new SqliteParked(options, time);
        }

        var address = PgAddress.Of(options);
        return address.Problem is { } problem ? problem : new PgParked(address.Value);
    }
}
