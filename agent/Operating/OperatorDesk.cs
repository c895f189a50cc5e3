using Sidecar.Agent.Telemetry;

namespace Sidecar.Agent.Operating;

/// <summary>
/// What a person sees of a running agent and does with it. It reads what the line shows of itself; of the line's own
/// doings it changes only whether a subscription is paused. Any thread may call.
/// </summary>
public sealed class OperatorDesk(string group, Waits waits)
{
    private volatile IReadOnlyList<SubscriptionDesk> subscriptions = [];
    private volatile ConfigurationStatus configuration = new(null, [], []);

    /// <summary>The longest reason or name that is kept, in characters; the rest is cut off.</summary>
    public const int MaxText = 200;

    /// <summary>Everything, as it is now.</summary>
    public StatusDocument Status() => new(group, waits.Current, [.. subscriptions.Select(one => one.Status())])
    {
        Configuration = configuration,
    };

    /// <summary>The subscriptions that there are from now on.</summary>
    public void Show(IEnumerable<SubscriptionDesk> there) =>
        subscriptions = [.. there.OrderBy(one => one.Name, StringComparer.Ordinal)];

    /// <summary>What became of the last edit.</summary>
    public void Show(ConfigurationStatus now) => configuration = now;

    /// <summary>Pauses a subscription.</summary>
    public PauseAnswer Pause(PauseRequest request)
    {
        if (Find(request) is not { } found)
        {
            return Unknown(request);
        }

        var why = Bounded(request.Reason);
        if (why.Length == 0)
        {
            return new PauseAnswer(false, "say why: a pause without a reason is a riddle for whoever comes next");
        }

        found.Pause.Halt(Who(request), why);
        return new PauseAnswer(true, $"{found.Name} is paused in this pod until it is resumed, or the agent restarts");
    }

    /// <summary>Ends a pause by a person.</summary>
    public PauseAnswer Resume(PauseRequest request)
    {
        if (Find(request) is not { } found)
        {
            return Unknown(request);
        }

        var was = found.Pause.Resume(Who(request));
        return found.Pause.Configured is not null
            ? new PauseAnswer(false, $"{found.Name} is still paused by its setting: set subscription.{found.Name}.paused to false")
            : was ? new PauseAnswer(true, $"{found.Name} is resumed") : new PauseAnswer(true, $"{found.Name} was not paused");
    }

    private SubscriptionDesk? Find(PauseRequest request) => subscriptions.FirstOrDefault(one => one.Name == request.Subscription);

    private PauseAnswer Unknown(PauseRequest request) => new(
        false,
        $"there is no subscription {Bounded(request.Subscription)}. There are: {string.Join(", ", subscriptions.Select(one => one.Name))}");

    private static string Who(PauseRequest request) => Bounded(request.Who) is { Length: > 0 } who ? who : "somebody";

    /// <summary>One line without control characters: it is shown in logs and terminals.</summary>
    private static string Bounded(string? text)
    {
        var clean = new string([.. (text ?? "").Select(letter => char.IsControl(letter) ? ' ' : letter)]).Trim();
        return clean.Length <= MaxText ? clean : clean[..MaxText];
    }
}
