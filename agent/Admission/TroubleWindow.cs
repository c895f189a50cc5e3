namespace Sidecar.Agent.Admission;

/// <summary>
/// How many calls ended within the last while, and how many of them in trouble: counted in slices of time, of which the
/// oldest is forgotten as a whole. Pure; the time is an argument.
/// </summary>
internal sealed class TroubleWindow(TimeSpan length)
{
    /// <summary>Slices of the window: what it forgets at a time is a tenth of it.</summary>
    public const int Slices = 10;

    private readonly (int Calls, int Troubles)[] slices = new (int, int)[Slices];
    private readonly TimeSpan slice = length / Slices;
    private long current;

    /// <summary>Calls that ended within the window.</summary>
    public int Calls { get; private set; }

    /// <summary>Those of them that ended in trouble.</summary>
    public int Troubles { get; private set; }

    /// <summary>A call has ended.</summary>
    public void Add(bool troubled, TimeSpan now)
    {
        MoveTo(now.Ticks / slice.Ticks);
        ref var counted = ref slices[current % Slices];
        counted.Calls++;
        counted.Troubles += troubled ? 1 : 0;
        Calls++;
        Troubles += troubled ? 1 : 0;
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        Array.Clear(slices);
        Calls = 0;
        Troubles = 0;
    }

    private void MoveTo(long number)
    {
        if (number - current >= Slices)
        {
            Clear();
            current = number;
        }

        while (current < number)
        {
            current++;
            ref var oldest = ref slices[current % Slices];
            Calls -= oldest.Calls;
            Troubles -= oldest.Troubles;
            oldest = default;
        }
    }
}
