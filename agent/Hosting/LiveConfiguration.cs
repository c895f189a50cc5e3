using Microsoft.Extensions.Logging;
using Sidecar.Agent.Operating;
using Sidecar.Agent.Subscriptions;
using Sidecar.Agent.Telemetry;

namespace Sidecar.Agent.Hosting;

/// <summary>
/// Applies what operators change in the files while the agent runs: all of an edit, or nothing of it. A bad one changes nothing, and
/// is said in the log, in the metrics and in the status until it is mended. One loop.
/// </summary>
internal sealed class LiveConfiguration
{
    /// <summary>Time between two looks; an edit is applied after two that show the same.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    /// <summary>Errors of one edit that are said; of the others, how many there are.</summary>
    public const int MaxErrors = 10;

    private readonly ConfigurationSources sources;
    private readonly AgentOptions started;
    private readonly Pipeline pipeline;
    private readonly AgentTelemetry telemetry;
    private readonly ConfigurationFiles files;
    private readonly ILogger logger;
    private AgentOptions running;
    private ConfigurationStatus status;

    /// <param name="sources">Where the configuration is.</param>
    /// <param name="started">What the agent was started with.</param>
    /// <param name="pipeline">Follows the edits.</param>
    /// <param name="telemetry">Who is told what happens.</param>
    public LiveConfiguration(ConfigurationSources sources, AgentOptions started, Pipeline pipeline, AgentTelemetry telemetry)
    {
        this.sources = sources;
        this.started = started;
        this.pipeline = pipeline;
        this.telemetry = telemetry;
        files = new ConfigurationFiles(Configuration.Files(sources));
        logger = telemetry.Log<LiveConfiguration>();
        running = started;
        status = new ConfigurationStatus(telemetry.Time.GetUtcNow(), [], []);
    }

    /// <summary>Another level is logged from now on.</summary>
    public required Action<string> SetLogLevel { get; init; }

    /// <summary>Watches until it is stopped; ends otherwise only by a bug.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        telemetry.Metrics.Configuration.Good(telemetry.Time.GetUtcNow(), 0);
        pipeline.Desk.Show(status);
        using var looks = new PeriodicTimer(Interval, telemetry.Time);
        try
        {
            while (await looks.WaitForNextTickAsync(stop))
            {
                if (files.HaveChanged())
                {
                    Follow(Configuration.Load(sources));
                }

                if (await pipeline.SteerAsync(running.Subscriptions) is { } problem)
                {
                    Refuse([problem]);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The agent stops.
        }
    }

    private void Follow(ConfigurationResult result)
    {
        if (result.Resolved is not { Options: var wanted })
        {
            Refuse([.. result.Errors.Select(error => error.ToString())]);
            return;
        }

        var plan = ReloadPlan.Between(started, running, wanted);
        if (plan.Refused.Count > 0)
        {
            Refuse(plan.Refused);
            return;
        }

        if (plan.LogLevel is { } level)
        {
            SetLogLevel(level);
        }

        Tell(plan, wanted);
        foreach (var subscription in wanted.Subscriptions)
        {
            // It waits for a restart, wherever it reaches.
            subscription.DeadLetter.CreateTopics = started.CreateTopics;
        }

        running = wanted;
    }

    private void Tell(ReloadPlan plan, AgentOptions wanted)
    {
        var isMended = status.Errors.Count > 0;
        var differs = plan.Steps.Count > 0 || plan.LogLevel is not null || !plan.NeedRestart.SequenceEqual(status.NeedRestart);
        if (differs)
        {
            var steps = plan.Steps.Select(step => $"{step.Subscription}: {Words(step)}");
            var level = plan.LogLevel is null ? [] : new[] { $"log-level {plan.LogLevel}" };
            Log.Reloads(logger, string.Join("; ", [.. steps, .. level]), string.Join(", ", plan.NeedRestart));
            foreach (var warning in wanted.Warnings.Except(running.Warnings))
            {
                Log.Warned(logger, warning);
            }
        }
        else if (isMended)
        {
            Log.ReloadMended(logger);
        }

        if (differs || isMended)
        {
            Say(new ConfigurationStatus(telemetry.Time.GetUtcNow(), [], plan.NeedRestart));
        }
    }

    private void Refuse(IReadOnlyList<string> all)
    {
        IReadOnlyList<string> errors = all.Count <= MaxErrors ? all : [.. all.Take(MaxErrors), $"and {all.Count - MaxErrors} more"];
        if (errors.SequenceEqual(status.Errors))
        {
            return;
        }

        Log.ReloadRefused(logger, all.Count, string.Join("; ", errors));
        Say(status with { Errors = errors });
    }

    private void Say(ConfigurationStatus now)
    {
        status = now;
        pipeline.Desk.Show(now);
        if (now.Errors.Count > 0)
        {
            telemetry.Metrics.Configuration.Bad();
        }
        else
        {
            telemetry.Metrics.Configuration.Good(now.Since!.Value, now.NeedRestart.Count);
        }
    }

    private static string Words(SubscriptionStep step) => step.Change switch
    {
        SubscriptionChange.Add => "comes",
        SubscriptionChange.Remove => "goes",
        SubscriptionChange.Anew => $"begins anew with other {string.Join(", ", step.Fields)}",
        SubscriptionChange.Adjust => $"has other {string.Join(", ", step.Fields)}",
    };
}
