using Microsoft.Extensions.Logging;

namespace Sidecar.OutboxRelay.Publish;

/// <summary>
/// Which topics can be written, and which are waited for and why. A topic is asked for once, before its first row is
/// sent, so that a missing one is not mistaken for a refusal. Owned by the relay's loop.
/// </summary>
public sealed class TopicDirectory(KafkaPublisher publisher, ILogger<TopicDirectory> log)
{
    /// <summary>Waiting topics that are asked for again in one round.</summary>
    public const int AskedInOneRound = 16;

    private const int NamedInReason = 5;

    private readonly HashSet<string> ready = [];
    private readonly SortedDictionary<string, string> waiting = new(StringComparer.Ordinal);
    private int round;

    /// <summary>The topics that are waited for.</summary>
    public IReadOnlyCollection<string> Waiting => waiting.Keys;

    /// <summary>One sentence about all waiting topics; null: none waits.</summary>
    public string? Reason => waiting.Count switch
    {
        0 => null,
        <= NamedInReason => string.Join("; ", waiting.Select(topic => $"topic '{topic.Key}' {topic.Value}")),
        _ => string.Join("; ", waiting.Take(NamedInReason).Select(topic => $"topic '{topic.Key}' {topic.Value}")) +
            $"; and {waiting.Count - NamedInReason} more",
    };

    /// <summary>Rows of this topic stay where they are.</summary>
    public bool Waits(string topic) => waiting.ContainsKey(topic);

    /// <summary>The topic has not been asked for. (One that Kafka can never have is not asked for.)</summary>
    public bool IsNew(string topic) =>
        !ready.Contains(topic) && !waiting.ContainsKey(topic) && TopicNames.IsValid(topic);

    /// <summary>Asks again for some of the waiting topics, in turn; true: at least one can be written now.</summary>
    public async Task<bool> AskAgainAsync()
    {
        var before = waiting.Count;
        var all = waiting.Keys.ToArray();
        for (var i = 0; i < Math.Min(AskedInOneRound, all.Length); i++)
        {
            if (!await AskAsync(all[(round + i) % all.Length]))
            {
                break;
            }
        }

        round += AskedInOneRound;
        return waiting.Count < before;
    }

    /// <summary>The topic has changed: it is asked for again before its next row.</summary>
    public void Forget(string topic) => ready.Remove(topic);

    /// <summary>Any topic may have changed: each is asked for again before its next row.</summary>
    public void Forget() => ready.Clear();

    /// <summary>A topic turned out not to be there: its rows wait until it is.</summary>
    public void Lost(string topic, string reason)
    {
        ready.Remove(topic);
        waiting[topic] = $"cannot be written: {reason}";
    }

    /// <summary>Asks how the topic stands; false: Kafka did not answer, and nothing is known.</summary>
    public async Task<bool> AskAsync(string topic)
    {
        var (standing, reason) = await publisher.AskForTopicAsync(topic);
        switch (standing)
        {
            case TopicStanding.Ready:
                if (waiting.Remove(topic))
                {
                    // It may be another of this name: it is new until its next row.
                    log.TopicCame(topic);
                }
                else
                {
                    ready.Add(topic);
                }

                return true;
            case TopicStanding.Waits:
                waiting[topic] = reason;
                return true;
            case TopicStanding.NoAnswer:
                return false;
        }

        return false;
    }
}
