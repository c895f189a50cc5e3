using Sidecar.OutboxRelay.Contracts;

namespace Sidecar.OutboxRelay.Publish;

/// <summary>What the search for refused records came to.</summary>
/// <param name="Done">Ids that were acknowledged on the way, ascending.</param>
/// <param name="Held">Rows that were refused alone, and rows behind them, ascending.</param>
/// <param name="Complete">
/// False: the search was cut short, and the rows that are in neither list stand as they did.
/// </param>
public sealed record BisectionResult(IReadOnlyList<long> Done, IReadOnlyList<HeldRow> Held, bool Complete);

/// <summary>
/// A broker refuses a batch as a whole. This finds the records that it refuses alone, by sending ever smaller parts in
/// order, each after the one before it was answered.
/// </summary>
public static class Bisection
{
    /// <param name="suspects">The rows of the refused batch with their records, by id.</param>
    /// <param name="sendAlone">Sends a part and waits for its end; false: the search must stop.</param>
    /// <param name="policy">Whether later rows of a refused row's key are held behind it.</param>
    public static async Task<BisectionResult> RunAsync(
        IReadOnlyList<OutgoingRecord> suspects, Func<IReadOnlyList<OutgoingRecord>, Task<bool>> sendAlone,
        OnRefused policy = OnRefused.Hold)
    {
        var done = new List<long>();
        var held = new List<HeldRow>();
        var keys = new HeldKeys();
        var parts = new Stack<OutgoingRecord[]>();
        var complete = true;

        // The batch has been refused already: it begins with its halves. One record alone is sent alone all the same: the
        // others of its batch may not have been reported yet, and nobody is held on suspicion.
        Push([.. suspects]);
        while (complete && parts.TryPop(out var part))
        {
            held.AddRange(part.Where(record => keys.Contains(record.Row))
                .Select(record => new HeldRow(record.Row.Id, HeldKind.Behind, HeldReasons.Behind)));
            part = [.. part.Where(record => !keys.Contains(record.Row))];
            complete = await sendAlone(part);
            done.AddRange(part.Where(r => r.End == RecordEnd.Acknowledged).Select(r => r.Row.Id));
            OutgoingRecord[] left = [.. part.Where(record => record.End != RecordEnd.Acknowledged)];
            if (left.Any(record => record.End == RecordEnd.Refused))
            {
                if (part.Length == 1)
                {
                    held.Add(new HeldRow(left[0].Row.Id, HeldKind.Refused, $"refused by Kafka: {left[0].Error}"));
                    if (policy == OnRefused.Hold)
                    {
                        keys.Add(left[0].Row);
                    }
                }
                else
                {
                    Push(left);
                }
            }
            else
            {
                complete &= left.Length == 0;
            }
        }

        done.Sort();
        held.Sort((a, b) => a.Id.CompareTo(b.Id));
        return new BisectionResult(done, held, complete);

        void Push(OutgoingRecord[] refused)
        {
            if (refused.Length > 1)
            {
                parts.Push(refused[((refused.Length + 1) / 2)..]);
            }

            parts.Push(refused[..((refused.Length + 1) / 2)]);
        }
    }
}
