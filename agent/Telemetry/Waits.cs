using Microsoft.Extensions.Logging;
using Prometheus;

namespace Sidecar.Agent.Telemetry;

/// <summary>
/// What the agent waits for, in words: said in the log once and on every change, and at any time in `/readyz` and in the
/// metric `sidecar_waiting`. Any thread may report.
/// </summary>
public sealed class Waits(ILogger<Waits> logger, Gauge gauge)
{
    /// <summary>What stands before a topic that is waited for.</summary>
    public const string TopicPrefix = "topic:";

    private readonly Lock guard = new();
    private readonly SortedDictionary<string, string> reasons = new(StringComparer.Ordinal);

    /// <summary>Everything that is waited for now, each as "what: why".</summary>
    public IReadOnlyList<string> Current
    {
        get
        {
            lock (guard)
            {
                return [.. reasons.Select(wait => $"{wait.Key}: {wait.Value}")];
            }
        }
    }

    /// <summary>The agent waits for something, for this reason.</summary>
    public void For(string what, string reason)
    {
        lock (guard)
        {
            if (reasons.TryGetValue(what, out var before) && before == reason)
            {
                return;
            }

            reasons[what] = reason;
            gauge.WithLabels(what).Set(1);
        }

        Log.Waiting(logger, what, reason);
    }

    /// <summary>It has come.</summary>
    public void Over(string what)
    {
        lock (guard)
        {
            if (!reasons.Remove(what))
            {
                return;
            }

            gauge.RemoveLabelled(what);
        }

        Log.NoLongerWaiting(logger, what);
    }

    /// <summary>Nothing that is named for the subscription, as "what:subscription", is waited for any more.</summary>
    public void Forget(string subscription)
    {
        List<string> named;
        lock (guard)
        {
            named = [.. reasons.Keys.Where(what => what.EndsWith($":{subscription}", StringComparison.Ordinal)
                && !what.StartsWith(TopicPrefix, StringComparison.Ordinal))];
        }

        named.ForEach(Over);
    }

    /// <summary>Something is waited for.</summary>
    public bool IsWaitingFor(string what)
    {
        lock (guard)
        {
            return reasons.ContainsKey(what);
        }
    }
}
