namespace Sidecar.TestKit.Postgres;

/// <summary>The server that <c>TEST_POSTGRES</c> names: neither started nor stopped here.</summary>
/// <param name="connectionString">Of a role that may create databases and roles.</param>
/// <param name="version">As the server itself says it.</param>
public sealed class AddressedPostgres(string connectionString, string version) : PostgresServer
{
    public override string Name => $"PostgreSQL {version} (TEST_POSTGRES)";

    public override string ConnectionString => connectionString;

    /// <summary>Asks the server for its version.</summary>
    public static async Task<PostgresStart> ConnectAsync(string connectionString)
    {
        var version = await Sql.ScalarAsync<string>(connectionString, "SHOW server_version");
        return new PostgresStart(new AddressedPostgres(connectionString, version ?? "of unknown version"), "");
    }

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
