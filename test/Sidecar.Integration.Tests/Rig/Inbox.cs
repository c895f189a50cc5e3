using System.Globalization;
using System.Text;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Sidecar.Delivery.V1;
using Sidecar.TestKit;
using Sidecar.TestKit.Apps;

namespace Sidecar.Integration.Tests.Rig;

/// <summary>
/// An application that keeps what it was given. It takes every event and says so, unless <see cref="Otherwise"/> knows
/// better; it can go away and come back at the same address.
/// </summary>
internal sealed class Inbox(string address) : IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly List<Event> taken = [];
    private readonly List<Event> seen = [];
    private readonly HashSet<(string, int, long)> different = [];
    private MisbehavingApp? app;

    /// <summary>Starts one on a free port.</summary>
    public static async Task<Inbox> StartAsync()
    {
        var inbox = new Inbox(MisbehavingApp.FreeAddress());
        await inbox.ComeAsync();
        return inbox;
    }

    public string Address => address;

    /// <summary>What was taken, by key and sequence.</summary>
    public Ledger Ledger { get; } = new();

    /// <summary>What is done with an event instead of taking it; null: it is taken.</summary>
    public Func<Event, RequestDelegate?> Otherwise { get; set; } = _ => null;

    /// <summary>What an event that was taken waits for before the answer.</summary>
    public Func<Event, Task> BeforeAnswer { get; set; } = _ => Task.CompletedTask;

    /// <summary>Events that were taken, repeats included, in order of the answers.</summary>
    public IReadOnlyList<Event> Taken
    {
        get
        {
            lock (gate) return [.. taken];
        }
    }

    /// <summary>Every event of every call, whatever became of it, in order of arrival.</summary>
    public IReadOnlyList<Event> Seen
    {
        get
        {
            lock (gate) return [.. seen];
        }
    }

    /// <summary>How many were taken.</summary>
    public int Count
    {
        get
        {
            lock (gate) return taken.Count;
        }
    }

    /// <summary>What it says of its health; null: it does not know the question.</summary>
    public HealthDesk? Health { get; set; }

    public async Task ComeAsync()
    {
        app = await MisbehavingApp.StartAsync(address);
        if (Health is { } desk) app.Health = desk.AnswerAsync;
        app.Handler = AnswerAsync;
    }

    public async Task GoAsync()
    {
        if (app is null) return;
        await app.StopAsync();
        await app.DisposeAsync();
        app = null;
    }

    /// <summary>Waits until so many different events were taken.</summary>
    public Task HasAsync(int count, TimeSpan timeout) => Until.TrueAsync(
        () => Different >= count, timeout, $"{count} different events were taken");

    /// <summary>Different events that were taken.</summary>
    public int Different
    {
        get
        {
            lock (gate) return different.Count;
        }
    }

    public async ValueTask DisposeAsync() => await GoAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        const int PrefixBytes = 5;
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        if (body.Length < PrefixBytes) return;
        var delivered = DeliverRequest.Parser.ParseFrom(body.GetBuffer(), PrefixBytes, (int)body.Length - PrefixBytes)
            .Event;
        lock (gate) seen.Add(delivered);
        // Whoever answers reads the call again.
        body.Position = 0;
        context.Request.Body = body;
        if (Otherwise(delivered) is { } answer)
        {
            await answer(context);
            return;
        }

        await BeforeAnswer(delivered);
        Take(delivered);
        await Answers.Ok()(context);
    }

    private void Take(Event delivered)
    {
        lock (gate)
        {
            taken.Add(delivered);
            different.Add((delivered.Position.Topic, delivered.Position.Partition, delivered.Position.Offset));
        }

        if (delivered.HasKey && long.TryParse(Text(delivered.Data), CultureInfo.InvariantCulture, out var sequence))
            Ledger.Deliver(Text(delivered.Key), sequence);
    }

    private static string Text(ByteString bytes) => Encoding.UTF8.GetString(bytes.Span);
}
