using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Sidecar.Agent.Commands;

/// <summary>The library's help, with examples behind it.</summary>
public sealed class HelpWithExamples(HelpAction help, TextWriter output) : SynchronousCommandLineAction
{
    private const string Examples = """
        Examples:
          agent run --annotations /etc/podinfo/annotations
          agent run --config agent.yaml --bootstrap-servers localhost:9092
          agent config --annotations /etc/podinfo/annotations --output json
          agent explain backoff
          agent drain --admin-port 14191
          helm template ./chart | agent validate -f -
          agent dlq list --reason timeout --since 2h
          agent dlq replay --reason timeout --since 2h --dry-run
          agent offsets skip orders.v1 3 4711 --dry-run

        An annotation is enough for a subscription:
          sidecar.events/subscription.orders: "orders.v1; ordering=key; concurrency=32"

        A flag wins over a SIDECAR_* variable, that over an annotation, that over the file, that over the default.
        Exit codes: 0 well, 1 failure, 2 wrong configuration or usage.
        """;

    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        var code = help.Invoke(parseResult);
        output.WriteLine(Examples);
        return code;
    }
}

/// <summary>Prints the version.</summary>
public sealed class PrintVersion(TextWriter output) : SynchronousCommandLineAction
{
    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        output.WriteLine(VersionText.Current());
        return ExitCodes.Ok;
    }
}
