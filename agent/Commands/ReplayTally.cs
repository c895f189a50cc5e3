using Sidecar.Agent.DeadLetter;

namespace Sidecar.Agent.Commands;

/// <summary>What became of the letters of one replay.</summary>
internal sealed class ReplayTally
{
    /// <summary>Different reasons that are named; the others are summed up.</summary>
    public const int MaxReasons = 20;

    /// <summary>Letters that cannot be replayed and are named.</summary>
    public const int MaxNamed = 10;

    /// <summary>Different reasons that are counted apart: an application may write another one each time.</summary>
    private const int MaxCounted = 10_000;

    private static readonly string[] Heading = ["LETTERS", "OUTCOME", "REASON"];

    private readonly Dictionary<(string Outcome, string Reason), long> reasons = [];
    private readonly List<string> named = [];
    private long uncounted;
    private long repeated;
    private long others;
    private long impossible;

    /// <summary>Events that are in the retry topic, or would be.</summary>
    public long Replayed { get; private set; }

    /// <summary>Why it ended before its end; null: it did not.</summary>
    public string? Failure { get; set; }

    /// <summary>All that was meant is replayed now.</summary>
    public bool IsWhole => Failure is null && impossible == 0;

    /// <summary>The event of a letter is in the retry topic, or would be.</summary>
    public void Replays(Letter letter)
    {
        Replayed++;
        var reason = (letter.Outcome, letter.Reason);
        if (reasons.Count < MaxCounted || reasons.ContainsKey(reason))
        {
            reasons[reason] = reasons.GetValueOrDefault(reason) + 1;
        }
        else
        {
            uncounted++;
        }
    }

    /// <summary>A letter is left where it is.</summary>
    public void PassesOver(Letter letter, ReplayTurn turn, string problem)
    {
        repeated += turn == ReplayTurn.Repeated ? 1 : 0;
        others += turn == ReplayTurn.Others ? 1 : 0;
        impossible += turn == ReplayTurn.Impossible ? 1 : 0;
        if (turn == ReplayTurn.Impossible && named.Count < MaxNamed)
        {
            named.Add($"{letter.Position.Partition}/{letter.Position.Offset} cannot be replayed: {problem}");
        }
    }

    /// <summary>Prints it, the most frequent reasons first.</summary>
    public void Write(TextWriter output, string topic, bool isDry)
    {
        var byCount = reasons.OrderByDescending(reason => reason.Value).ThenBy(reason => reason.Key).ToList();
        if (byCount.Count > 0)
        {
            var rest = byCount.Skip(MaxReasons).Sum(reason => reason.Value) + uncounted;
            TextTable.Write(output, [
                Heading,
                .. byCount.Take(MaxReasons).Select(reason => new[] { $"{reason.Value}", reason.Key.Outcome, reason.Key.Reason }),
                .. rest > 0 ? new[] { new[] { $"{rest}", "", "(other reasons)" } } : [],
            ]);
        }

        named.ForEach(output.WriteLine);
        output.WriteLine($"{Replayed} {(isDry ? "would be" : "are")} replayed into {topic}; left where they are: {repeated} that were "
            + $"replayed before or are there twice, {others} of others, {impossible} that cannot be replayed");
    }
}
