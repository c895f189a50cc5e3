namespace Sidecar.Demo.Tally;

/// <summary>One event of the demo, by what makes it this one and no other.</summary>
internal readonly record struct OrderStep(string Order, int Sequence)
{
    public override string ToString() => $"{Order} #{Sequence}";
}
