using Npgsql;
using Sidecar.TestKit.Processes;

namespace Sidecar.TestKit.Postgres;

/// <summary>
/// A server started from a distribution: loopback, a free port, a temporary folder. It owns its processes and its
/// folder, and can be made to fail.
/// </summary>
public sealed class LocalPostgres : PostgresServer
{
    private static readonly TimeSpan ReadyTimeout = TimeSpan.FromSeconds(60);

    private readonly string folder;
    private readonly ServerProcess process;
    private readonly ServerClock? clock;

    private LocalPostgres(PostgresDistribution distribution, string folder, LocalPostgresOptions options)
    {
        Distribution = distribution;
        Options = options;
        Port = Ports.Free();
        this.folder = folder;
        process = new ServerProcess(folder);
        clock = options.OwnClock ? new ServerClock(folder) : null;
        // A test run that is ended early still takes its server with it.
        AppDomain.CurrentDomain.ProcessExit += Kill;
    }

    public override string Name => Distribution.ToString();

    public PostgresDistribution Distribution { get; }

    public int Port { get; }

    /// <summary>The process id of the postmaster.</summary>
    public int ProcessId => process.Id;

    public bool IsRunning => process.IsRunning;

    /// <summary>Superuser <c>postgres</c>, no password: the port is on loopback.</summary>
    public override string ConnectionString => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1", Port = Port, Username = "postgres", Database = "postgres",
    }.ConnectionString;

    internal LocalPostgresOptions Options { get; }

    internal string DataFolder => Path.Combine(folder, "data");

    private string SettingsFile => Path.Combine(DataFolder, "postgresql.auto.conf");

    /// <summary>Why clocks cannot be set here; null where they can.</summary>
    public static string? NoClock => ServerClock.Library is null
        ? "the database's clock can be set only where libfaketime is installed (Debian: libfaketime)" : null;

    /// <summary>Initialises and starts a server; it takes connections on return.</summary>
    /// <exception cref="InvalidOperationException">It did not come up; with the end of its log.</exception>
    public static async Task<LocalPostgres> StartAsync(PostgresDistribution distribution, LocalPostgresOptions options)
    {
        var server = await PrepareAsync(distribution, options);
        try
        {
            await ServerAccount.RunAsAsync(
                distribution, "initdb", "-D", server.DataFolder, "-U", "postgres", "-A", "trust",
                "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions");
            await File.AppendAllLinesAsync(
                Path.Combine(server.DataFolder, "pg_hba.conf"), options.Networks.Select(network => $"host all all {network} trust"));
            await server.StartAgainAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>A server that has a folder and a port, and no data yet.</summary>
    internal static async Task<LocalPostgres> PrepareAsync(PostgresDistribution distribution, LocalPostgresOptions options)
    {
        var temporary = Directory.CreateTempSubdirectory("sidecar-postgres-").FullName;
        var server = new LocalPostgres(distribution, temporary, options);
        await ServerAccount.OwnAsync(temporary);
        return server;
    }

    /// <summary>All processes die at once (SIGKILL).</summary>
    public Task KillAsync() => process.KillAsync();

    /// <summary>Stops in good order, and breaks off all connections (a fast shutdown).</summary>
    public Task StopAsync() => process.EndAsync(Signal.Interrupt);

    /// <summary>Starts a server that was killed or stopped, on its old port and data; ready on return.</summary>
    public async Task StartAgainAsync()
    {
        await File.AppendAllLinesAsync(SettingsFile, Settings());
        process.Start(
            // The clock is for the server alone: what starts it as another user must not open what the server will own.
            ServerAccount.Line("env", [.. clock?.Variables ?? [], Distribution.Program("postgres"), "-D", DataFolder]),
            Distribution.Environment);
        await Until.SettledAsync(() => !process.IsRunning || TakesConnections(), ReadyTimeout);
        if (!process.IsRunning || !TakesConnections())
            throw new InvalidOperationException($"{Name} did not come up; the end of its log:\n{process.EndOfLog()}");
    }

    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAgainAsync();
    }

    /// <summary>All processes stand still with their connections open (SIGSTOP).</summary>
    public void Pause() => process.SendAll(Signal.Stop);

    public void Resume() => process.SendAll(Signal.Continue);

    /// <summary>Sets its clock; <see cref="LocalPostgresOptions.OwnClock"/> must have been asked for.</summary>
    /// <param name="offset">To the true time, whole seconds; negative is back.</param>
    public void SetClock(TimeSpan offset) =>
        (clock ?? throw new InvalidOperationException("this server was started without a clock of its own")).Set(offset);

    public override async ValueTask DisposeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit -= Kill;
        await process.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    // Written again at every start: of a setting that is named twice, the last holds.
    private IEnumerable<string> Settings() =>
        ((string[])
        [
            $"port={Port}", $"listen_addresses={(Options.Networks.Count > 0 ? "*" : "127.0.0.1")}", "unix_socket_directories=",
            "log_line_prefix=%m [%p] %a ", .. Options.Lines(),
        ]).Select(line => line.Split('=', 2)).Select(parts => $"{parts[0]} = '{parts[1]}'");

    private bool TakesConnections()
    {
        try
        {
            using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false;Timeout=5");
            connection.Open();
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private void Kill(object? sender, EventArgs e) => process.Kill();
}
