using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Sidecar.LoadTest;

/// <summary>
/// An application that costs next to nothing: it answers every gRPC call with an empty message, reads no more of the
/// request than the mark, and counts. It runs as a process of its own (<c>loadtest consumer</c>) and says once a second
/// what it has, and once more when it has everything.
/// </summary>
internal static class LightConsumer
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly byte[] EmptyMessage = new byte[5];

    /// <param name="address"><c>127.0.0.1:port</c>, or <c>unix:/path</c>.</param>
    /// <param name="events">How many different events will come.</param>
    /// <param name="keys">How many keys they have.</param>
    public static async Task<int> RunAsync(string address, int events, int keys)
    {
        var tally = new Tally(events, keys);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.Http2.MaxStreamsPerConnection = 10_000;
            if (address.StartsWith("unix:", StringComparison.Ordinal))
                kestrel.ListenUnixSocket(address["unix:".Length..], listen => listen.Protocols = HttpProtocols.Http2);
            else kestrel.Listen(System.Net.IPEndPoint.Parse(address), listen => listen.Protocols = HttpProtocols.Http2);
        });
        await using var app = builder.Build();
        app.Run(context => AnswerAsync(context, tally));
        await app.StartAsync();
        Console.WriteLine("listening");
        await ReportAsync(tally, app.Lifetime.ApplicationStopping);
        await app.WaitForShutdownAsync();
        return 0;
    }

    private static async Task AnswerAsync(HttpContext context, Tally tally)
    {
        var body = context.Request.BodyReader;
        var read = await body.ReadAsync();
        while (!read.IsCompleted)
        {
            body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            read = await body.ReadAsync();
        }

        tally.Count(Mark.Find(read.Buffer));
        body.AdvanceTo(read.Buffer.End);
        context.Response.ContentType = "application/grpc";
        context.Response.AppendTrailer("grpc-status", "0");
        await context.Response.BodyWriter.WriteAsync(EmptyMessage);
    }

    private static async Task ReportAsync(Tally tally, CancellationToken stop)
    {
        var wasComplete = false;
        using var timer = new PeriodicTimer(Interval, TimeProvider.System);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                Report(wasComplete ? "after" : "so far", tally);
                if (wasComplete || !tally.IsComplete) continue;
                Report("complete", tally);
                wasComplete = true;
            }
        }
        catch (OperationCanceledException)
        {
            Report("final", tally);
        }
    }

    private static void Report(string word, Tally tally)
    {
        var table = tally.Table;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{word}|{table.Expected}|{table.Delivered}|{table.Missing}|{table.Duplicates}|{table.OutOfOrder}|"
            + $"{table.Unexpected}|{tally.Elapsed.TotalSeconds:F3}"));
    }
}
