using Npgsql;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Postgres;

namespace Sidecar.OutboxRelay.Upkeep;

/// <summary>
/// A person's connection to the outbox, beside the relays: opened for one command, and ended by the server where a
/// statement takes longer than <see cref="StatementTimeout"/>.
/// </summary>
public sealed class PgDesk(PgAddress address)
{
    /// <summary>The longest that one statement may take.</summary>
    public static readonly TimeSpan StatementTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Host and database, for people.</summary>
    public string Shown => address.Shown;

    /// <summary>Asks on a connection of its own, once the schema is known to be there.</summary>
    public Task<StoreAnswer<T>> AskAsync<T>(Func<NpgsqlConnection, Task<StoreAnswer<T>>> question) =>
        AskAsync(question, StatementTimeout);

    /// <summary>The same with a time-out of the caller's.</summary>
    public async Task<StoreAnswer<T>> AskAsync<T>(
        Func<NpgsqlConnection, Task<StoreAnswer<T>>> question, TimeSpan statementTimeout)
    {
        try
        {
            await using var source = PgSource.Create(address, statementTimeout);
            await using var connection = await source.OpenConnectionAsync();
            await using var check = new NpgsqlCommand(
                "SELECT CASE WHEN to_regclass('outbox.config') IS NULL THEN 0 ELSE 1 END", connection);
            if ((int)(await check.ExecuteScalarAsync())! == 0)
            {
                return new StoreProblem(
                    StoreFault.NoSchema, $"{address.Shown} lacks the outbox's tables: run `outbox-relay init --apply`");
            }

            var (oldest, version) = (await ReadAsync(
                connection, "SELECT oldest_relay, schema_version FROM outbox.config", row => (row.GetInt32(0), row.GetInt32(1))))[0];
            return oldest > PgSchema.Version
                ? new StoreProblem(
                    StoreFault.OtherSchema, $"{address.Shown} has a schema that this program is too old for")
                : version < PgSchema.Version
                ? new StoreProblem(
                    StoreFault.OtherSchema,
                    $"{address.Shown} has schema version {version}, and this program needs {PgSchema.Version}: " +
                    "run `outbox-relay init --apply`")
                : await question(connection);
        }
        catch (Exception e) when (PgFaults.IsOne(e))
        {
            return PgFaults.Explain(e, address.Shown);
        }
    }

    /// <summary>Reads one row after another.</summary>
    public static async Task<List<T>> ReadAsync<T>(
        NpgsqlConnection connection, string sql, Func<NpgsqlDataReader, T> row, params NpgsqlParameter[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<T>();
        while (await reader.ReadAsync())
        {
            rows.Add(row(reader));
        }

        return rows;
    }

    /// <summary>Reads the one value that there is.</summary>
    public static async Task<T> ScalarAsync<T>(NpgsqlConnection connection, string sql) =>
        (await ReadAsync(connection, sql, reader => reader.GetFieldValue<T>(0)))[0];
}
