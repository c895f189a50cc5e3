using Microsoft.AspNetCore.Http;
using Prometheus;
using Sidecar.Agent.Telemetry;

namespace Sidecar.Agent.Hosting;

/// <summary>The port that the pod's network may read: metrics and health. It changes nothing and shows no event.</summary>
internal sealed class Endpoints(AgentTelemetry telemetry, ReadinessGate gate)
{
    private const string OpenMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    public Task AnswerAsync(HttpContext context)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            return Answers.SayAsync(context, StatusCodes.Status405MethodNotAllowed, "only GET");
        }

        return context.Request.Path.Value switch
        {
            "/metrics" => MetricsAsync(context),
            "/livez" => telemetry.Heartbeat.IsAlive
                ? Answers.SayAsync(context, StatusCodes.Status200OK, "live")
                : Answers.SayAsync(context, StatusCodes.Status503ServiceUnavailable, "the consume loop does not turn"),
            "/readyz" => ReadyAsync(context),
            _ => Answers.SayAsync(context, StatusCodes.Status404NotFound, "there are /metrics, /livez and /readyz"),
        };
    }

    /// <summary>
    /// Ready means: configured and running, unless a gate says more. A sidecar's readiness is the whole pod's, so what the
    /// agent waits for is said here, and does not take the application's own traffic away.
    /// </summary>
    private Task ReadyAsync(HttpContext context)
    {
        var waits = telemetry.Waits.Current;
        var (notReady, drain) = (telemetry.Life.NotReady(gate), telemetry.Life.DrainState);
        var state = notReady ?? (drain is null ? "ready" : $"ready; {drain}");
        var text = waits.Count == 0 ? state : $"{state}; waiting for\n{string.Join('\n', waits)}";
        return Answers.SayAsync(
            context, notReady is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, text);
    }

    private async Task MetricsAsync(HttpContext context)
    {
        var asksOpenMetrics = context.Request.Headers.Accept.ToString().Contains("application/openmetrics-text", StringComparison.Ordinal);
        context.Response.ContentType = asksOpenMetrics ? OpenMetrics : "text/plain; version=0.0.4; charset=utf-8";
        var format = asksOpenMetrics ? ExpositionFormat.OpenMetricsText : ExpositionFormat.PrometheusText;
        await telemetry.Metrics.Registry.CollectAndExportAsTextAsync(context.Response.Body, format, context.RequestAborted);
    }
}
