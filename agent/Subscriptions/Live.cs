namespace Sidecar.Agent.Subscriptions;

/// <summary>What becomes of an edit of a field while the agent runs. A closed set.</summary>
internal enum Live
{
    /// <summary>It is noted, and in force after a restart of the process.</summary>
    Restart,

    /// <summary>Its subscription alone finishes what is in flight, leaves its partitions and begins anew.</summary>
    Anew,

    /// <summary>It is in force at once, and what is in flight stays.</summary>
    AtOnce,

    /// <summary>The edit is refused as a whole: topics and groups are named by it.</summary>
    Refused,
}

/// <summary>The same for people.</summary>
internal static class LiveWords
{
    /// <summary>One or two words.</summary>
    public static string Of(Live live) => live switch
    {
        Live.Restart => "restart",
        Live.Anew => "anew",
        Live.AtOnce => "at once",
        Live.Refused => "refused",
    };
}
