using System.Globalization;

namespace Sidecar.Faults.Tests.Rig;

/// <summary>What a run of the suite is: its length, and the seed that repeats it.</summary>
internal static class RunOptions
{
    /// <summary>A bound that only a broken program reaches.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    /// <summary><c>SIDECAR_FULL=1</c>: all repetitions, and both ends of the matrix for everything.</summary>
    public static bool IsFull { get; } = Environment.GetEnvironmentVariable("SIDECAR_FULL") == "1";

    /// <summary><c>SIDECAR_SEED</c>, else the same in every run.</summary>
    public static int Seed { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("SIDECAR_SEED"), CultureInfo.InvariantCulture, out var seed)
            ? seed : 20261122;

    /// <summary>How often, how many, how long: in the short version and in the full one.</summary>
    public static int Of(int shortly, int fully) => IsFull ? fully : shortly;
}
