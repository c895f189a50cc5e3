using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Sidecar.Agent.Operating;

namespace Sidecar.Agent.Hosting;

/// <summary>
/// The port for people in the pod: loopback alone. It shows what the agent is at, and pauses and resumes subscriptions.
/// </summary>
internal sealed class AdminEndpoints(OperatorDesk desk)
{
    /// <summary>The largest request that is read, in bytes.</summary>
    private const int MaxRequestBytes = 16 * 1024;

    private const string Json = "application/json";

    public Task AnswerAsync(HttpContext context)
    {
        var isPost = HttpMethods.IsPost(context.Request.Method);
        return context.Request.Path.Value switch
        {
            "/status" when HttpMethods.IsGet(context.Request.Method) =>
                SayAsync(context, StatusCodes.Status200OK, desk.Status(), OperatingJson.Default.StatusDocument),
            "/pause" when isPost => ActAsync(context, desk.Pause),
            "/resume" when isPost => ActAsync(context, desk.Resume),
            _ => SayAsync(
                context,
                StatusCodes.Status404NotFound,
                new PauseAnswer(false, "there are GET /status, POST /pause and POST /resume"),
                OperatingJson.Default.PauseAnswer),
        };
    }

    private static async Task ActAsync(HttpContext context, Func<PauseRequest, PauseAnswer> act)
    {
        // A page in a browser on this machine cannot send this type without being asked for leave first.
        var isJson = context.Request.ContentType?.StartsWith(Json, StringComparison.OrdinalIgnoreCase) == true;
        var answer = isJson && await ReadAsync(context) is { } request
            ? act(request)
            : new PauseAnswer(false, $"send {Json}: subscription, who, reason");
        var status = answer.Done ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest;
        await SayAsync(context, status, answer, OperatingJson.Default.PauseAnswer);
    }

    private static async Task<PauseRequest?> ReadAsync(HttpContext context)
    {
        if (context.Request.ContentLength is null or > MaxRequestBytes)
        {
            return null;
        }

        try
        {
            return await JsonSerializer.DeserializeAsync(
                context.Request.Body, OperatingJson.Default.PauseRequest, context.RequestAborted);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static async Task SayAsync<T>(HttpContext context, int status, T what, JsonTypeInfo<T> type)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = Json;
        await JsonSerializer.SerializeAsync(context.Response.Body, what, type, context.RequestAborted);
    }
}
