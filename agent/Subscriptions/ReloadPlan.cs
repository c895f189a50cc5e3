namespace Sidecar.Agent.Subscriptions;

/// <summary>What an edit asks of a subscription. A closed set.</summary>
public enum SubscriptionChange
{
    /// <summary>It is new.</summary>
    Add,

    /// <summary>It is gone: it finishes what is in flight and is let go.</summary>
    Remove,

    /// <summary>Something changed that it is built of: it is let go as if it were gone, and begins anew.</summary>
    Anew,

    /// <summary>Other values for fields that can change while it runs: what is in flight stays.</summary>
    Adjust,
}

/// <summary>One step of a <see cref="ReloadPlan"/>.</summary>
/// <param name="Subscription">Its name.</param>
/// <param name="Change">What becomes of it.</param>
/// <param name="Fields">The fields that differ; empty where it comes or goes as a whole.</param>
public sealed record SubscriptionStep(string Subscription, SubscriptionChange Change, IReadOnlyList<string> Fields);

/// <summary>The way from the configuration in force to an edited one. Pure: it is made of the two, and says nothing of time.</summary>
public sealed class ReloadPlan
{
    private ReloadPlan()
    {
    }

    /// <summary>What is to be done with subscriptions, in the order of their names. One that stays as it is has no step.</summary>
    public required IReadOnlyList<SubscriptionStep> Steps { get; init; }

    /// <summary>The level that is logged from now on; null: as before.</summary>
    public required string? LogLevel { get; init; }

    /// <summary>Settings of the process that differ from those it was started with, and wait for a restart.</summary>
    public required IReadOnlyList<string> NeedRestart { get; init; }

    /// <summary>Why the edit cannot be taken over, not even in part; empty: it can.</summary>
    public required IReadOnlyList<string> Refused { get; init; }

    /// <summary>What leads from one configuration to another.</summary>
    /// <param name="started">What the process was started with.</param>
    /// <param name="running">What is in force.</param>
    /// <param name="wanted">What was edited; without errors of its own.</param>
    public static ReloadPlan Between(AgentOptions started, AgentOptions running, AgentOptions wanted)
    {
        var steps = new List<SubscriptionStep>();
        var names = running.Subscriptions.Concat(wanted.Subscriptions).Select(one => one.Name);
        foreach (var name in names.Distinct().Order(StringComparer.Ordinal))
        {
            var (from, to) = (Find(running, name), Find(wanted, name));
            if (to is null || from is null)
            {
                steps.Add(new SubscriptionStep(name, to is null ? SubscriptionChange.Remove : SubscriptionChange.Add, []));
            }
            else if (Between(from, to) is { } step)
            {
                steps.Add(step);
            }
        }

        var fields = ProcessFields.Of(started, wanted).Where(field => field.Show(started) != field.Show(wanted)).ToList();
        return new ReloadPlan
        {
            Steps = steps,
            LogLevel = running.LogLevel == wanted.LogLevel ? null : wanted.LogLevel,
            NeedRestart = [.. fields.Where(field => field.Live == Live.Restart).Select(field => field.Name)],
            Refused = [.. fields.Where(field => field.Live == Live.Refused).Select(Refusal), .. NoPort(started, wanted)],
        };
    }

    /// <summary>What leads from a subscription as it runs to the same as it is wanted; null: nothing differs.</summary>
    public static SubscriptionStep? Between(SubscriptionOptions running, SubscriptionOptions wanted)
    {
        var fields = SubscriptionFields.All.Where(field => field.Show(running) != field.Show(wanted)).ToList();
        if (fields.Count == 0)
        {
            return null;
        }

        // Dead letters need a writer, which a subscription is built with or without.
        var isAdjusted = fields.TrueForAll(field => field.Live == Live.AtOnce)
            && running.Delivery.WritesLetters == wanted.Delivery.WritesLetters;
        return new SubscriptionStep(
            wanted.Name, isAdjusted ? SubscriptionChange.Adjust : SubscriptionChange.Anew, [.. fields.Select(field => field.Name)]);
    }

    /// <summary>
    /// Takes the values of all fields over that can change while a subscription runs. They are read for every event anew: the
    /// caller holds the lock under which that is done.
    /// </summary>
    public static void Adjust(SubscriptionOptions running, SubscriptionOptions wanted)
    {
        foreach (var field in SubscriptionFields.All.Where(field => field.Live == Live.AtOnce))
        {
            field.Copy(wanted, running);
        }
    }

    private static SubscriptionOptions? Find(AgentOptions options, string name) => options.Subscriptions.Find(one => one.Name == name);

    private static string Refusal(Field<AgentOptions> field) =>
        $"{field.Name}: the group and the topics of the agent are named by it, and it cannot change while the agent runs. "
        + "Undo the edit, or start the pod anew";

    /// <summary>The port at which a handler extends its deadline is opened at the start, where somebody needs it.</summary>
    private static IEnumerable<string> NoPort(AgentOptions started, AgentOptions wanted)
    {
        if (started.Subscriptions.Exists(HasMaxDeadline) || wanted.Subscriptions.Find(HasMaxDeadline) is not { } first)
        {
            return [];
        }

        return
        [
            $"subscription.{first.Name}.max-deadline: the agent was started without any, and so without the port for it. "
            + "Undo the edit, or start the pod anew",
        ];
    }

    private static bool HasMaxDeadline(SubscriptionOptions subscription) => subscription.Delivery.MaxDeadline is not null;
}
