using System.Text;
using Sidecar.Agent.Dispatch;

namespace Sidecar.Agent.Tests.Dispatch;

/// <summary>
/// The ends of events as the world sees them. The first ends of a key come in order. Repeats after a kill may go back, but
/// never within one owner, except what came back from the dead letters.
/// </summary>
internal sealed class EndsSeen(IReadOnlyList<string?> source, bool isOrdered)
{
    private readonly HashSet<long> ended = [];
    private readonly Dictionary<(Dispatcher, string), long> lastEnds = [];

    /// <summary>Repeats included.</summary>
    public int Count { get; private set; }

    public int Different => ended.Count;

    /// <summary>What the application has done, or Kafka has as a dead letter. What is no event does not count.</summary>
    public void Add(Dispatcher owner, QueuedEvent queued)
    {
        if (queued.IsForeign)
        {
            return;
        }

        var (offset, key) = (queued.Record.Position.Offset, queued.Record.HasKey ? Encoding.UTF8.GetString(queued.Record.Key) : null);
        if (isOrdered && key is not null)
        {
            for (var before = 0; before < offset; before++)
            {
                Assert.That(source[before] != key || ended.Contains(before), Is.True, $"{before} of {key} ends before {offset}");
            }

            if (queued.Replays > 0)
            {
                Count++;
                return;
            }

            Assert.That(lastEnds.GetValueOrDefault((owner, key), -1), Is.LessThanOrEqualTo(offset), $"{key} goes back to {offset}");
            lastEnds[(owner, key)] = offset;
        }

        ended.Add(offset);
        Count++;
    }
}
