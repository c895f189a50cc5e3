using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Lanes;

namespace Sidecar.OutboxRelay.Wal;

/// <summary>Progress that a marker allows.</summary>
/// <param name="Done">Every row that is visible in it is settled.</param>
/// <param name="Rows">Rows that are visible in it, and were not in the one before.</param>
public sealed record WalProgress(Snapshot Done, IReadOnlyList<SettledRows> Rows);

/// <summary>
/// What was handed on from one stream and what of it is settled. Pure, and for one thread.
/// </summary>
/// <remarks>
/// The stream has rows in the order of their commits, and a transaction is in the log before others can see it. So a row
/// may come from the log before a snapshot shows it; never after, since a marker is written after its snapshot was taken.
/// When everything before a marker is settled, every row that its snapshot sees is settled. Rows beyond that are settled
/// too, and count for the first marker that sees them.
/// </remarks>
/// <param name="start">The table was read up to here: rows that are visible in it are passed over.</param>
public sealed class WalFeed(Snapshot start)
{
    private readonly List<Entry> entries = [];
    private readonly Dictionary<long, Entry> unsettled = [];
    private readonly Dictionary<(ulong Xid, int Bucket, int Slot), LedgerSum> unseen = [];
    private int first;
    private int next;
    private int taken;
    private bool started;
    private int markersUnderWay;
    private int rowsSinceMarker;

    /// <summary>Rows that were handed on and are not settled.</summary>
    public int UnderWay => unsettled.Count;

    /// <summary>Some of them are in somebody's hands, and not only to be handed out again.</summary>
    public bool IsHandedOut => unsettled.Count > 0 &&
        entries.GetRange(first, next - first).Exists(entry => entry is { Row: not null, Settled: false });

    /// <summary>Rows that came since the last marker was asked for.</summary>
    public int RowsSinceMarker => rowsSinceMarker;

    /// <summary>There is progress that only a new marker can show.</summary>
    public bool NeedsMarker => markersUnderWay == 0 && (rowsSinceMarker > 0 || unseen.Count > 0);

    /// <summary>A marker was asked for and has not come, or what was before it is not settled.</summary>
    public bool AwaitsMarker => markersUnderWay > 0;

    /// <summary>A marker is being written.</summary>
    public void MarkerAsked()
    {
        markersUnderWay++;
        rowsSinceMarker = 0;
    }

    /// <summary>Rows that were handed on and are not settled are handed on again.</summary>
    public void Rewind() => next = first;

    /// <summary>The next rows in order, as many as there are and as fit.</summary>
    public List<OutboxRow> Take(WalBuffer buffer, int maxRows, long maxBytes)
    {
        taken = next;
        var rows = new List<OutboxRow>();
        for (long bytes = 0; rows.Count < maxRows && bytes < maxBytes;)
        {
            if (next == entries.Count && !Receive(buffer, onlyMarkers: false))
            {
                break;
            }

            if (entries[next++] is { Row: { } row, Settled: false })
            {
                rows.Add(row.Row);
                bytes += row.Row.StoredBytes;
            }
        }

        return rows;
    }

    /// <summary>The rows of the last <see cref="Take"/> are not under way after all. Nothing may have come in between.</summary>
    public void PutBack() => next = taken;

    /// <summary>Kafka has these rows, or they are set aside. Rows that are not under way are passed over.</summary>
    public void Settle(long id)
    {
        if (unsettled.Remove(id, out var entry))
        {
            entry.Settled = true;
        }
    }

    /// <summary>Moves on over what is settled. Null: no marker was passed.</summary>
    public WalProgress? Advance(WalBuffer buffer)
    {
        while (next == entries.Count && Receive(buffer, onlyMarkers: true))
        {
            next++;
        }

        Snapshot? reached = null;
        for (; first < next && entries[first].IsPast; first++)
        {
            var entry = entries[first];
            if (entry.Row is { } row)
            {
                var key = (row.Xid, row.Row.Bucket, row.Slot);
                unseen[key] = unseen.GetValueOrDefault(key).With(row.Row.Id);
            }
            else
            {
                reached = entry.Marker;
                markersUnderWay--;
            }
        }

        if (first > 1024 || first == entries.Count)
        {
            entries.RemoveRange(0, first);
            (first, next) = (0, next - first);
        }

        return reached is null ? null : new WalProgress(reached, SeenBy(reached));
    }

    private bool Receive(WalBuffer buffer, bool onlyMarkers)
    {
        while (buffer.TryTake(onlyMarkers, out var item))
        {
            if (item.Row is { } row)
            {
                if (!started && start.Sees(row.Xid))
                {
                    continue;
                }

                rowsSinceMarker++;
                unsettled.Add(row.Row.Id, Add(row, null));
                return true;
            }

            // What was visible at the start came before the first marker.
            started = true;
            Add(null, item.Marker);
            return true;
        }

        return false;
    }

    private Entry Add(WalRow? row, Snapshot? marker)
    {
        var entry = new Entry(row, marker);
        entries.Add(entry);
        return entry;
    }

    private List<SettledRows> SeenBy(Snapshot reached)
    {
        var sums = new Dictionary<(int Bucket, int Slot), LedgerSum>();
        foreach (var (key, sum) in unseen)
        {
            if (reached.Sees(key.Xid))
            {
                unseen.Remove(key);    // allowed while it is walked over
                var lane = (key.Bucket, key.Slot);
                sums[lane] = sums.GetValueOrDefault(lane).With(sum);
            }
        }

        return [.. sums.Select(sum => new SettledRows(sum.Key.Bucket, sum.Key.Slot, sum.Value))];
    }

    private sealed class Entry(WalRow? row, Snapshot? marker)
    {
        public WalRow? Row => row;

        public Snapshot? Marker => marker;

        public bool Settled { get; set; }

        public bool IsPast => row is null || Settled;
    }
}
