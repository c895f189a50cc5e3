using System.Text.Json;
using Sidecar.Agent.Commands;

namespace Sidecar.Agent.Tests.Commands;

public sealed class ValidateCommandTests
{
    private const string Well = """
        kind: Deployment
        metadata: {name: orders}
        spec: {template: {metadata: {annotations: {sidecar.events/subscription.orders: orders.v1}}, spec: {containers: []}}}
        """;

    private const string Wrong = """
        kind: Deployment
        metadata: {name: orders, annotations: {sidecar.events/subscription.orders: orders.v1}}
        spec: {template: {spec: {containers: []}}}
        """;

    [Test]
    public async Task What_is_well_is_told_on_standard_output()
    {
        var (code, output, error) = await RunAsync(Well, "validate", "-f", "-");

        Assert.That(code, Is.EqualTo(ExitCodes.Ok));
        Assert.That(output, Is.EqualTo("Deployment orders: orders\n"));
        Assert.That(error, Does.StartWith("agent: warning: ").And.Contain("no container of this pod"));
    }

    [Test]
    public async Task Errors_are_counted_on_standard_error()
    {
        var (code, output, error) = await RunAsync(Wrong, "validate", "-f", "-");

        Assert.That(code, Is.EqualTo(ExitCodes.Misconfigured));
        Assert.That(output, Is.Empty);
        Assert.That(error, Does.StartWith("agent: 1 error in the manifests:\n  Deployment orders (document 1), metadata.annotations: ")
            .And.EndWith("(standard input:2)\n"));
    }

    [Test]
    public async Task Machines_read_JSON()
    {
        var (code, output, _) = await RunAsync(Well + "\n---\n" + Wrong, "validate", "-f", "-", "-o", "json");

        Assert.That(code, Is.EqualTo(ExitCodes.Misconfigured));
        using var document = JsonDocument.Parse(output);
        var root = document.RootElement;
        Assert.That(root.GetProperty("valid").GetBoolean(), Is.False);
        Assert.That(root.GetProperty("pods")[0].GetProperty("subscriptions")[0].GetString(), Is.EqualTo("orders"));
        var error = root.GetProperty("errors")[0];
        Assert.That(error.GetProperty("document").GetInt32(), Is.EqualTo(2));
        Assert.That(error.GetProperty("kind").GetString(), Is.EqualTo("Deployment"));
        Assert.That(error.GetProperty("path").GetString(), Is.EqualTo("metadata.annotations"));
        Assert.That(error.GetProperty("key").GetString(), Is.EqualTo("sidecar.events/subscription.orders"));
    }

    [Test]
    public async Task Nothing_to_check_is_not_well()
    {
        var (code, output, error) = await RunAsync("kind: Service\nmetadata: {name: x}\n", "validate", "-f", "-");

        Assert.That(code, Is.EqualTo(ExitCodes.Misconfigured));
        Assert.That(output, Is.Empty);
        Assert.That(error, Does.StartWith("agent: none of the 1 objects makes a pod"));
    }

    [Test]
    public async Task A_file_that_is_not_there_is_a_failure()
    {
        var (code, _, error) = await RunAsync("", "validate", "-f", "/nowhere.yaml");

        Assert.That(code, Is.EqualTo(ExitCodes.Failure));
        Assert.That(error, Does.Contain("the file does not exist"));
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(string input, params string[] args)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var code = await CommandLine.InvokeAsync(args, output, error, new Dictionary<string, string>(), new StringReader(input));
        return (code, output.ToString(), error.ToString());
    }
}
