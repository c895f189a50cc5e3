using Npgsql;
using Sidecar.TestKit.Postgres;
using Sidecar.TestKit.Processes;

namespace Sidecar.Faults.Tests.Rig;

/// <summary>
/// A database with an outbox and the application's own table: an account for each key, whose version counts the events
/// of the key that were committed. So the database itself says what Kafka must have in the end, also where a writer was
/// cut off and never learned whether its commit went through.
/// </summary>
internal sealed class OutboxDatabase
{
    private const string WriterRole = "faults_writer";
    private const string RelayRole = "faults_relay";

    private readonly string name;

    private OutboxDatabase(LocalPostgres server, string name)
    {
        Server = server;
        this.name = name;
    }

    /// <summary>The server that has it now; another one after a failover.</summary>
    public LocalPostgres Server { get; private set; }

    /// <summary>As the superuser.</summary>
    public string AdminAddress => Server.ConnectionStringTo(name);

    /// <summary>As the application: it may publish, and change its own table.</summary>
    public string WriterAddress => As(WriterRole, Server.Port);

    /// <summary>Makes the database, applies the schema with the program, and makes the accounts.</summary>
    public static async Task<OutboxDatabase> CreateAsync(LocalPostgres server, IEnumerable<string> keys)
    {
        var address = await server.NewDatabaseAsync("faults");
        var database = new OutboxDatabase(server, new NpgsqlConnectionStringBuilder(address).Database!);
        await using var init = ProgramProcess.Start(
            Programs.OutboxRelay, ["init", "--apply", "--postgres", database.AdminAddress]);
        if (await init.WaitForExitAsync(RunOptions.Bound) != 0)
            throw new InvalidOperationException($"init --apply failed:\n{init.Output}");

        await using var connection = await Sql.OpenAsync(database.AdminAddress);
        foreach (var (role, group) in ((string, string)[])[(WriterRole, "outbox_writer"), (RelayRole, "outbox_relay")])
        {
            if (await connection.ScalarAsync<int?>($"SELECT 1 FROM pg_roles WHERE rolname = '{role}'") is null)
                await connection.ExecuteAsync($"CREATE ROLE {role} LOGIN IN ROLE {group}");
        }

        await connection.ExecuteAsync($"ALTER ROLE {RelayRole} REPLICATION");
        await connection.ExecuteAsync("CREATE TABLE account (key text PRIMARY KEY, version bigint NOT NULL DEFAULT 0)");
        await connection.ExecuteAsync($"GRANT SELECT, UPDATE ON account TO {WriterRole}");
        await using var insert = new NpgsqlCommand("INSERT INTO account(key) SELECT unnest($1)", connection);
        insert.Parameters.Add(new NpgsqlParameter { Value = keys.ToArray() });
        await insert.ExecuteNonQueryAsync();
        return database;
    }

    /// <summary>For a relay: on its own port, or by way of a proxy's.</summary>
    public string RelayAddress(int? port = null) => As(RelayRole, port ?? Server.Port);

    /// <summary>The same database on another server: a standby that was promoted.</summary>
    public void MoveTo(LocalPostgres server) => Server = server;

    public Task ExecuteAsync(string sql) => Sql.ExecuteAsync(AdminAddress, sql);

    public Task<T?> ScalarAsync<T>(string sql) => Sql.ScalarAsync<T>(AdminAddress, sql);

    /// <summary>How many events of each key are committed now.</summary>
    public async Task<IReadOnlyDictionary<string, long>> VersionsAsync()
    {
        await using var connection = await Sql.OpenAsync(AdminAddress);
        await using var command = new NpgsqlCommand("SELECT key, version FROM account", connection);
        await using var rows = await command.ExecuteReaderAsync();
        var versions = new Dictionary<string, long>();
        while (await rows.ReadAsync()) versions.Add(rows.GetString(0), rows.GetInt64(1));
        return versions;
    }

    /// <summary>Where events lie in the log, and how far their lanes are: for messages about those that are missing.</summary>
    public async Task<string> ExplainAsync(IReadOnlyList<(string Key, long Version)> events)
    {
        await using var connection = await Sql.OpenAsync(AdminAddress);
        List<string> lines = [];
        foreach (var (key, version) in events)
        {
            await using var command = new NpgsqlCommand(
                """
                SELECT format('id %s, xid %s, slot %s, bucket %s; lane: owner %s, epoch %s, done %s, floor %s, win %s, win_id %s; held: %s',
                              m.id, m.xid, m.slot, m.bucket, l.owner, l.epoch, l.done, l.floor, l.win, l.win_id, h.kind)
                  FROM outbox.log m JOIN outbox.lane l USING (bucket) LEFT JOIN outbox.held h USING (id)
                 WHERE m.key = convert_to($1, 'UTF8') AND m.value >= convert_to($2, 'UTF8') AND m.value < convert_to($3, 'UTF8')
                """, connection);
            foreach (var text in (string[])[key, $"{version} ", $"{version} y"])
                command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = text });
            lines.Add($"{key} version {version}: {await command.ExecuteScalarAsync() ?? "is not in the log"}");
        }

        return string.Join('\n', lines);
    }

    private string As(string role, int port) => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1", Port = port, Username = role, Database = name, ApplicationName = role,
    }.ConnectionString;
}
