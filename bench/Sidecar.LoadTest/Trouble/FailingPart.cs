using Grpc.Core;

namespace Sidecar.LoadTest.Trouble;

/// <summary>One key in a hundred fails, with retry topics: what the other keys lose, and that the failing ones lose nothing.</summary>
internal static class FailingPart
{
    private const int FailingKeyOneIn = 100;
    private const string Fields = "health=off; attempts=2; backoff=100ms..1s; retries=1m";

    public static async Task<Section> RunAsync(TroubleOptions options, Bed bed)
    {
        var events = options.Events;
        bed.Load(0, events, valueBytes: 1_024);
        var failing = Enumerable.Range(0, events).Count(IsFailing);
        var before = await Throughput.MeasureAsync(bed, "before", Fields, events, _ => StatusCode.OK);
        var some = await Throughput.MeasureAsync(bed, "some", Fields, events, Fails, heals: true);
        var after = await Throughput.MeasureAsync(bed, "after", Fields, events, _ => StatusCode.OK);
        var plain = (before.EventsPerSecond + after.EventsPerSecond) / 2;
        var others = events - failing;
        return new Section($"One key in {FailingKeyOneIn} fails ({Fields}); {events:N0} events of 1,024 bytes to drain", [
            new("no key fails: events/s, before and after", $"{before.EventsPerSecond:N0}, {after.EventsPerSecond:N0}", ">= 20,000"),
            new("some fail: events/s of the other keys", $"{some.EventsPerSecond:N0}", ">= 20,000"),
            // Without failures the others are but their share of what goes through.
            new("what the other keys lose", Percent(1 - (some.EventsPerSecond / (plain * others / events))), "< 10 %"),
            new("events of the failing keys; waiting in the retry topic when the others were through", $"{failing:N0}; {some.Waiting:N0}"),
            new("times that the breaker opened", $"{some.Opened:N0}", "0"),
        ], some.Tally.Table) { Notes = "The account is of all keys, after the application was mended and a minute had passed." };
    }

    private static bool IsFailing(int index) => index % Bed.Keys % FailingKeyOneIn == 0;

    private static StatusCode Fails(int index) => IsFailing(index) ? StatusCode.Aborted : StatusCode.OK;

    private static string Percent(double share) => $"{Figure.Number(share * 100)} %";
}
