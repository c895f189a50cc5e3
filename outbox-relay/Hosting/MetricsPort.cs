using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Sidecar.OutboxRelay.Store;
using Sidecar.OutboxRelay.Telemetry;
using Sidecar.OutboxRelay.Upkeep;

namespace Sidecar.OutboxRelay.Hosting;

/// <summary>
/// <c>/metrics</c>, <c>/livez</c> and <c>/readyz</c>. An empty builder: nothing in the environment (ASPNETCORE_URLS and
/// the like, which are the application's) changes where it listens.
/// </summary>
public static class MetricsPort
{
    private const string Text = "text/plain; charset=utf-8";
    private const string Exposition = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>The loop comes round at least every few seconds; after so long a silence it hangs.</summary>
    public static readonly TimeSpan HangsAfter = TimeSpan.FromMinutes(1);

    /// <summary>Builds the port; it listens once it is started.</summary>
    public static WebApplication Build(ProgramOptions options, RelayTelemetry telemetry)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(telemetry.Logs);
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            if (options.Hosting.MetricsAddress is { } address)
            {
                kestrel.Listen(new IPEndPoint(address, options.Hosting.MetricsPort), Http1);
            }
            else
            {
                kestrel.ListenAnyIP(options.Hosting.MetricsPort, Http1);
            }
        });
        if (options.Relay.Store.IsPostgres)
        {
            var meter = new PgMeter(options.Relay.Store, telemetry.Metrics, telemetry.Time);
            telemetry.Metrics.Registry.AddBeforeCollectCallback(_ => meter.MeasureAsync());
        }
        else
        {
            telemetry.Metrics.Registry.AddBeforeCollectCallback(() => Measure(options.Relay.Store, telemetry.Metrics));
        }

        var app = builder.Build();
        app.Run(context => AnswerAsync(context, telemetry));
        return app;
    }

    private static void Http1(ListenOptions listen) => listen.Protocols = HttpProtocols.Http1;

    private static void Measure(StoreOptions options, RelayMetrics metrics)
    {
        if (SqliteBacklog.Measure(options) is { } backlog)
        {
            metrics.PendingRecords.Set(backlog.Pending);
            metrics.OldestPending.Set(backlog.OldestCreatedMs / 1000.0);
            metrics.HeldRecords.Set(backlog.Held);
        }
    }

    private static Task AnswerAsync(HttpContext context, RelayTelemetry telemetry) => context.Request.Path.Value switch
    {
        "/metrics" => MetricsAsync(context, telemetry),
        "/livez" => LiveAsync(context, telemetry.State),
        "/readyz" => ReadyAsync(context, telemetry.State),
        _ => WriteAsync(context, StatusCodes.Status404NotFound, "there are /metrics, /livez and /readyz\n"),
    };

    private static async Task MetricsAsync(HttpContext context, RelayTelemetry telemetry)
    {
        context.Response.ContentType = Exposition;
        await telemetry.Metrics.Registry.CollectAndExportAsTextAsync(context.Response.Body, context.RequestAborted);
    }

    private static Task LiveAsync(HttpContext context, RelayState state) => state.SinceTick < HangsAfter
        ? WriteAsync(context, StatusCodes.Status200OK, "live\n")
        : WriteAsync(
            context, StatusCodes.Status503ServiceUnavailable,
            $"the relay's loop has not come round for {state.SinceTick.TotalSeconds:F0} s\n");

    /// <summary>
    /// Ready means: configured and running. A sidecar's readiness is the whole pod's, so what the relay waits for is said
    /// here, and does not take the application's own traffic away.
    /// </summary>
    private static Task ReadyAsync(HttpContext context, RelayState state)
    {
        var text = state.NotReady is { Count: > 0 } reasons ? $"ready; waiting for\n{string.Join('\n', reasons)}\n"
            : state.StandsBy is { } lease ? $"ready; standing by: {lease}\n"
            : "ready\n";
        return WriteAsync(context, StatusCodes.Status200OK, text);
    }

    private static Task WriteAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = Text;
        return context.Response.WriteAsync(text);
    }
}
