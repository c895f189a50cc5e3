using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Sidecar.Credentials;
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
        var opening = Keyring.Open(options.Relay.Publish.Security, time, logs.CreateLogger<Keyring>());
        if (opening.Keyring is not { } keyring)
        {
            foreach (var problem in opening.Problems)
            {
                Console.Error.WriteLine($"outbox-relay: --{problem}");
            }

            return 2;
        }

        // Clients keep the certificate that they were made with: a renewed file does not move this end, a restart does.
        telemetry.Metrics.CertificateEnd.Set(keyring.Current.CertificateEnds?.ToUnixTimeSeconds() ?? 0);
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
        var failed = await RelayAsync(options.Relay, keyring, telemetry, port.Lifetime);
        await port.StopAsync();
        log.Stopped();
        return failed ? 1 : 0;
    }

    private static string Database(StoreOptions options) =>
        !options.IsPostgres ? options.SqlitePath
        : PgAddress.Of(options) is { Problem: null, Value: var address } ? address.Shown
        : options.PostgresFile;

    private static async Task<bool> RelayAsync(
        RelayOptions options, Keyring keyring, RelayTelemetry telemetry, IHostApplicationLifetime lifetime)
    {
        using IOutboxStore store = options.Store.IsPostgres
            ? new PgStore(options.Store, options.Lease.Length, telemetry)
            : new SqliteStore(options.Store, TimeProvider.System);
        using var publisher = new KafkaPublisher(options.Publish, keyring, telemetry);
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
            telemetry.Logs.CreateLogger("Sidecar.OutboxRelay.Hosting").LoopFailed(e);
            return true;
        }
    }
}
