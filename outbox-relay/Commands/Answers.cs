using System.CommandLine;
using Sidecar.OutboxRelay.Contracts;

namespace Sidecar.OutboxRelay.Commands;

/// <summary>How commands answer: data on standard output, everything else on standard error; and the exit codes.</summary>
internal static class Answers
{
    /// <summary>The database could not be used, or what was asked for is not there.</summary>
    public const int Failure = 1;

    /// <summary>Ended by a person's signal.</summary>
    public const int Interrupted = 130;

    /// <summary>The flag for the form of the answer.</summary>
    public static Option<string> Output()
    {
        var output = new Option<string>("--output") { Description = "table or json.", DefaultValueFactory = _ => "table" };
        output.AcceptOnlyFromAmong("table", "json");
        return output;
    }

    /// <summary>The flag by which a person has agreed beforehand.</summary>
    public static Option<bool> Yes() => new("--yes") { Description = "Do it without asking." };

    /// <summary>Data.</summary>
    public static int Say(string text)
    {
        Console.Out.WriteLine(text);
        return 0;
    }

    /// <summary>Something did not work.</summary>
    public static int Fail(string text)
    {
        Console.Error.WriteLine($"outbox-relay: {text}");
        return Failure;
    }

    /// <summary>The database's problem.</summary>
    public static int Fail(StoreProblem problem) => Fail(problem.Text);

    /// <summary>
    /// A person agrees, by the flag or by typing yes at a terminal. Null: yes; otherwise the exit code.
    /// </summary>
    public static int? Refused(bool yes, string what)
    {
        if (yes)
        {
            return null;
        }

        if (Console.IsInputRedirected)
        {
            return Flags.Refuse([$"{what} There is nobody to ask: give --yes"]);
        }

        Console.Error.Write($"{what} Type yes to go on: ");
        return Console.In.ReadLine()?.Trim() == "yes" ? null : Fail("nothing was changed");
    }
}
