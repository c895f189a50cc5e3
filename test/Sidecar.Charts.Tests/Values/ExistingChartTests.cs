using Sidecar.Agent.Commands;
using Sidecar.Charts.Tests.Rig;
using CommandLine = Sidecar.Agent.Commands.CommandLine;

namespace Sidecar.Charts.Tests.Values;

/// <summary>From a chart that <c>helm create</c> made, as the README says it; and what the agent says to what is rendered.</summary>
[TestFixture]
internal sealed class ExistingChartTests
{
    private const string Values = """

        sidecar:
          kafka: {bootstrapServers: "kafka:9092"}
          agent: {subscriptions: {orders: orders.v1}}
        """;

    [Test]
    public async Task A_chart_from_helm_create_takes_a_dependency_and_three_lines()
    {
        var charts = await OncePerRun.Charts;
        var chart = await CreateAsync(charts, "shop-orders");
        var lint = await charts.LintAsync(chart);
        Assert.That(lint.ExitCode, Is.Zero, lint.Output + lint.Errors);

        var made = await charts.RenderAsync(chart);
        Assert.That(made.Container("sidecar-agent")["restartPolicy"]!.GetValue<string>(), Is.EqualTo("Always"));
        Assert.That(made.Variables("sidecar-agent")["SIDECAR_SERVICE"], Is.EqualTo("demo-shop-orders"), "the release's full name");
        Assert.That(await ValidateAsync(charts, made), Does.Contain("Deployment demo-shop-orders: orders"));
    }

    [Test]
    public async Task The_charts_own_annotations_and_volumes_stay_beside_the_sidecars()
    {
        var charts = await OncePerRun.Charts;
        var made = await charts.RenderAsync(
            await CreateAsync(charts, "shop-scratch"), "podAnnotations: {team: shop}\nvolumes: [{name: scratch, emptyDir: {}}]");
        await ValidateAsync(charts, made);
        var annotations = made.Pod["metadata"]!["annotations"]!.AsObject().Select(one => one.Key);
        Assert.That(annotations, Does.Contain("team").And.Contain("sidecar.events/subscription.orders"));
        var volumes = made.Pod["spec"]!["volumes"]!.AsArray().Select(one => one!["name"]!.GetValue<string>());
        Assert.That(volumes, Does.Contain("scratch").And.Contain("sidecar-podinfo"));
    }

    /// <summary>What <c>agent validate</c> prints; it must find no error.</summary>
    private static async Task<string> ValidateAsync(Rig.Charts charts, Manifests made)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exit = await CommandLine.InvokeAsync(
            ["validate", "-f", charts.Write(made.Text, "yaml")], output, error, new Dictionary<string, string>());
        Assert.That(exit, Is.EqualTo(ExitCodes.Ok), output.ToString() + error);
        Assert.That(error.ToString(), Is.Empty);
        return output.ToString();
    }

    private static async Task<string> CreateAsync(Rig.Charts charts, string name)
    {
        var chart = Path.Combine(Path.GetDirectoryName(charts.Example)!, name);
        Assert.That((await Tool.Helm.RunAsync(["create", chart])).ExitCode, Is.Zero);
        await File.AppendAllTextAsync(Path.Combine(chart, "Chart.yaml"),
            "\ndependencies:\n  - {name: sidecar, version: ~0.1.0, repository: \"file://../sidecar\"}\n");
        await File.AppendAllTextAsync(Path.Combine(chart, "values.yaml"), Values);
        var deployment = Path.Combine(chart, "templates", "deployment.yaml");
        var text = await File.ReadAllTextAsync(deployment);
        text = Instead(text, "{{- with .Values.podAnnotations }}", """
            annotations:
                    {{- include "sidecar.podAnnotations" . | nindent 8 }}
                    {{- with .Values.podAnnotations }}{{ toYaml . | nindent 8 }}{{ end }}
            """);
        text = Instead(text, "{{- with .Values.volumes }}", """
            volumes:
                    {{- include "sidecar.volumes" . | nindent 8 }}
                    {{- with .Values.volumes }}{{ toYaml . | nindent 8 }}{{ end }}
            """);
        text = text.Replace(
            "      containers:\n", "      initContainers: {{- include \"sidecar.container\" . | nindent 8 }}\n      containers:\n",
            StringComparison.Ordinal);
        await File.WriteAllTextAsync(deployment, text);
        var update = await Tool.Helm.RunAsync(["dependency", "update", chart]);
        Assert.That(update.ExitCode, Is.Zero, update.Errors);
        return chart;
    }

    /// <summary>Puts a line where a block of helm's was, up to its end.</summary>
    private static string Instead(string text, string opening, string line)
    {
        var start = text.IndexOf(opening, StringComparison.Ordinal);
        Assert.That(start, Is.Positive, $"helm create makes no {opening} any more");
        const string close = "{{- end }}";
        var end = text.IndexOf(close, start, StringComparison.Ordinal) + close.Length;
        return text[..start] + line + text[end..];
    }
}
