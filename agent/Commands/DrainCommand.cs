using System.CommandLine;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Sidecar.Agent.Operating;
using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent.Commands;

/// <summary>
/// <c>agent drain</c>: the preStop hook. Asks the running agent to finish what it has begun, to commit, and to leave the group, and
/// returns when it has. The image has no shell: this program is the client.
/// </summary>
internal sealed class DrainCommand(
    ConfigurationFlags flags, System.Collections.IDictionary environment, TextWriter output, TextWriter error)
{
    /// <summary>What the agent may need beyond its drain time-out: the last commit and leaving the group.</summary>
    private static readonly TimeSpan Allowance = TimeSpan.FromSeconds(10);

    /// <summary>The command.</summary>
    public Command Build()
    {
        var command = new Command(
            "drain", "Asks the running agent to finish, commit and leave the group, and to stay: for preStop.");
        command.SetAction((line, stop) =>
        {
            var result = flags.Load(line, environment);

            // To ask another port instead would help nobody.
            return ErrorReport.WriteMisuse(error, result, "--admin-port", "--drain-timeout")
                ? Task.FromResult(ExitCodes.Misconfigured)
                : RunAsync(Of(result), stop);
        });
        return command;
    }

    /// <summary>
    /// The port and the longest wait. Annotations may be wrong by now, which the running agent is not: then what else is
    /// said counts, or the default.
    /// </summary>
    private static AgentOptions Of(ConfigurationResult result) => result.Resolved?.Options ?? result.Attempted;

    private async Task<int> RunAsync(AgentOptions options, CancellationToken stop)
    {
        var address = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{options.AdminPort}");
        using var client = AdminAccess.NewClient(new Uri(address), options.Source.DrainTimeout + Allowance);
        try
        {
            using var nothing = new ByteArrayContent([]);
            nothing.Headers.ContentType = new("application/json");
            using var answer = await client.PostAsync(new Uri("/drain", UriKind.Relative), nothing, stop);
            if (!answer.IsSuccessStatusCode)
            {
                return Fail($"{address} answers {(int)answer.StatusCode}. Is this the agent's admin port?");
            }

            var done = await answer.Content.ReadFromJsonAsync(OperatingJson.Default.PauseAnswer, stop);
            output.WriteLine(done?.Text);
            return ExitCodes.Ok;
        }
        catch (JsonException)
        {
            return Fail($"what listens at {address} is no agent: name its admin-port");
        }
        catch (HttpRequestException failed)
        {
            return Fail($"no agent answers at {address} ({failed.HttpRequestError}). Is it running, and is this its admin-port?");
        }
        catch (TaskCanceledException)
        {
            return Fail($"the agent has not drained within {client.Timeout.TotalSeconds:0} s; it goes on by itself");
        }
    }

    private int Fail(string problem)
    {
        error.WriteLine($"agent: {problem}");
        return ExitCodes.Failure;
    }
}
