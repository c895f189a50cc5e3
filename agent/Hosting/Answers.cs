using System.Text;
using Microsoft.AspNetCore.Http;

namespace Sidecar.Agent.Hosting;

/// <summary>Answers in plain text.</summary>
internal static class Answers
{
    private const string Text = "text/plain; charset=utf-8";

    public static async Task SayAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = Text;
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text + "\n"), context.RequestAborted);
    }
}
