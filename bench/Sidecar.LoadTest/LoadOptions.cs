using System.Globalization;

namespace Sidecar.LoadTest;

/// <summary>What is measured, and with what.</summary>
internal sealed class LoadOptions
{
    /// <summary>Events or rows.</summary>
    public int Events { get; private set; }

    public int Keys { get; private set; } = 1_000;

    public int Partitions { get; private set; } = 4;

    /// <summary>The size of a value, in bytes.</summary>
    public int ValueBytes { get; private set; } = 1_024;

    /// <summary>Deliveries in flight at most; the default is the agent's own.</summary>
    public int Concurrency { get; private set; } = 64;

    /// <summary>The application listens on a Unix socket instead of TCP.</summary>
    public bool UnixSocket { get; private set; }

    /// <summary>The agent calls a typed method instead of the generic contract.</summary>
    public bool Typed { get; private set; }

    /// <summary>The folder for the results; null: printed only.</summary>
    public string? Results { get; private set; }

    /// <summary>Further fields of the subscription, as in the compact annotation: <c>name=value; ...</c>.</summary>
    public string Subscription { get; private set; } = "";

    /// <summary>Reads the flags; an error is a sentence.</summary>
    public static (LoadOptions? Options, string? Error) Parse(IReadOnlyList<string> arguments, int events)
    {
        var options = new LoadOptions { Events = events };
        for (var i = 0; i < arguments.Count; i++)
        {
            var name = arguments[i];
            if (name == "--unix-socket") options.UnixSocket = true;
            else if (name == "--typed") options.Typed = true;
            else if (i + 1 == arguments.Count) return (null, $"{name} is unknown, or its value is missing");
            else if (!options.Take(name, arguments[++i])) return (null, $"{name} {arguments[i]} is not understood");
        }

        if (options.Keys > options.Events) return (null, "--keys must not be more than --events");
        return (options, null);
    }

    private bool Take(string name, string value)
    {
        if (name == "--published")
        {
            Environment.SetEnvironmentVariable("SIDECAR_PUBLISHED", value);
            return true;
        }

        if (name == "--results") Results = value;
        else if (name == "--subscription") Subscription = value;
        else
        {
            if (!int.TryParse(value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var number)
                || number < 1)
                return false;
            switch (name)
            {
                case "--events" or "--rows": Events = number; break;
                case "--keys": Keys = number; break;
                case "--partitions": Partitions = number; break;
                case "--value-bytes" when number >= Mark.Length: ValueBytes = number; break;
                case "--concurrency": Concurrency = number; break;
                default: return false;
            }
        }

        return true;
    }
}
