using Grpc.Core;

namespace Sidecar.LoadTest.Trouble;

/// <summary>The application refuses every second event: how fast the other half goes through.</summary>
internal static class RefusedPart
{
    private const string Fields = "health=off; on-exhausted=dead-letter";

    public static async Task<Section> RunAsync(TroubleOptions options, Bed bed)
    {
        var events = options.Events;
        bed.Load(0, events, valueBytes: 1_024);
        var refused = events / 2;
        var well = await Throughput.MeasureAsync(bed, "well", Fields, events, _ => StatusCode.OK, 0);
        var half = await Throughput.MeasureAsync(bed, "half", Fields, events, Refuses, refused);
        var again = await Throughput.MeasureAsync(bed, "again", Fields, events, _ => StatusCode.OK, 0);
        var plain = Math.Max(well.EventsPerSecond, again.EventsPerSecond);
        return new Section($"Every second event is refused ({Fields}); {events:N0} events of 1,024 bytes to drain", [
            new("none is refused: events/s, before and after", $"{well.EventsPerSecond:N0}, {again.EventsPerSecond:N0}"),
            new("half is refused: events/s that end, delivered or dead-lettered", $"{2 * half.EventsPerSecond:N0}"),
            new("the same by the first", $"{Figure.Number(2 * half.EventsPerSecond / plain * 100)} %"),
            new("dead letters", $"{half.Letters:N0} of {refused:N0}"),
            new("times that the breaker opened", $"{half.Opened:N0}", "0"),
        ], Accounts.Of(half.App.Tally, events - refused));
    }

    // By sequence within the key: each key has both kinds.
    private static StatusCode Refuses(int index) =>
        index / Bed.Keys % 2 == 0 ? StatusCode.OK : StatusCode.InvalidArgument;
}
