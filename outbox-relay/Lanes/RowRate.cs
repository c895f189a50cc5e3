namespace Sidecar.OutboxRelay.Lanes;

/// <summary>
/// About how many rows came within the last second. Where they are many, what reads them should leave time between two
/// looks: each costs the writers and Kafka more than the rows gain by it.
/// </summary>
public sealed class RowRate(TimeProvider time)
{
    /// <summary>Rows a second above which they are many.</summary>
    public const int Many = 1000;

    /// <summary>The time from one look to the next where rows are many.</summary>
    public static readonly TimeSpan Spacing = TimeSpan.FromMilliseconds(8);

    private double recent;
    private long lastAt = time.GetTimestamp();

    /// <summary>More come than <see cref="Many"/>.</summary>
    public bool AreMany => Forgotten() > Many;

    /// <summary>So many came now.</summary>
    public void Add(int rows)
    {
        recent = Forgotten() + rows;
        lastAt = time.GetTimestamp();
    }

    // An average that forgets.
    private double Forgotten() => recent * Math.Exp(-time.GetElapsedTime(lastAt).TotalSeconds);
}
