namespace Sidecar.OutboxRelay.Tests.Lanes.Simulation;

/// <summary>Chance that a seed repeats: xorshift, started by splitmix so that neighbouring seeds have nothing in common.</summary>
internal sealed class Dice
{
    private ulong state;

    public Dice(ulong seed)
    {
        var mixed = seed + 0x9E3779B97F4A7C15;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        state = (mixed ^ (mixed >> 31)) | 1;
    }

    /// <summary>0 to <paramref name="count"/> - 1.</summary>
    public int Next(int count)
    {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return (int)((state >> 33) % (uint)count);
    }

    public bool OneIn(int count) => Next(count) == 0;
}
