using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Sidecar.OutboxRelay.Lanes;

/// <summary>
/// Which transactions had ended at one moment: PostgreSQL's pg_snapshot, with numbers of 64 bits. It never changes.
/// </summary>
/// <remarks>
/// <see cref="Xmax"/> is one more than the highest number that had <em>ended</em>, not the next to be given out: numbers
/// at and above it may well be running. <see cref="FloorTrack"/> is about what follows from that.
/// </remarks>
public sealed class Snapshot : IEquatable<Snapshot>
{
    /// <summary>Sees no transaction: where a new lane begins. Number 0 is never given out.</summary>
    public static readonly Snapshot None = new(1, 1, []);

    private readonly ulong[] running;
    private string? text;

    private Snapshot(ulong xmin, ulong xmax, ulong[] running)
    {
        (Xmin, Xmax) = (xmin, xmax);
        this.running = running;
    }

    /// <summary>Every transaction below this number had ended.</summary>
    public ulong Xmin { get; }

    /// <summary>No transaction at or above this number had ended.</summary>
    public ulong Xmax { get; }

    /// <summary>The transactions between the two that were running, ascending.</summary>
    public ReadOnlySpan<ulong> Running => running;

    /// <summary>Reads PostgreSQL's text form, <c>xmin:xmax:xid,xid,...</c>; what it prints is always readable.</summary>
    /// <param name="value">The text.</param>
    /// <param name="snapshot">The snapshot; null where the answer is false.</param>
    /// <param name="error">A sentence for people that quotes the text; null where the answer is true.</param>
    public static bool TryParse(string? value, [NotNullWhen(true)] out Snapshot? snapshot, [NotNullWhen(false)] out string? error)
    {
        snapshot = null;
        error = $"'{value}' is no snapshot (xmin:xmax:xid,xid,...)";
        var parts = (value ?? "").Split(':');
        if (parts.Length != 3 || !IsNumber(parts[0], out var xmin) || !IsNumber(parts[1], out var xmax) || xmin == 0 || xmin > xmax)
        {
            return false;
        }

        var list = parts[2].Length == 0 ? [] : parts[2].Split(',');
        var xids = new ulong[list.Length];
        for (var i = 0; i < xids.Length; i++)
        {
            if (!IsNumber(list[i], out xids[i]))
            {
                return false;
            }
        }

        if (!AreRunning(xmin, xmax, xids))
        {
            return false;
        }

        snapshot = new Snapshot(xmin, xmax, xids);
        error = null;
        return true;
    }

    /// <summary>Of its parts; the snapshot keeps the array.</summary>
    /// <exception cref="ArgumentException">Not 1 &lt;= xmin &lt;= each of those that run, ascending, &lt; xmax.</exception>
    public static Snapshot Of(ulong xmin, ulong xmax, ulong[] running) =>
        xmin != 0 && xmin <= xmax && AreRunning(xmin, xmax, running)
            ? new Snapshot(xmin, xmax, running)
            : throw new ArgumentException($"{xmin}:{xmax}:{string.Join(',', running)} is no snapshot", nameof(running));

    /// <summary>As <see cref="TryParse"/>, for text that a program wrote itself.</summary>
    /// <exception cref="FormatException">The text is no snapshot; the message quotes it.</exception>
    public static Snapshot Parse(string value) =>
        TryParse(value, out var snapshot, out var error) ? snapshot : throw new FormatException(error);

    /// <summary>The transaction had ended: its rows, if it was not rolled back, are visible. PostgreSQL's pg_visible_in_snapshot.</summary>
    public bool Sees(ulong xid) => xid < Xmin || (xid < Xmax && Array.BinarySearch(running, xid) < 0);

    /// <summary>
    /// This one sees everything that the other sees. On one server, a later snapshot covers every earlier one; where it does
    /// not, the server's past is another than it was.
    /// </summary>
    public bool Covers(Snapshot other)
    {
        if (ReferenceEquals(this, other))
        {
            return true;
        }

        if (Xmax < other.Xmax)
        {
            return false;
        }

        foreach (var xid in running)
        {
            if (other.Sees(xid))
            {
                return false;
            }
        }

        return true;
    }

    public bool Equals(Snapshot? other) =>
        ReferenceEquals(this, other) ||
        (other is not null && (Xmin, Xmax) == (other.Xmin, other.Xmax) && running.AsSpan().SequenceEqual(other.running));

    public override bool Equals(object? obj) => Equals(obj as Snapshot);

    public override int GetHashCode() => HashCode.Combine(Xmin, Xmax, running.Length);

    /// <summary>PostgreSQL's text form.</summary>
    public override string ToString()
    {
        if (text is null)
        {
            var builder = new StringBuilder().Append(Xmin).Append(':').Append(Xmax).Append(':');
            for (var i = 0; i < running.Length; i++)
            {
                builder.Append(i == 0 ? "" : ",").Append(running[i]);
            }

            text = builder.ToString();
        }

        return text;
    }

    private static bool AreRunning(ulong xmin, ulong xmax, ulong[] xids)
    {
        for (var i = 0; i < xids.Length; i++)
        {
            if (xids[i] < xmin || xids[i] >= xmax || (i > 0 && xids[i] <= xids[i - 1]))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsNumber(string part, out ulong number) =>
        ulong.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
