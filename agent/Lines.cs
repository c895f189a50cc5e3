using Sidecar.Agent.Health;
using Sidecar.Agent.Operating;
using Sidecar.Agent.Source;
using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent;

/// <summary>
/// The subscriptions that run, and the steps from those to the ones that are wanted. One that goes is kept until none of its
/// partitions is ours and its loops have ended; only then may another have its name or its topics. One caller at a time.
/// </summary>
internal sealed class Lines : IAsyncDisposable
{
    private readonly LineParts parts;
    private readonly Func<string, string> explain;
    private readonly List<Line> lines = [];
    private readonly Dictionary<Line, Leaving> leaving = [];
    private readonly Dictionary<string, Pause> commanded = new(StringComparer.Ordinal);
    private readonly Dictionary<SubscriptionOptions, string> refused = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<HealthTarget, AppHealth> apps = [];
    private readonly TaskCompletionSource broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ConsumeLoop loop = null!;
    private OperatorDesk desk = null!;
    private volatile bool stopping;

    /// <param name="parts">What they share.</param>
    /// <param name="subscriptions">Those that run from the start.</param>
    /// <param name="explain">Tells of what a Kafka client said when it could not be made where that is to be mended.</param>
    public Lines(LineParts parts, IEnumerable<SubscriptionOptions> subscriptions, Func<string, string> explain)
    {
        this.parts = parts;
        this.explain = explain;
        foreach (var subscription in subscriptions)
        {
            Build(subscription);
        }
    }

    /// <summary>What the consumer knows of them.</summary>
    public IEnumerable<TopicRoute> Routes => lines.Select(line => line.Route);

    /// <summary>Fails when a loop ends that must not end; never ends otherwise.</summary>
    public Task Broken => broken.Task;

    /// <summary>Who polls for them, and who shows them. Once, before the start.</summary>
    public void Join(ConsumeLoop consume, OperatorDesk operators)
    {
        loop = consume;
        desk = operators;
        Show();
    }

    /// <summary>Starts all of them, once.</summary>
    public void Start()
    {
        lines.ForEach(Start);
        foreach (var app in apps.Values)
        {
            Start(app);
        }
    }

    /// <summary>Takes the next step of everything that differs. Null, or why a new subscription cannot be.</summary>
    public async Task<string?> SteerAsync(IReadOnlyList<SubscriptionOptions> wanted)
    {
        foreach (var line in lines.ToList())
        {
            if (leaving.TryGetValue(line, out var way))
            {
                await FollowAsync(line, way, wanted);
            }
            else
            {
                Change(line, wanted.FirstOrDefault(one => one.Name == line.Options.Name));
            }
        }

        foreach (var gone in refused.Keys.Except(wanted).ToList())
        {
            refused.Remove(gone);
        }

        return wanted.Select(Come).FirstOrDefault(problem => problem is not null);
    }

    /// <summary>Makes the end of a task known as <see cref="Broken"/>, unless it may end.</summary>
    public async Task WatchAsync(Task part, Func<bool> mayEnd)
    {
        try
        {
            await part;
            if (!mayEnd())
            {
                broken.TrySetException(new InvalidOperationException("A loop has ended while the agent was running."));
            }
        }
        catch (Exception bug)
        {
            // Whoever runs the lines learns of it, and ends the process.
            broken.TrySetException(bug);
        }
    }

    /// <summary>Ends all loops; the group has been left.</summary>
    public async Task StopAsync()
    {
        stopping = true;
        foreach (var line in lines)
        {
            await (leaving.GetValueOrDefault(line)?.Stopped ?? line.StopAsync());
        }

        foreach (var app in apps.Values)
        {
            await app.StopAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var line in lines)
        {
            await line.DisposeAsync();
        }

        foreach (var app in apps.Values)
        {
            app.Dispose();
        }

        if (parts.Letters.IsValueCreated)
        {
            parts.Letters.Value.Dispose();
        }
    }

    private void Change(Line line, SubscriptionOptions? wanted)
    {
        var change = wanted is null ? SubscriptionChange.Remove : ReloadPlan.Between(line.Options, wanted)?.Change;
        switch (change)
        {
            case null:
                break;
            case SubscriptionChange.Adjust:
                line.Adjust(wanted!);
                break;
            case SubscriptionChange.Remove or SubscriptionChange.Anew:
                line.IsLeaving = true;
                leaving[line] = new Leaving(loop.Changes.GoAsync(line.Route));
                break;
            case SubscriptionChange.Add:
                throw new InvalidOperationException("What runs cannot come.");
        }
    }

    private async Task FollowAsync(Line line, Leaving way, IReadOnlyList<SubscriptionOptions> wanted)
    {
        if (!way.Gone.IsCompleted)
        {
            return;
        }

        way.Stopped ??= line.StopAsync();
        if (!way.Stopped.IsCompleted)
        {
            return;
        }

        await way.Stopped;
        lines.Remove(line);
        leaving.Remove(line);
        if (line.Commanded is { } pause && wanted.Any(one => one.Name == line.Options.Name))
        {
            // It only begins anew: what a person said of it holds.
            commanded[line.Options.Name] = pause;
        }

        Show();
        if (line.Health is { } health)
        {
            var (target, app) = apps.First(pair => pair.Value == line.Route.Health);
            if (!app.Remove(health))
            {
                apps.Remove(target);
                await app.StopAsync();
                app.Dispose();
            }
        }

        await line.DisposeAsync();
        parts.Telemetry.Metrics.Forget(line.Options.Name);
        parts.Telemetry.Waits.Forget(line.Options.Name);
    }

    /// <summary>Begins a subscription that is wanted and not there, when nobody has its name or its topics any more.</summary>
    private string? Come(SubscriptionOptions wanted)
    {
        if (refused.TryGetValue(wanted, out var before))
        {
            return before;
        }

        if (lines.Exists(line => line.Options.Name == wanted.Name || line.Options.Topics.Intersect(wanted.Topics).Any()))
        {
            return null;
        }

        try
        {
            var line = Build(wanted);
            Start(line);
            if (line.Route.Health is { } app && app.Completion.IsCompleted)
            {
                Start(app);
            }

            loop.Changes.Come(line.Route);
            Show();
            return null;
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            // A Kafka client that it needs, and no other did, is refused: the others go on.
            return refused[wanted] = $"subscription.{wanted.Name}: {explain(error.Message)}. Then start the pod anew";
        }
    }

    private Line Build(SubscriptionOptions subscription)
    {
        var line = new Line(subscription, parts);
        commanded.Remove(subscription.Name, out var pause);
        line.Hold(pause);
        if (subscription.Health.Mode != HealthMode.Off)
        {
            line.Heed(HealthOf(new HealthTarget(subscription.Delivery.AppAddress, subscription.Health)));
        }

        lines.Add(line);
        return line;
    }

    /// <summary>One application is asked once, however many subscriptions deliver to it.</summary>
    private AppHealth HealthOf(HealthTarget target)
    {
        if (!apps.TryGetValue(target, out var health))
        {
            apps[target] = health = new AppHealth(target, parts.Telemetry);
        }

        return health;
    }

    private void Start(Line line)
    {
        line.Start();
        foreach (var part in line.Loops)
        {
            _ = WatchAsync(part, () => stopping || line.IsLeaving);
        }
    }

    private void Start(AppHealth app)
    {
        app.Start();
        _ = WatchAsync(app.Completion, () => true);
    }

    private void Show() => desk.Show([.. lines.Select(line => line.Desk(loop))]);

    private sealed class Leaving(Task gone)
    {
        /// <summary>None of its partitions is ours.</summary>
        public Task Gone { get; } = gone;

        /// <summary>Its loops have ended; null: nobody has told them to.</summary>
        public Task? Stopped { get; set; }
    }
}
