using Grpc.Core;

namespace Sidecar.LoadTest.Trouble;

/// <summary>The application refuses half of the events: how fast the other half goes through.</summary>
internal static class RefusedPart
{
    private const string Fields = "health=off; on-exhausted=dead-letter";
    private const int PacedRate = 10_000;

    public static async Task<Section> RunAsync(TroubleOptions options, Bed bed)
    {
        var events = options.Events;
        bed.Load(0, events, valueBytes: 1_024);
        var chance = new Random(options.Seed);
        var answers = Enumerable.Range(0, events)
            .Select(_ => chance.Next(2) == 0 ? StatusCode.OK : StatusCode.InvalidArgument).ToArray();
        var refused = answers.Count(answer => answer != StatusCode.OK);
        var well = await Throughput.MeasureAsync(bed, "well", Fields, events, _ => StatusCode.OK);
        var half = await Throughput.MeasureAsync(bed, "half", Fields, events, index => answers[index]);
        var again = await Throughput.MeasureAsync(bed, "again", Fields, events, _ => StatusCode.OK);
        var paced = await Throughput.MeasureAsync(
            bed, "paced", $"{Fields}; rate-limit={PacedRate}", events, index => answers[index]);
        var plain = (well.EventsPerSecond + again.EventsPerSecond) / 2;
        var share = (double)events / (events - refused);
        var (ended, endedPaced) = (half.EventsPerSecond * share, paced.EventsPerSecond * share);
        return new Section($"Half of the events are refused ({Fields}); {events:N0} events of 1,024 bytes to drain", [
            new("none is refused: events/s, before and after", $"{well.EventsPerSecond:N0}, {again.EventsPerSecond:N0}"),
            new("half is refused: events/s that end, delivered or dead-lettered", $"{ended:N0}"),
            new("the same by the average of those", $"{Figure.Number(ended / plain * 100)} %", "full speed"),
            new($"half is refused at {PacedRate:N0} events/s, which the machine has room for: events/s that end",
                $"{endedPaced:N0}", "full speed"),
            new("dead letters", $"{half.Letters:N0} and {paced.Letters:N0} of {refused:N0}"),
            new("times that the breaker opened", $"{half.Opened + paced.Opened:N0}", "0"),
        ], Accounts.Of(half.Tally, events - refused));
    }
}
