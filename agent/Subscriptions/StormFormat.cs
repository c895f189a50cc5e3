using System.Globalization;
using Sidecar.Agent.DeadLetter;

namespace Sidecar.Agent.Subscriptions;

/// <summary>How many dead letters hold a subscription: a number a minute, a share, both, or any number.</summary>
internal static class StormFormat
{
    private const string Off = "off";
    private const int MaxShare = 99;

    /// <summary>A number, a number with a percent sign, both separated by a comma, or <c>off</c>.</summary>
    public static ValueFormat<StormThreshold> Threshold { get; } = new(
        $"1 to {StormThreshold.MaxPerMinute} a minute, 1% to {MaxShare}%, both separated by a comma, or {Off}",
        value => Read((value.Items ?? value.Text!.Split(',')).Select(part => part.Trim()).ToList()),
        Show);

    private static Parsed<StormThreshold> Read(List<string> parts)
    {
        if (parts is [Off])
        {
            return new Parsed<StormThreshold>(new StormThreshold(null, null), null);
        }

        var (perMinute, share) = ((int?)null, (int?)null);
        foreach (var part in parts)
        {
            var isShare = part.EndsWith('%');
            if (!int.TryParse(isShare ? part[..^1] : part, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                || number < 1
                || number > (isShare ? MaxShare : StormThreshold.MaxPerMinute)
                || (isShare ? share : perMinute) is not null)
            {
                return Parsed<StormThreshold>.Wrong(
                    "not a limit of dead letters",
                    $"Write a number for each minute, such as 600, a share of the last {StormLimit.SharedOver} events, such as 90%, "
                    + $"both (600,90%), or {Off}");
            }

            perMinute = isShare ? perMinute : number;
            share = isShare ? number : share;
        }

        return new Parsed<StormThreshold>(new StormThreshold(perMinute, share), null);
    }

    private static string Show(StormThreshold threshold)
    {
        string?[] parts =
        [
            threshold.PerMinute?.ToString(CultureInfo.InvariantCulture),
            threshold.SharePercent is { } share ? string.Create(CultureInfo.InvariantCulture, $"{share}%") : null,
        ];
        var written = string.Join(',', parts.Where(part => part is not null));
        return written.Length == 0 ? Off : written;
    }
}
