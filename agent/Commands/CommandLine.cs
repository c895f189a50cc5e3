using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Sidecar.Agent.Hosting;
using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent.Commands;

/// <summary>The command line of the agent.</summary>
public sealed class CommandLine
{
    private readonly ConfigurationFlags flags = new();
    private readonly TextWriter output;
    private readonly TextWriter error;
    private readonly TextReader input;
    private readonly System.Collections.IDictionary environment;

    private CommandLine(TextWriter output, TextWriter error, TextReader input, System.Collections.IDictionary environment)
    {
        this.input = input;
        this.output = output;
        this.error = error;
        this.environment = environment;
    }

    /// <summary>Runs what the arguments ask for on this process's console; its exit code.</summary>
    public static Task<int> InvokeAsync(string[] args) =>
        InvokeAsync(args, Console.Out, Console.Error, Environment.GetEnvironmentVariables(), Console.In);

    /// <summary>The same with everything around it given.</summary>
    public static Task<int> InvokeAsync(
        string[] args, TextWriter output, TextWriter error, System.Collections.IDictionary environment, TextReader? input = null) =>
        new CommandLine(output, error, input ?? TextReader.Null, environment).RunAsync(args);

    private async Task<int> RunAsync(string[] args)
    {
        var line = Build().Parse(args);
        if (line.Action is ParseErrorAction)
        {
            var errors = line.Errors
                .Select(problem => OneLine(problem.Message) + Suggestion(problem.Message, line)).ToList();
            ErrorReport.Write(error, "in the command line (see agent --help)", errors);
            return ExitCodes.Misconfigured;
        }

        return await line.InvokeAsync(new InvocationConfiguration
        {
            Output = output,
            Error = error,

            // The host answers SIGTERM itself, and takes the time that it needs.
            ProcessTerminationTimeout = null,
        });
    }

    private RootCommand Build()
    {
        var root = new RootCommand("Delivers Kafka's events to the application in this pod. Without a command: run.");
        flags.AddTo(root);
        root.SetAction(Run);
        var run = new Command("run", "Delivers until it is told to stop.");
        run.SetAction(Run);
        root.Subcommands.Add(run);
        root.Subcommands.Add(Config());
        root.Subcommands.Add(Explain());
        root.Subcommands.Add(new DrainCommand(flags, environment, output, error).Build());
        root.Subcommands.Add(new ValidateCommand(output, error, input).Build());
        var kafka = new KafkaAccess(flags, environment, error);
        root.Subcommands.Add(new DlqCommand(kafka, output, error).Build());
        root.Subcommands.Add(new OffsetsCommand(kafka, output).Build());
        foreach (var command in new RunningCommands(new AdminAccess(flags, environment, error), output).Build())
        {
            root.Subcommands.Add(command);
        }

        root.Options.Single(option => option is VersionOption).Action = new PrintVersion(output);
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!, output);
        return root;
    }

    private async Task<int> Run(ParseResult line, CancellationToken _)
    {
        var sources = flags.Sources(line, environment);
        var result = Configuration.Load(sources);
        if (result.Resolved is { } resolved)
        {
            return await AgentHost.RunAsync(resolved, sources);
        }

        ErrorReport.Write(error, result);
        using var reason = new StringWriter();
        ErrorReport.Write(reason, result);
        TerminationLog.Write(result.Attempted.TerminationLog, reason.ToString());
        return ExitCodes.Misconfigured;
    }

    private Command Config()
    {
        var format = new Option<string>("--output", "-o")
        {
            Description = "How it is printed.",
            DefaultValueFactory = _ => "table",
        };
        format.AcceptOnlyFromAmong("table", "json");
        var command = new Command("config", "Prints what is in force, and where each value comes from.") { format };
        command.SetAction(line =>
        {
            var result = flags.Load(line, environment);
            if (result.Resolved is not { } resolved)
            {
                ErrorReport.Write(error, result);
                return ExitCodes.Misconfigured;
            }

            if (line.GetValue(format) == "json")
            {
                ConfigOutput.Json(output, resolved);
                return ExitCodes.Ok;
            }

            ConfigOutput.Table(output, resolved);
            foreach (var warning in result.Warnings)
            {
                error.WriteLine($"agent: warning: {warning}");
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    private Command Explain()
    {
        var field = new Argument<string?>("field")
        {
            Description = "The name of a field; without one: all of them.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new Command("explain", "Says what can be configured.") { field };
        command.SetAction(line =>
        {
            if (line.GetValue(field) is not { } name)
            {
                Explanation.All(output);
                return ExitCodes.Ok;
            }

            if (Explanation.One(output, name))
            {
                return ExitCodes.Ok;
            }

            var known = ProcessFields.All.Select(f => f.Name).Concat(SubscriptionFields.All.Select(f => f.Name));
            error.WriteLine(
                $"agent: there is no field {ConfigurationError.Shown(name)}. "
                + $"{Nearest.Question(name, known)}See all with: agent explain");
            return ExitCodes.Misconfigured;
        });
        return command;
    }

    private static string OneLine(string message) =>
        string.Join(' ', message.Split(['\r', '\n', '\t', ' '], StringSplitOptions.RemoveEmptyEntries))
            .Replace("as expected type 'System.Int64'", "as a whole number", StringComparison.Ordinal)
            .Replace("as expected type 'System.Int32'", "as a whole number", StringComparison.Ordinal);

    private static string Suggestion(string message, ParseResult line)
    {
        var known = line.CommandResult.Command.Subcommands.Select(command => command.Name)
            .Concat(line.RootCommandResult.Command.Options.Select(option => option.Name)).ToList();
        var unknown = line.UnmatchedTokens
            .FirstOrDefault(token => message.Contains($"'{token}'", StringComparison.Ordinal));
        var near = unknown is null ? null : Nearest.To(unknown.Split('=')[0], known);
        return near is null ? "" : $" Did you mean {near}?";
    }
}
