namespace Sidecar.Agent.Admission;

/// <summary>
/// Retries as a share of first attempts, so that a failing application is not sent more than a working one would be. Each
/// first attempt earns a part of a retry, each retry spends one; an empty budget delays an event, and never ends it. Pure:
/// the time (since the start, monotonic) is an argument.
/// </summary>
/// <remarks>Source of the scheme, a bucket that requests fill: Finagle's RetryBudget (Twitter, 2015).</remarks>
/// <param name="percent">Retries for each hundred first attempts; 0: no limit.</param>
/// <param name="ceiling">Deliveries in flight at a time; what may be saved follows it.</param>
internal sealed class RetryBudget(int percent, int ceiling)
{
    /// <summary>Retries that are always earned, so that events whose keys hold up all others come through.</summary>
    public const double PerSecond = 10;

    /// <summary>Retries that may be saved up for each delivery in flight.</summary>
    public const int SavedPerDelivery = 10;

    private const double Least = 100;
    private const double Rounding = 1e-9;

    private int percent = percent;
    private double most = Math.Max(Least, ceiling * SavedPerDelivery);
    private double saved = Math.Max(Least, ceiling * SavedPerDelivery);
    private TimeSpan filledAt;

    /// <summary>When a retry that was refused may ask again, if nothing is earned meanwhile.</summary>
    public TimeSpan NextAt => filledAt + TimeSpan.FromSeconds(Math.Max(0, 1 - saved) / PerSecond);

    /// <summary>Another share and another ceiling from now on; what is saved is kept, up to the new most.</summary>
    public void Adjust(int newPercent, int newCeiling)
    {
        percent = newPercent;
        most = Math.Max(Least, newCeiling * SavedPerDelivery);
        saved = Math.Min(saved, most);
    }

    /// <summary>A first attempt departs.</summary>
    public void Earn() => saved = Math.Min(most, saved + (percent / 100.0));

    /// <summary>A retry asks to become ready.</summary>
    public bool TrySpend(TimeSpan now)
    {
        if (percent == 0)
        {
            return true;
        }

        saved = Math.Min(most, saved + ((now - filledAt).TotalSeconds * PerSecond));
        filledAt = now;
        if (saved < 1 - Rounding)
        {
            return false;
        }

        saved--;
        return true;
    }
}
