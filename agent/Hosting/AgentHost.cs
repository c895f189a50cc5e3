using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Prometheus;
using Serilog;
using Sidecar.Agent.Subscriptions;
using Sidecar.Agent.Telemetry;
using Sidecar.Credentials;

namespace Sidecar.Agent.Hosting;

/// <summary>
/// Runs the agent from options that have been validated until it is told to stop. The pipeline is no hosted service: it is
/// awaited here, so that its failure is this process's exit code, and the port answers until the last event is settled.
/// </summary>
public static class AgentHost
{
    /// <summary>What follows the drain: closing the client and the port.</summary>
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Ends when the process is told to stop (0), when a loop ends that must not end (1), or at once when the Kafka client
    /// refuses one of its properties (2).
    /// </summary>
    /// <param name="resolved">What is in force at the start.</param>
    /// <param name="sources">Where it was read, and is read again when it changes.</param>
    public static async Task<int> RunAsync(ResolvedConfiguration resolved, ConfigurationSources sources)
    {
        var options = resolved.Options;
        await using var logs = new SerilogLogs(options);
        var (people, application) = (new Door(), new Door());
        await using var app = Build(options, logs.Logger, (people, application), out var telemetry);
        var logger = telemetry.Logs.CreateLogger(typeof(AgentHost).FullName!);
        var opening = Keyring.Open(options.Source.Security, telemetry.Time, telemetry.Logs.CreateLogger<Keyring>());
        if (opening.Keyring is not { } keyring)
        {
            Refuse(options, [.. opening.Problems.Select(problem => problem.ToString())]);
            return 2;
        }

        // Clients keep the certificate that they were made with: a renewed file does not move this end, a restart does.
        telemetry.Metrics.CertificateEnd.Set(keyring.Current.CertificateEnds?.ToUnixTimeSeconds() ?? 0);
        if (!TryBuild(resolved, keyring, telemetry, out var pipeline))
        {
            return 2;
        }

        try
        {
            application.Answer = new LocalApi(pipeline.Deliveries).AnswerAsync;
            people.Answer = new AdminEndpoints(pipeline.Desk, pipeline.DrainAsync).AnswerAsync;
            await app.StartAsync();
            Log.Started(logger, Version, app.Urls.First(), app.Urls.Skip(1).First());
            foreach (var warning in options.Warnings)
            {
                Log.Warned(logger, warning);
            }

            var live = new LiveConfiguration(sources, options, pipeline, telemetry) { SetLogLevel = logs.Set };
            await pipeline.RunAsync(live.RunAsync, app.Lifetime.ApplicationStopping);
            await app.StopAsync();
            Log.Stopped(logger);
            return 0;
        }
        catch (IOException error) when (error.InnerException is AddressInUseException)
        {
            Log.PortTaken(logger, error.Message, options.MetricsPort, options.AdminPort, options.ApiPort);
            TerminationLog.Write(options.TerminationLog, $"A port of the agent is taken by another program: {error.Message} Choose another "
                + "with SIDECAR_METRICS_PORT, SIDECAR_ADMIN_PORT or SIDECAR_API_PORT");
            return 1;
        }
        catch (Exception error)
        {
            Log.Failed(logger, error);
            return 1;
        }
        finally
        {
            await pipeline.DisposeAsync();
        }
    }

    /// <summary>How librdkafka's own properties go together is known to librdkafka alone: it is the one to ask.</summary>
    private static bool TryBuild(
        ResolvedConfiguration resolved, Keyring keyring, AgentTelemetry telemetry, [NotNullWhen(true)] out Pipeline? pipeline)
    {
        var options = resolved.Options;
        try
        {
            pipeline = new Pipeline(resolved, keyring, telemetry);
            return true;
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            pipeline = null;
            Refuse(options, ClientRefusal.Explain(error.Message, resolved));
            return false;
        }
    }

    private static void Refuse(AgentOptions options, params string[] problems)
    {
        var text = $"agent: {problems.Length} error{(problems.Length == 1 ? "" : "s")} in the configuration, nothing was started:\n"
            + string.Join('\n', problems.Select(problem => $"  {problem}"));
        Console.Error.WriteLine(text);
        TerminationLog.Write(options.TerminationLog, text);
    }

    private static string Version =>
        typeof(AgentHost).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    private static WebApplication Build(
        AgentOptions options, Serilog.ILogger serilog, (Door People, Door Application) doors, out AgentTelemetry telemetry)
    {
        // The empty builder reads no environment and no files: what is in force is what `agent config` prints.
        var machines = new Door();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.ListenAnyIP(options.MetricsPort, port => port.LeadsTo(machines));
            kestrel.Listen(IPAddress.Loopback, options.AdminPort, port => port.LeadsTo(doors.People));
            if (options.Subscriptions.Exists(subscription => subscription.Delivery.MaxDeadline is not null))
            {
                kestrel.Listen(IPAddress.Loopback, options.ApiPort, port =>
                {
                    port.Protocols = HttpProtocols.Http2;
                    port.LeadsTo(doors.Application);
                });
            }
        });
        builder.Services.AddSerilog(serilog);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = CloseTimeout);

        var app = builder.Build();
        var registry = Metrics.NewCustomRegistry();
        DotNetStats.Register(registry);
        var metrics = new AgentMetrics(registry);
        metrics.BuildInfo.WithLabels(
            Version, System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription, Confluent.Kafka.Library.VersionString).Set(1);
        var factory = app.Services.GetRequiredService<ILoggerFactory>();
        telemetry = new AgentTelemetry(
            metrics,
            new Waits(factory.CreateLogger<Waits>(), metrics.Waiting),
            new Heartbeat(metrics.LastTick.WithLabels("consume"), TimeProvider.System),
            factory,
            TimeProvider.System);
        machines.Answer = new Endpoints(telemetry, options.Gate).AnswerAsync;
        app.Run(Doors.AnswerAsync);
        return app;
    }
}
