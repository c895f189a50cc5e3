using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Sidecar.Credentials;
using Sidecar.OutboxRelay.Doctor;
using Sidecar.OutboxRelay.Hosting;
using Sidecar.OutboxRelay.Postgres;
using Sidecar.OutboxRelay.Publish;

namespace Sidecar.OutboxRelay.Commands;

/// <summary><c>outbox-relay doctor</c>: looks at everything that the relay needs, and says what to change.</summary>
internal static class DoctorCommand
{
    public static Command Build()
    {
        var output = Answers.Output();
        var command = new Command(
            "doctor", "Looks at the database, the outbox and the topics, and says what to change. Exit code 1: something is wrong.")
        {
            output,
        };
        Flags.Bind(command, Settings.Publishing, [Settings.AnyDatabase], async (parsed, options) =>
        {
            var findings = await LookAsync(options);
            Console.Out.WriteLine(parsed.GetValue(output) == "json" ? Json(findings) : Text(findings));
            return findings.Any(finding => finding.Severity == Severity.Wrong) ? Answers.Failure : 0;
        });
        return command;
    }

    private static async Task<IReadOnlyList<Finding>> LookAsync(ProgramOptions options)
    {
        var relay = options.Relay;
        IReadOnlyList<Finding> findings;
        IReadOnlyList<string> topics = [];
        if (!relay.Store.IsPostgres)
        {
            (findings, topics) = SqliteDoctor.Look(relay.Store);
        }
        else if (PgAddress.Of(relay.Store) is { Problem: null, Value: var address })
        {
            (findings, topics) = await PgDoctor.LookAsync(address);
        }
        else
        {
            findings = [new Finding("connection", Severity.Wrong, PgAddress.Of(relay.Store).Problem!.Text, PgAddress.Shape)];
        }

        return relay.Publish.BootstrapServers.Length > 0
            ? [.. findings, .. await LookAtKafkaAsync(relay.Publish, topics)]
            : [.. findings, new Finding("kafka", Severity.Warning, "not looked at", "give --bootstrap-servers")];
    }

    private static async Task<IReadOnlyList<Finding>> LookAtKafkaAsync(PublishOptions options, IReadOnlyList<string> topics)
    {
        var opening = Keyring.Open(options.Security);
        return opening.Keyring is { } keyring
            ? [.. Ends(keyring.Current), .. await TopicChecks.LookAsync(options, keyring.Current, topics)]
            : [.. opening.Problems.Select(problem => Finding.Bad("kafka", $"{problem.Setting}: {problem.Problem}", problem.Fix))];
    }

    private static IEnumerable<Finding> Ends(KafkaCredentials credentials)
    {
        if (credentials.CertificateEnds is { } end)
        {
            yield return Finding.Fine("kafka", $"the client's certificate ends at {end:u}");
        }
    }

    private static string Text(IReadOnlyList<Finding> findings)
    {
        var table = new Table("", "SUBJECT", "FOUND");
        foreach (var finding in findings)
        {
            table.Add(Name(finding.Severity), finding.Subject, Shown.Cell(finding.Text, 400));
            if (finding.Fix is { } fix)
            {
                table.Add("", "", $"  -> {fix}");
            }
        }

        var (wrong, warned) = (findings.Count(f => f.Severity == Severity.Wrong), findings.Count(f => f.Severity == Severity.Warning));
        return $"{table}\n{wrong} wrong, {warned} warnings";
    }

    private static string Json(IReadOnlyList<Finding> findings) => JsonSerializer.Serialize(
        [.. findings.Select(finding => new FindingLine(finding.Subject, Name(finding.Severity), finding.Text, finding.Fix))],
        DoctorJson.Default.FindingLineArray);

    private static string Name(Severity severity) => severity switch
    {
        Severity.Fine => "ok",
        Severity.Warning => "warning",
        Severity.Wrong => "WRONG",
    };
}

/// <summary>One finding as it is shown.</summary>
internal sealed record FindingLine(string Subject, string Severity, string Text, string? Fix);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(FindingLine[]))]
internal sealed partial class DoctorJson : JsonSerializerContext;
