using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Sidecar.Agent.Hosting;

/// <summary>Tells the ports of one server apart: each connection carries the door through which it came.</summary>
internal static class Doors
{
    /// <summary>Every connection of this port is answered by what stands behind the door.</summary>
    public static void LeadsTo(this ListenOptions port, Door door) => port.Use(next => connection =>
    {
        connection.Features.Set(door);
        return next(connection);
    });

    /// <summary>Answers a request by the door of its connection.</summary>
    public static Task AnswerAsync(HttpContext context) => context.Features.Get<Door>()!.Answer(context);
}

/// <summary>What stands behind one port. Set before the server starts.</summary>
internal sealed class Door
{
    /// <summary>Answers a request.</summary>
    public RequestDelegate Answer { get; set; } = context =>
    {
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        return Task.CompletedTask;
    };
}
