using Grpc.Core;

namespace Sidecar.LoadTest.Trouble;

/// <summary>One key in a hundred fails always: what the other keys lose, with retry topics and without.</summary>
internal static class FailingPart
{
    private const int FailingKeyOneIn = 100;
    private const string Common = "health=off; attempts=2; backoff=100ms..1s; on-exhausted=dead-letter; dlq-limit=off";

    public static async Task<Section> RunAsync(TroubleOptions options, Bed bed)
    {
        var events = options.Events;
        bed.Load(0, events, valueBytes: 1_024);
        var failing = Enumerable.Range(0, events).Count(IsFailing);
        var well = await Throughput.MeasureAsync(bed, "well", Common, events, _ => StatusCode.OK, 0);
        var parked = await Throughput.MeasureAsync(bed, "parked", Common + "; retries=1s", events, Fails, failing);
        var again = await Throughput.MeasureAsync(bed, "again", Common, events, _ => StatusCode.OK, 0);
        var plain = Math.Max(well.EventsPerSecond, again.EventsPerSecond);
        var others = events - failing;
        return new Section($"One key in {FailingKeyOneIn} fails always ({Common}); {events:N0} events of 1,024 bytes to drain", [
            new("no key fails: events/s, before and after", $"{well.EventsPerSecond:N0}, {again.EventsPerSecond:N0}", ">= 20,000"),
            new("retries=1s: events/s of the other keys", $"{parked.EventsPerSecond:N0}"),
            // Without failures the others are but their share of what goes through.
            new("what the other keys lose", Percent(1 - (parked.EventsPerSecond / (plain * others / events))), "< 10 %"),
            new("dead letters of the failing keys", $"{parked.Letters:N0} of {failing:N0}"),
            new("times that the breaker opened", $"{parked.Opened:N0}", "0"),
        ], Accounts.Of(parked.App.Tally, others));
    }

    private static bool IsFailing(int index) => index % Bed.Keys % FailingKeyOneIn == 0;

    private static StatusCode Fails(int index) => IsFailing(index) ? StatusCode.Aborted : StatusCode.OK;

    private static string Percent(double share) => $"{Figure.Number(share * 100)} %";
}
