using System.Globalization;

namespace Sidecar.LoadTest.Postgres;

/// <summary>Times in milliseconds, by rank.</summary>
internal sealed class Latencies(IEnumerable<double> milliseconds)
{
    private readonly double[] sorted = [.. milliseconds.Order()];

    public int Count => sorted.Length;

    public double P50 => At(0.50);

    public double P99 => At(0.99);

    public double Largest => sorted.Length == 0 ? double.NaN : sorted[^1];

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"p50 {P50:F1} ms, p99 {P99:F1} ms, most {Largest:F0} ms");

    private double At(double rank) =>
        sorted.Length == 0 ? double.NaN : sorted[Math.Min(sorted.Length - 1, (int)(rank * sorted.Length))];
}
