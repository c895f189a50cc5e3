using System.Text;
using Microsoft.AspNetCore.Http;
using Prometheus;
using Sidecar.Agent.Telemetry;

namespace Sidecar.Agent.Hosting;

/// <summary>The port that the pod's network may read: metrics and health. It changes nothing and shows no event.</summary>
internal sealed class Endpoints(AgentTelemetry telemetry)
{
    private const string Text = "text/plain; charset=utf-8";
    private const string OpenMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    public Task AnswerAsync(HttpContext context)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            return SayAsync(context, StatusCodes.Status405MethodNotAllowed, "only GET");
        }

        return context.Request.Path.Value switch
        {
            "/metrics" => MetricsAsync(context),
            "/livez" => telemetry.Heartbeat.IsAlive
                ? SayAsync(context, StatusCodes.Status200OK, "live")
                : SayAsync(context, StatusCodes.Status503ServiceUnavailable, "the consume loop does not turn"),
            "/readyz" => ReadyAsync(context),
            _ => SayAsync(context, StatusCodes.Status404NotFound, "there are /metrics, /livez and /readyz"),
        };
    }

    /// <summary>
    /// Ready means: configured and running. A sidecar's readiness is the whole pod's, so what the agent waits for is said
    /// here, and does not take the application's own traffic away.
    /// </summary>
    private Task ReadyAsync(HttpContext context)
    {
        var waits = telemetry.Waits.Current;
        var text = waits.Count == 0 ? "ready" : $"ready; waiting for\n{string.Join('\n', waits)}";
        return SayAsync(context, StatusCodes.Status200OK, text);
    }

    private async Task MetricsAsync(HttpContext context)
    {
        var asksOpenMetrics = context.Request.Headers.Accept.ToString().Contains("application/openmetrics-text", StringComparison.Ordinal);
        context.Response.ContentType = asksOpenMetrics ? OpenMetrics : "text/plain; version=0.0.4; charset=utf-8";
        var format = asksOpenMetrics ? ExpositionFormat.OpenMetricsText : ExpositionFormat.PrometheusText;
        await telemetry.Metrics.Registry.CollectAndExportAsTextAsync(context.Response.Body, format, context.RequestAborted);
    }

    private static async Task SayAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = Text;
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text + "\n"), context.RequestAborted);
    }
}
