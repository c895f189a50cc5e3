using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Sidecar.Agent.Operating;

namespace Sidecar.Agent.Hosting;

/// <summary>
/// The port for people in the pod: loopback alone. It shows what the agent is at, and pauses and resumes subscriptions.
/// </summary>
internal sealed class AdminEndpoints(OperatorDesk desk, Func<Task> drain)
{
    /// <summary>The largest request that is read, in bytes.</summary>
    private const int MaxRequestBytes = 16 * 1024;

    private const string Json = "application/json";

    // A page whose own name was made to lead here would pass for one of this machine.
    private static readonly string[] Hosts = ["127.0.0.1", "localhost", "[::1]"];

    public Task AnswerAsync(HttpContext context)
    {
        if (!Hosts.Contains(context.Request.Host.Host))
        {
            return SayAsync(
                context, StatusCodes.Status403Forbidden, new PauseAnswer(false, "only this machine is answered"),
                OperatingJson.Default.PauseAnswer);
        }

        var isPost = HttpMethods.IsPost(context.Request.Method);
        return context.Request.Path.Value switch
        {
            "/status" when HttpMethods.IsGet(context.Request.Method) =>
                SayAsync(context, StatusCodes.Status200OK, desk.Status(), OperatingJson.Default.StatusDocument),
            "/pause" when isPost => ActAsync(context, desk.Pause),
            "/resume" when isPost => ActAsync(context, desk.Resume),
            "/drain" when isPost => DrainAsync(context),
            _ => SayAsync(
                context,
                StatusCodes.Status404NotFound,
                new PauseAnswer(false, "there are GET /status, POST /pause, POST /resume and POST /drain"),
                OperatingJson.Default.PauseAnswer),
        };
    }

    /// <summary>Answers when the agent has drained; whoever hangs up before that changes nothing about it.</summary>
    private async Task DrainAsync(HttpContext context)
    {
        var isJson = context.Request.ContentType?.StartsWith(Json, StringComparison.OrdinalIgnoreCase) == true;
        if (isJson)
        {
            await drain().WaitAsync(context.RequestAborted);
        }

        await SayAsync(
            context,
            isJson ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest,
            new PauseAnswer(isJson, isJson ? "drained: the group is left" : $"send {Json}"),
            OperatingJson.Default.PauseAnswer);
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
