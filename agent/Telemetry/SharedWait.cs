namespace Sidecar.Agent.Telemetry;

/// <summary>
/// One wait that several have in common, such as the events that one topic does not take: it is over when what they wait for has
/// come, or when the last of them is gone. Nobody else would end it then. Any thread may report.
/// </summary>
/// <param name="waits">Where it is told.</param>
/// <param name="what">Its name there.</param>
internal sealed class SharedWait(Waits waits, string what)
{
    private readonly Lock guard = new();
    private readonly HashSet<object> waiting = new(ReferenceEqualityComparer.Instance);

    /// <summary>One of them waits, for this reason.</summary>
    public void For(object who, string reason)
    {
        lock (guard)
        {
            waiting.Add(who);
            waits.For(what, reason);
        }
    }

    /// <summary>It has come, for all of them.</summary>
    public void Over()
    {
        lock (guard)
        {
            waiting.Clear();
            waits.Over(what);
        }
    }

    /// <summary>One of them waits no longer, whether it has come or not.</summary>
    public void GiveUp(object who)
    {
        lock (guard)
        {
            if (waiting.Remove(who) && waiting.Count == 0)
            {
                waits.Over(what);
            }
        }
    }
}
