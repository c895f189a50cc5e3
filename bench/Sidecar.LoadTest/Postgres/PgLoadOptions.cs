using System.Globalization;

namespace Sidecar.LoadTest.Postgres;

/// <summary>What is measured of the relay on PostgreSQL.</summary>
internal sealed class PgLoadOptions
{
    /// <summary>The parts in their order.</summary>
    public static readonly string[] AllParts = ["drain", "live", "writers", "idle", "size"];

    public IReadOnlyList<string> Parts { get; private set; } = AllParts;

    /// <summary><c>table</c> or <c>wal</c>.</summary>
    public string Mode { get; private set; } = "table";

    /// <summary>The major version of the server; 0: the first that is found.</summary>
    public int Server { get; private set; }

    public int Keys { get; private set; } = 1_000;

    public int Partitions { get; private set; } = 4;

    public int ValueBytes { get; private set; } = 1_024;

    /// <summary>Rows of the drain.</summary>
    public int Rows { get; private set; } = 200_000;

    /// <summary>Rows a second while live.</summary>
    public int LiveRate { get; private set; } = 500;

    /// <summary>How long each half of the live part lasts: without a relay, and with one.</summary>
    public int LiveSeconds { get; private set; } = 20;

    /// <summary>Rows a second of the writers' part and of the size part.</summary>
    public int WriterRate { get; private set; } = 3_000;

    /// <summary>How often the writers' part goes through both halves: without a relay, and with one.</summary>
    public int Rounds { get; private set; } = 4;

    public int RoundSeconds { get; private set; } = 8;

    public int IdleSeconds { get; private set; } = 30;

    public int SizeSeconds { get; private set; } = 240;

    /// <summary>How long a transaction that has published stays open, and after it a snapshot.</summary>
    public int LongSeconds { get; private set; } = 60;

    /// <summary>Connections that write.</summary>
    public int Connections { get; private set; } = 16;

    /// <summary>Rows of one transaction in the writers' part and the size part.</summary>
    public int RowsPerTransaction { get; private set; } = 10;

    /// <summary>The folder for the results; null: printed only.</summary>
    public string? Results { get; private set; }

    /// <summary>Further arguments of the relay.</summary>
    public IReadOnlyList<string> RelayArguments { get; private set; } = [];

    /// <summary>Reads the flags; an error is a sentence.</summary>
    public static (PgLoadOptions? Options, string? Error) Parse(IReadOnlyList<string> arguments)
    {
        var options = new PgLoadOptions();
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
            case "--store" when value == "postgres": return true;
            case "--published": Environment.SetEnvironmentVariable("SIDECAR_PUBLISHED", value); return true;
            case "--results": Results = value; return true;
            case "--relay-arguments": RelayArguments = value.Split(' ', StringSplitOptions.RemoveEmptyEntries); return true;
            case "--mode" when value is "table" or "wal": Mode = value; return true;
            case "--parts":
                Parts = value.Split(',');
                return Parts.All(AllParts.Contains);
            default:
                return int.TryParse(value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var number)
                    && number > 0 && TakeNumber(name, number);
        }
    }

    private bool TakeNumber(string name, int number)
    {
        switch (name)
        {
            case "--server": Server = number; break;
            case "--keys": Keys = number; break;
            case "--partitions": Partitions = number; break;
            case "--value-bytes" when number >= Mark.Length: ValueBytes = number; break;
            case "--rows": Rows = number; break;
            case "--live-rate": LiveRate = number; break;
            case "--live-seconds": LiveSeconds = number; break;
            case "--writer-rate": WriterRate = number; break;
            case "--rounds": Rounds = number; break;
            case "--round-seconds": RoundSeconds = number; break;
            case "--idle-seconds": IdleSeconds = number; break;
            case "--size-seconds": SizeSeconds = number; break;
            case "--long-seconds": LongSeconds = number; break;
            case "--rows-per-transaction": RowsPerTransaction = number; break;
            case "--connections": Connections = number; break;
            default: return false;
        }

        return true;
    }
}
