using System.Text;
using Confluent.Kafka;

namespace Sidecar.OutboxRelay.Tests.Line;

/// <summary>
/// Counts what a topic holds by the rows' ids: lost, repeated, and first occurrences out of order per key.
/// </summary>
internal sealed class Tally
{
    public Tally(IEnumerable<ConsumeResult<byte[]?, byte[]?>> records)
    {
        var seen = new HashSet<long>();
        var last = new Dictionary<string, long>();
        foreach (var record in records)
        {
            var sequence = Encoding.UTF8.GetString(record.Message.Headers.GetLastBytes("sidecar-outbox-seq"));
            var id = long.Parse(sequence[(sequence.LastIndexOf('/') + 1)..]);
            if (!seen.Add(id))
            {
                Duplicates++;
                continue;
            }

            var key = Convert.ToBase64String(record.Message.Key ?? []);
            OutOfOrder += last.TryGetValue(key, out var before) && before > id ? 1 : 0;
            last[key] = id;
        }

        Distinct = seen.Count;
    }

    public int Distinct { get; }

    public int Duplicates { get; }

    public int OutOfOrder { get; }

    public void IsWhole(int rows)
    {
        TestContext.Progress.WriteLine(
            $"rows {rows}, lost {rows - Distinct}, duplicates {Duplicates}, out of order {OutOfOrder}");
        Assert.That((Distinct, OutOfOrder), Is.EqualTo((rows, 0)));
    }
}
