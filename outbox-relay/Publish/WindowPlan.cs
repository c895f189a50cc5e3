using Sidecar.OutboxRelay.Contracts;

namespace Sidecar.OutboxRelay.Publish;

/// <summary>Decides for each row that was read: send it, set it aside, or leave it where it is. Pure.</summary>
public static class WindowPlan
{
    /// <summary>
    /// A row that Kafka would never take is held; so is every later row of its topic and key unless keys go on, and every
    /// row of a topic that waits.
    /// </summary>
    public static Window Make(IReadOnlyList<OutboxRow> rows, Func<string, bool> topicWaits, RecordMapper mapper)
    {
        var records = new List<OutgoingRecord>(rows.Count);
        var held = new List<HeldRow>();
        var keys = new HeldKeys();
        foreach (var row in rows)
        {
            if (row.BehindHeld || keys.Contains(row))
            {
                held.Add(new HeldRow(row.Id, HeldKind.Behind, HeldReasons.Behind));
                continue;
            }

            if (topicWaits(row.Topic))
            {
                held.Add(new HeldRow(row.Id, HeldKind.Waiting, "its topic cannot be written now"));
                continue;
            }

            var (message, poison) = mapper.Map(row);
            if (message is not null)
            {
                records.Add(new OutgoingRecord(row, message));
                continue;
            }

            held.Add(new HeldRow(row.Id, HeldKind.Refused, poison!));
            if (mapper.HoldsKeys)
            {
                keys.Add(row);
            }
        }

        return new Window(records, held);
    }
}
