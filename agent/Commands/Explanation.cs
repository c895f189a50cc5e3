using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent.Commands;

/// <summary>Prints what can be configured, from the table that also reads it.</summary>
public static class Explanation
{
    /// <summary>All fields, one a line.</summary>
    public static void All(TextWriter output)
    {
        output.WriteLine($"Of the process ({AnnotationFile.Prefix}<field>, SIDECAR_<FIELD>, --<field>, or the file):");
        List(output, ProcessFields.All, new AgentOptions());
        output.WriteLine("  kafka.<property>    In the file or the annotations: a property of librdkafka.");
        output.WriteLine();
        output.WriteLine(
            $"Of a subscription ({AnnotationFile.Prefix}subscription.<name>[.<field>], "
            + "or subscriptions.<name> in the file;");
        output.WriteLine($"for all: {AnnotationFile.Prefix}defaults, or defaults in the file):");
        List(output, SubscriptionFields.All, new SubscriptionOptions());
        output.WriteLine();
        output.WriteLine("More about one: agent explain <field>");
    }

    /// <summary>One field, of the process or of a subscription or both; false: there is none.</summary>
    public static bool One(TextWriter output, string name)
    {
        var process = ProcessFields.Find(name);
        var subscription = SubscriptionFields.Find(name);
        if (process is not null)
        {
            var otherwise = name.StartsWith(ProcessFields.KafkaPrefix, StringComparison.Ordinal)
                ? []
                : new[] { $"variable: {EnvironmentVariables.NameOf(name)}", $"flag: --{name}" };
            One(output, process, new AgentOptions(),
                [$"annotation: {AnnotationFile.Prefix}{name}", .. otherwise, $"file: {name}"]);
        }

        if (subscription is not null)
        {
            One(output, subscription, new SubscriptionOptions(),
            [
                $"annotation: {AnnotationFile.Prefix}subscription.<subscription>.{name}",
                $"annotation for all: {AnnotationFile.Prefix}defaults, with {name}=...",
                $"file: subscriptions.<subscription>.{name}, or defaults.{name}",
            ]);
        }

        return process is not null || subscription is not null;
    }

    private static void List<T>(TextWriter output, IReadOnlyList<Field<T>> fields, T options)
    {
        var width = fields.Max(field => field.Name.Length);
        foreach (var field in fields)
        {
            var value = field.Show(options);
            var otherwise = !field.IsSupported ? " (not supported yet)" : value.Length == 0 ? "" : $" [{value}]";
            output.WriteLine($"  {field.Name.PadRight(width)}  {field.Doc}{otherwise}");
        }
    }

    private static void One<T>(TextWriter output, Field<T> field, T options, IReadOnlyList<string> spellings)
    {
        var value = field.Show(options);
        output.WriteLine(field.Name);
        output.WriteLine($"  {field.Doc}");
        output.WriteLine($"  values: {field.Limits}");
        output.WriteLine($"  default: {(value.Length == 0 ? "none" : value)}");
        output.WriteLine($"  an edit while the agent runs: {LiveWords.Of(field.Live)}");
        foreach (var spelling in spellings)
        {
            output.WriteLine($"  {spelling}");
        }
    }
}
