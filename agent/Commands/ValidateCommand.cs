using System.CommandLine;
using Sidecar.Agent.Manifests;
using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent.Commands;

/// <summary><c>agent validate -f FILE</c>: what the agents of rendered manifests would say when they start, before they do.</summary>
public sealed class ValidateCommand(TextWriter output, TextWriter error, TextReader input)
{
    /// <summary>The largest file of manifests.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    private const string StandardInput = "-";

    /// <summary>The command.</summary>
    public Command Build()
    {
        var files = new Option<string[]>("--file", "-f")
        {
            Description = "Rendered manifests, YAML or JSON; - is standard input. May be given several times.",
            HelpName = "FILE",
            Required = true,
        };
        var format = new Option<string>("--output", "-o")
        {
            Description = "How the findings are printed.",
            DefaultValueFactory = _ => "table",
        };
        format.AcceptOnlyFromAmong("table", "json");
        var command = new Command("validate", "Checks the annotations and grace periods of rendered manifests.") { files, format };
        command.SetAction(line => Run(line.GetValue(files)!, line.GetValue(format) == "json"));
        return command;
    }

    private int Run(string[] files, bool asJson)
    {
        var check = new ManifestCheck();
        foreach (var file in files)
        {
            var problems = new List<ConfigurationError>();
            var text = file == StandardInput
                ? FromInput(problems)
                : SourceText.Read(file, Origin.Flag("--file"), MaxBytes, problems);
            if (text is null)
            {
                error.WriteLine($"agent: {problems[0]}");
                return ExitCodes.Failure;
            }

            check.Check(text, file == StandardInput ? "standard input" : file);
        }

        if (asJson)
        {
            ValidateOutput.Json(output, check);
        }
        else
        {
            ValidateOutput.Text(output, error, check);
        }

        return ValidateOutput.IsWell(check) ? ExitCodes.Ok : ExitCodes.Misconfigured;
    }

    private string? FromInput(List<ConfigurationError> problems)
    {
        var text = new char[MaxBytes + 1];
        var length = input.ReadBlock(text);
        if (length <= MaxBytes)
        {
            return new string(text, 0, length);
        }

        problems.Add(new ConfigurationError(
            Origin.Flag("--file"), StandardInput, $"there are more than {MaxBytes} characters", "Validate fewer manifests at a time"));
        return null;
    }
}
