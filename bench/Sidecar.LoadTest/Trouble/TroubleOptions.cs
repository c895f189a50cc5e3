using System.Globalization;

namespace Sidecar.LoadTest.Trouble;

/// <summary>What is measured of an agent whose application is in trouble.</summary>
internal sealed class TroubleOptions
{
    /// <summary>The parts in their order.</summary>
    public static readonly string[] AllParts = ["outage", "workers", "failing", "refused", "random"];

    public IReadOnlyList<string> Parts { get; private set; } = AllParts;

    /// <summary>How long the application is away.</summary>
    public int OutageSeconds { get; private set; } = 600;

    /// <summary>Events that wait for it meanwhile.</summary>
    public int OutageEvents { get; private set; } = 100_000;

    /// <summary>Events of the parts that measure throughput.</summary>
    public int Events { get; private set; } = 300_000;

    /// <summary>Events of the part in which everything fails at random.</summary>
    public int RandomEvents { get; private set; } = 200_000;

    /// <summary>What chance begins with.</summary>
    public int Seed { get; private set; } = 1;

    /// <summary>The folder for the results; null: printed only.</summary>
    public string? Results { get; private set; }

    /// <summary>Reads the flags; an error is a sentence.</summary>
    public static (TroubleOptions? Options, string? Error) Parse(IReadOnlyList<string> arguments)
    {
        var options = new TroubleOptions();
        for (var i = 0; i < arguments.Count; i += 2)
        {
            if (i + 1 == arguments.Count) return (null, $"{arguments[i]} is unknown, or its value is missing");
            if (!options.Take(arguments[i], arguments[i + 1]))
                return (null, $"{arguments[i]} {arguments[i + 1]} is not understood");
        }

        return (options, null);
    }

    private bool Take(string name, string value)
    {
        switch (name)
        {
            case "--published": Environment.SetEnvironmentVariable("SIDECAR_PUBLISHED", value); return true;
            case "--results": Results = value; return true;
            case "--parts":
                Parts = value.Split(',');
                return Parts.All(AllParts.Contains);
        }

        if (!int.TryParse(value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var number) || number < 1)
            return false;
        switch (name)
        {
            case "--outage-seconds": OutageSeconds = number; return true;
            case "--outage-events": OutageEvents = number; return true;
            case "--events": Events = number; return true;
            case "--random-events": RandomEvents = number; return true;
            case "--seed": Seed = number; return true;
            default: return false;
        }
    }
}
