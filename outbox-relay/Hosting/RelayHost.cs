using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Sidecar.OutboxRelay.Postgres;
using Sidecar.OutboxRelay.Publish;
using Sidecar.OutboxRelay.Store;
using Sidecar.OutboxRelay.Telemetry;

namespace Sidecar.OutboxRelay.Hosting;

/// <summary>Runs the relay and its port until SIGTERM or SIGINT.</summary>
public static class RelayHost
{
    /// <summary>Ends with 0 when told to stop, with 1 when the port cannot be opened or the loop fails.</summary>
    public static async Task<int> RunAsync(ProgramOptions options)
    {
        NativeHeap.Bound();
        var time = TimeProvider.System;
        using var logs = LogSetup.Create(options.Hosting);
        var log = logs.CreateLogger("Sidecar.OutboxRelay.Hosting");
        var telemetry = new RelayTelemetry(time, logs);
        await using var port = MetricsPort.Build(options, telemetry);
        try
        {
            await port.StartAsync();
        }
        catch (IOException e)
        {
            log.NoPort(options.Hosting.MetricsPort, e.Message);
            return 1;
        }

        log.Started(RelayMetrics.Version, string.Join(", ", port.Urls), Database(options.Relay.Store));
        var failed = await RelayAsync(options.Relay, telemetry, port.Lifetime, log);
        await port.StopAsync();
        log.Stopped();
        return failed ? 1 : 0;
    }

    private static string Database(StoreOptions options) =>
        !options.IsPostgres ? options.SqlitePath
        : PgAddress.Of(options) is { Problem: null, Value: var address } ? address.Shown
        : options.PostgresFile;

    private static async Task<bool> RelayAsync(
        RelayOptions options, RelayTelemetry telemetry, IHostApplicationLifetime lifetime, ILogger log)
    {
        using IOutboxStore store = options.Store.IsPostgres
            ? new PgStore(options.Store, options.Lease.Length, telemetry)
            : new SqliteStore(options.Store, TimeProvider.System);
        using var publisher = new KafkaPublisher(options.Publish, telemetry);
        var relay = new Relay(options, store, publisher, telemetry);
        try
        {
            // On a thread of the pool: the database is asked synchronously.
            await Task.Run(() => relay.RunAsync(lifetime.ApplicationStopping));
            return false;
        }
        catch (Exception e)
        {
            // The loop's owner: whatever ends it is a bug or an impossible environment, and must not look like success.
            log.LoopFailed(e);
            return true;
        }
    }
}
