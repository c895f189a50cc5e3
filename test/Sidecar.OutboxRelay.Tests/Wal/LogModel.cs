using Sidecar.OutboxRelay.Lanes;
using Sidecar.OutboxRelay.Wal;

namespace Sidecar.OutboxRelay.Tests.Wal;

/// <summary>A server in a few lines: transactions begin, are in the log, and can be seen only some time after that.</summary>
internal sealed class LogModel(Random random)
{
    private readonly SortedDictionary<ulong, List<long>> running = [];
    private readonly List<(ulong Xid, List<long> Ids)> logged = [];
    private readonly Dictionary<long, ulong> rows = [];
    private readonly HashSet<ulong> ended = [];
    private readonly Queue<WalItem> log = new();
    private ulong nextXid = 3;
    private long nextId = 1;
    private bool hasSlot;

    public void Run(int steps)
    {
        for (var i = 0; i < steps; i++)
        {
            switch (random.Next(4))
            {
                case 0:
                    running.Add(nextXid++, []);
                    break;
                case 1 when running.Count > 0:
                    var writer = running.ElementAt(random.Next(running.Count));
                    writer.Value.Add(nextId);
                    nextId++;
                    break;
                case 2 when running.Count > 0:
                    Log(running.ElementAt(random.Next(running.Count)).Key);
                    break;
                default:
                    Show();
                    break;
            }
        }
    }

    /// <summary>What can be seen now.</summary>
    public Snapshot Look()
    {
        var xmax = ended.Count == 0 ? 3 : ended.Max() + 1;
        var open = Enumerable.Range(3, (int)xmax - 3).Select(xid => (ulong)xid).Where(xid => !ended.Contains(xid)).ToArray();
        var xmin = open.Length > 0 ? open[0] : xmax;
        return Snapshot.Parse($"{xmin}:{xmax}:{string.Join(',', open)}");
    }

    /// <summary>The log is kept from here on: all that the snapshot does not see is still to come in it.</summary>
    public void SlotAt(Snapshot start)
    {
        hasSlot = true;
        foreach (var (xid, ids) in logged.Where(one => !start.Sees(one.Xid)))
        {
            Enqueue(xid, ids);
        }
    }

    public void Mark() => log.Enqueue(new WalItem(null, Look()));

    public void Deliver(WalBuffer box, int items)
    {
        for (; items > 0 && log.TryDequeue(out var item); items--)
        {
            _ = box.PutAsync(item);
        }
    }

    public HashSet<long> VisibleIn(Snapshot snapshot) => [.. rows.Where(row => snapshot.Sees(row.Value)).Select(row => row.Key)];

    private void Log(ulong xid)
    {
        var ids = running[xid];
        running.Remove(xid);
        if (random.Next(5) == 0)
        {
            ended.Add(xid);    // rolled back
            return;
        }

        foreach (var id in ids)
        {
            rows.Add(id, xid);
        }

        logged.Add((xid, ids));
        if (hasSlot)
        {
            Enqueue(xid, ids);
        }
    }

    private void Show()
    {
        var hidden = logged.Where(one => !ended.Contains(one.Xid)).ToList();
        if (hidden.Count > 0)
        {
            ended.Add(hidden[random.Next(hidden.Count)].Xid);
        }
    }

    private void Enqueue(ulong xid, List<long> ids)
    {
        foreach (var id in ids)
        {
            log.Enqueue(WalFeedTests.Row(xid, id));
        }
    }
}
