using Microsoft.Extensions.Logging;
using Npgsql;

namespace Sidecar.OutboxRelay.Wal;

/// <summary>Where the log is read, and how the time passes.</summary>
/// <param name="ConnectionString">For replication. It may hold a password.</param>
/// <param name="Source">Connections to the same database.</param>
/// <param name="Time">The clock.</param>
/// <param name="Log">For changes of where rows come from.</param>
public sealed record WalPlace(string ConnectionString, NpgsqlDataSource Source, TimeProvider Time, ILogger Log);
