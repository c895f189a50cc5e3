using Npgsql;
using Sidecar.OutboxRelay.Contracts;

namespace Sidecar.OutboxRelay.Postgres;

/// <summary>What <c>init --apply</c> did.</summary>
/// <param name="Outbox">The outbox's id.</param>
/// <param name="From">The version that was found; 0: there was no schema.</param>
/// <param name="To">The version that it has now.</param>
public sealed record PgInstalled(string Outbox, int From, int To);

/// <summary>
/// Applies the migrations that are missing, each in a transaction of its own. Writers and relays may run meanwhile: a
/// migration that cannot have its locks within <see cref="PgMigration.LockTimeout"/> lets go of all it has, and tries
/// again.
/// </summary>
public static class PgInstaller
{
    /// <summary>Attempts for one migration.</summary>
    public const int Attempts = 100;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Brings the schema to the last of the migrations; what is later stays.</summary>
    public static async Task<StoreAnswer<PgInstalled>> ApplyAsync(
        PgAddress address, IReadOnlyList<PgMigration> migrations, TimeProvider time)
    {
        try
        {
            await using var source = PgSource.Create(address, PgSource.InstallTimeout);
            await using var connection = await source.OpenConnectionAsync();
            var from = await VersionAsync(connection);
            foreach (var migration in migrations.Where(migration => migration.Version > from))
            {
                await ApplyAsync(connection, migration, time);
            }

            await using var outbox = new NpgsqlCommand("SELECT uuid::text FROM outbox.config", connection);
            return new PgInstalled((string)(await outbox.ExecuteScalarAsync())!, from, await VersionAsync(connection));
        }
        catch (PostgresException e) when (e is { SqlState: PostgresErrorCodes.InsufficientPrivilege, Hint: null })
        {
            return new StoreProblem(
                StoreFault.Failed, $"{address.Shown}: {e.MessageText}: run `outbox-relay init --apply` as the owner of the database, " +
                "or GRANT CREATE ON DATABASE to the role. Relays need no such role afterwards");
        }
        catch (Exception e) when (PgFaults.IsOne(e))
        {
            return PgFaults.Explain(e, address.Shown);
        }
    }

    private static async Task ApplyAsync(NpgsqlConnection connection, PgMigration migration, TimeProvider time)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var transaction = await connection.BeginTransactionAsync();
                await ExecuteAsync(connection, $"SET LOCAL lock_timeout = '{PgMigration.LockTimeout}'");
                await ExecuteAsync(connection, migration.Statement);
                await transaction.CommitAsync();
                return;
            }
            catch (PostgresException e) when (attempt < Attempts && e.SqlState
                is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected)
            {
                await Task.Delay(Pause, time);
            }
        }
    }

    private static async Task<int> VersionAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("SELECT to_regclass('outbox.config') IS NOT NULL", connection);
        if (!(bool)(await command.ExecuteScalarAsync())!)
        {
            return 0;
        }

        command.CommandText = "SELECT schema_version FROM outbox.config";
        return (int)(await command.ExecuteScalarAsync())!;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
