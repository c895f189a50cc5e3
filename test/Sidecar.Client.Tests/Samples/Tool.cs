using System.ComponentModel;
using System.Diagnostics;
using Sidecar.TestKit.Processes;

namespace Sidecar.Client.Tests.Samples;

/// <summary>A program of the machine that a sample needs.</summary>
internal static class Tool
{
    private static readonly TimeSpan RunTimeout = TimeSpan.FromSeconds(60);

    /// <summary>Whether a program can be started with these arguments and ends well.</summary>
    public static bool Answers(string program, params string[] arguments)
    {
        try
        {
            var start = new ProcessStartInfo(program)
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            foreach (var argument in arguments)
            {
                start.ArgumentList.Add(argument);
            }

            using var process = Process.Start(start)!;
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    /// <summary>Runs a program of the machine to its end, which must be a good one; the answer is its output.</summary>
    public static async Task<string> RunAsync(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?> environment)
    {
        await using var running = ProgramProcess.Start(new ProgramPath(program, [], IsPublished: false), arguments, environment);
        Assert.That(await running.WaitForExitAsync(RunTimeout), Is.Zero, running.Output);
        return running.Output;
    }
}
