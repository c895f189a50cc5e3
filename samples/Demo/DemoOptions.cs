namespace Sidecar.Demo;

/// <summary>What the command line says.</summary>
internal sealed record DemoOptions
{
    public const string Usage = """
        Runs the whole line on this machine: a database transaction, the outbox relay, Kafka, the agent, a consumer.
        Ends with a table of what came of every event, and with exit code 0 only if the table is right.

          --orders N        orders, of five events each; 1 to 2,000, default 200
          --keep            leave everything running afterwards, with the addresses to look at, until Ctrl-C
          --published DIR   use the programs that ./eng/publish DIR made, instead of the build's
          --svg FILE        write what the terminal showed as a picture
          --help

        Kafka is librdkafka's mock cluster in this process, or the one that KAFKA_BOOTSTRAP_SERVERS names.
        """;

    /// <summary>The mock cluster keeps 5 MiB of a partition: more orders would not fit.</summary>
    private const int OrdersMax = 2000;

    public int Orders { get; private init; } = 200;

    public bool Keep { get; private init; }

    public string? Published { get; private init; }

    public string? Svg { get; private init; }

    public bool Help { get; private init; }

    /// <exception cref="DemoFailedException">An argument that is not known, or has no usable value.</exception>
    public static DemoOptions Parse(IReadOnlyList<string> arguments)
    {
        var options = new DemoOptions();
        for (var i = 0; i < arguments.Count; i++)
        {
            options = arguments[i] switch
            {
                "--keep" => options with { Keep = true },
                "--help" or "-h" => options with { Help = true },
                "--orders" when int.TryParse(Value(arguments, ++i), out var orders) && orders is > 0 and <= OrdersMax =>
                    options with { Orders = orders },
                "--orders" => throw new DemoFailedException($"--orders takes a number from 1 to {OrdersMax}."),
                "--published" => options with { Published = Value(arguments, ++i) },
                "--svg" => options with { Svg = Value(arguments, ++i) },
                var other => throw new DemoFailedException($"'{other}' is not an argument of the demo. See --help."),
            };
        }

        return options;
    }

    private static string Value(IReadOnlyList<string> arguments, int index) => index < arguments.Count
        ? arguments[index]
        : throw new DemoFailedException($"{arguments[index - 1]} needs a value. See --help.");
}
