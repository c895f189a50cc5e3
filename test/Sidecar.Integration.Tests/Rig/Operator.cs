using Sidecar.TestKit.Kafka;
using Sidecar.TestKit.Processes;

namespace Sidecar.Integration.Tests.Rig;

/// <summary>Runs the agent's commands as a person does, with the configuration of the agent under test.</summary>
internal static class Operator
{
    /// <summary>The flags that tell a command whose group and subscription it is about.</summary>
    public static string[] Who(KafkaServer kafka, string topic, string more)
    {
        var file = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"annotations-{Guid.NewGuid():N}");
        File.WriteAllText(file, $"sidecar.events/subscription.test=\"{topic}{more}\"\n");
        return ["--annotations", file, "--group", $"{topic}-group", "--bootstrap-servers", kafka.BootstrapServers];
    }

    /// <summary>A command that must succeed: what it says on standard output. How far it is, it may say on the other.</summary>
    public static async Task<List<string>> RunAsync(string[] arguments)
    {
        var (code, lines) = await EndAsync(arguments);
        Assert.That(code, Is.Zero, string.Join('\n', lines));
        return lines;
    }

    /// <summary>A command that must fail: what it says on standard error.</summary>
    public static async Task<string> FailAsync(string[] arguments, int expected = 1)
    {
        var (code, lines) = await EndAsync(arguments);
        Assert.That(code, Is.EqualTo(expected), string.Join('\n', lines));
        return string.Join('\n', lines);
    }

    /// <summary>A command that runs.</summary>
    public static ProgramProcess Start(string[] arguments) => ProgramProcess.Start(
        Programs.Agent, arguments, new Dictionary<string, string?> { ["SIDECAR_PUBLISHED"] = null, ["SIDECAR_FULL"] = null });

    private static async Task<(int Code, List<string> Lines)> EndAsync(string[] arguments)
    {
        await using var process = Start(arguments);
        var code = await process.WaitForExitAsync(RunningAgent.Patience);
        return (code, [.. code == 0 ? process.OutputLines : process.ErrorLines]);
    }
}
