using System.Net;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Sidecar.LoadTest.Trouble;

/// <summary>
/// An application that answers each event as it is told to, counts what it took, and can go away and come back. Events
/// that it answers with OK are in the tally; a null instead of a status means that it never answers.
/// </summary>
internal sealed class TroubledApp(string address, Tally tally, Func<int, ValueTask<StatusCode?>> handle) : IAsyncDisposable
{
    private static readonly byte[] EmptyMessage = new byte[5];

    private WebApplication? web;
    private int inFlight;
    private int peak;

    /// <summary>What it took.</summary>
    public Tally Tally => tally;

    /// <summary>Deliveries that it has and has not answered.</summary>
    public int InFlight => Volatile.Read(ref inFlight);

    /// <summary>The most that it had at a time since this was asked last.</summary>
    public int TakePeak() => Interlocked.Exchange(ref peak, InFlight);

    /// <summary>Begins to listen.</summary>
    public async Task ComeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.Http2.MaxStreamsPerConnection = 10_000;
            kestrel.Listen(IPEndPoint.Parse(address), listen => listen.Protocols = HttpProtocols.Http2);
        });
        web = builder.Build();
        web.Run(AnswerAsync);
        await web.StartAsync();
    }

    /// <summary>Goes away at once, whatever it has in its hands.</summary>
    public async Task GoAsync()
    {
        if (web is not { } gone) return;
        web = null;
        await gone.StopAsync(new CancellationToken(canceled: true));
        await gone.DisposeAsync();
    }

    public async ValueTask DisposeAsync() => await GoAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        if (context.Request.Path.StartsWithSegments("/grpc.health.v1.Health", StringComparison.Ordinal))
        {
            Say(context, StatusCode.Unimplemented);
            return;
        }

        var now = Interlocked.Increment(ref inFlight);
        for (var before = Volatile.Read(ref peak); now > before; before = Volatile.Read(ref peak))
        {
            if (Interlocked.CompareExchange(ref peak, now, before) == before) break;
        }

        try
        {
            var index = await ReadAsync(context);
            if (await handle(index) is { } status) await EndAsync(context, index, status);
            else await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            context.Abort();
        }
        finally
        {
            Interlocked.Decrement(ref inFlight);
        }
    }

    private async Task EndAsync(HttpContext context, int index, StatusCode status)
    {
        if (status != StatusCode.OK)
        {
            Say(context, status);
            return;
        }

        tally.Count(index);
        context.Response.ContentType = "application/grpc";
        context.Response.AppendTrailer("grpc-status", "0");
        await context.Response.BodyWriter.WriteAsync(EmptyMessage, context.RequestAborted);
    }

    private static void Say(HttpContext context, StatusCode status)
    {
        context.Response.ContentType = "application/grpc";
        context.Response.Headers["grpc-status"] = $"{(int)status}";
        context.Response.Headers["grpc-message"] = "as it was told to";
    }

    private static async ValueTask<int> ReadAsync(HttpContext context)
    {
        var body = context.Request.BodyReader;
        var read = await body.ReadAsync(context.RequestAborted);
        while (!read.IsCompleted)
        {
            body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            read = await body.ReadAsync(context.RequestAborted);
        }

        var index = Mark.Find(read.Buffer);
        body.AdvanceTo(read.Buffer.End);
        return index;
    }
}
