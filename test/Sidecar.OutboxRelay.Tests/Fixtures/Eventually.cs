namespace Sidecar.OutboxRelay.Tests.Fixtures;

/// <summary>Bounded waits for a condition; the bound is generous, and only a broken program reaches it.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    public static Task TrueAsync(Func<bool> condition, string what) => TrueAsync(condition, () => what);

    public static async Task TrueAsync(Func<bool> condition, Func<string> what)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            if (TimeProvider.System.GetElapsedTime(began) > Bound)
            {
                Assert.Fail($"within {Bound.TotalSeconds} s it did not come true that {what()}");
            }

            await Task.Delay(Look, TimeProvider.System);
        }
    }
}
