using Sidecar.TestKit.Processes;

namespace Sidecar.Faults.Tests.Rig;

/// <summary>The relay's other commands, as somebody on call gives them.</summary>
internal static class Command
{
    /// <summary>Runs one to its end on the scenario's database; what it wrote.</summary>
    public static async Task<string> CommandAsync(this Scenario scenario, params string[] words)
    {
        await using var process = ProgramProcess.Start(
            Programs.OutboxRelay, [.. words, "--postgres", scenario.Database.AdminAddress]);
        var exit = await process.WaitForExitAsync(RunOptions.Bound);
        Assert.That(exit, Is.Zero, $"{string.Join(' ', words)}:\n{process.Output}");
        return process.Output;
    }

    /// <summary>Waits until <c>status</c> says this.</summary>
    public static async Task StatusSaysAsync(this Scenario scenario, params string[] texts)
    {
        var said = "";
        try
        {
            await TestKit.Until.TrueAsync(
                async () =>
                {
                    said = await scenario.CommandAsync("status");
                    return Array.TrueForAll(texts, text => said.Contains(text, StringComparison.Ordinal));
                },
                RunOptions.Bound, "");
        }
        catch (TimeoutException)
        {
            Assert.Fail($"status does not say \"{string.Join("\", \"", texts)}\"; it says:\n{said}");
        }
    }
}
