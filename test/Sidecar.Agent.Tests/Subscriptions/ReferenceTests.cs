using System.Runtime.CompilerServices;
using System.Text;
using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent.Tests.Subscriptions;

/// <summary>The reference tables in docs/CONFIGURATION.md are the tables that the agent reads by.</summary>
public sealed class ReferenceTests
{
    [Test]
    public void The_documented_settings_of_the_process_are_the_ones_that_exist() =>
        Holds("process", Table(ProcessFields.All, new AgentOptions()));

    [Test]
    public void The_documented_settings_of_a_subscription_are_the_ones_that_exist() =>
        Holds("subscription", Table(SubscriptionFields.All, new SubscriptionOptions()));

    private static void Holds(string section, string table, [CallerFilePath] string here = "")
    {
        var path = Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "docs", "CONFIGURATION.md");
        var text = File.ReadAllText(path);
        var start = $"<!-- {section}: held against the code by a test -->\n";
        var from = text.IndexOf(start, StringComparison.Ordinal) + start.Length;
        var documented = text[from..text.IndexOf("<!-- end -->", from, StringComparison.Ordinal)];

        Assert.That(documented, Is.EqualTo(table), $"put this table into docs/CONFIGURATION.md:\n{table}");
    }

    private static string Table<T>(IReadOnlyList<Field<T>> fields, T options)
    {
        var table = new StringBuilder("| field | values | default | live | meaning |\n|---|---|---|---|---|\n");
        foreach (var field in fields)
        {
            var value = field.Show(options);
            var shown = value.Length == 0 ? "" : $"`{value}`";
            var limits = field.Limits.Replace("|", "\\|", StringComparison.Ordinal);
            var live = field.IsSupported ? LiveWords.Of(field.Live) : "";
            table.Append($"| `{field.Name}` | {limits} | {shown} | {live} | {field.Doc} |\n");
        }

        return table.ToString();
    }
}
