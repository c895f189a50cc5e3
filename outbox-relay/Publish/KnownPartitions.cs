namespace Sidecar.OutboxRelay.Publish;

/// <summary>
/// On which partitions a broker knows this producer, because it has acknowledged a record of it.
/// </summary>
/// <remarks>
/// Only there does a refused batch stop the one behind it: from a producer that it does not know, a broker takes any
/// first sequence number, so it would take the second batch although it has refused the first, and with it later rows
/// of a key whose earlier row is about to be held. (The client library may have that second batch ready for the wire
/// when the refusal comes, also with one request in flight.) So the first record of each partition goes alone.
/// </remarks>
public sealed class KnownPartitions(TimeProvider time)
{
    /// <summary>
    /// A broker forgets a producer that is silent for <c>producer.id.expiration.ms</c>, by default a day.
    /// </summary>
    public static readonly TimeSpan TrustedFor = TimeSpan.FromMinutes(30);

    private readonly Dictionary<string, long?[]> since = [];

    /// <summary>The topic has so many partitions.</summary>
    public void Learn(string topic, int partitions)
    {
        if (!since.TryGetValue(topic, out var known) || known.Length != partitions)
        {
            since[topic] = new long?[partitions];
        }
    }

    /// <summary>The producer is a new one: nobody knows it.</summary>
    public void Forget()
    {
        foreach (var known in since.Values)
        {
            Array.Clear(known);
        }
    }

    /// <summary>
    /// These records are acknowledged. The answer: topics whose keys are placed otherwise than we thought, because
    /// partitions were added; they are to be learned again.
    /// </summary>
    public List<string> Acknowledged(IReadOnlyList<OutgoingRecord> records)
    {
        var changed = new List<string>();
        foreach (var record in records)
        {
            if (!since.TryGetValue(record.Row.Topic, out var known))
            {
                continue;
            }

            if (Murmur2.Partition(record.Row.Key, known.Length) == record.Partition)
            {
                known[record.Partition] = time.GetTimestamp();
            }
            else
            {
                since.Remove(record.Row.Topic);
                changed.Add(record.Row.Topic);
            }
        }

        return changed;
    }

    /// <summary>
    /// The first record of each partition on which the producer is not known. A record without a key has no order.
    /// </summary>
    public List<OutgoingRecord> FirstOnUnknown(IReadOnlyList<OutgoingRecord> records)
    {
        var first = new List<OutgoingRecord>();
        HashSet<(string Topic, int Partition)>? seen = null;
        foreach (var record in records)
        {
            if (record.Row.Key is { } key && since.TryGetValue(record.Row.Topic, out var known) &&
                Murmur2.Partition(key, known.Length) is var partition && !IsTrusted(known[partition]) &&
                (seen ??= []).Add((record.Row.Topic, partition)))
            {
                first.Add(record);
            }
        }

        return first;
    }

    private bool IsTrusted(long? timestamp) => timestamp is { } at && time.GetElapsedTime(at) < TrustedFor;
}
