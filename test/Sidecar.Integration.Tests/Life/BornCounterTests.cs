using System.Text.RegularExpressions;
using Sidecar.Integration.Tests.Rig;
using Sidecar.TestKit;
using Sidecar.TestKit.Processes;

namespace Sidecar.Integration.Tests.Life;

/// <summary>What alerts and panels take the increase of is counted from zero, or they never see the first of it.</summary>
internal sealed partial class BornCounterTests
{
    private static readonly string Files = Repository.At("charts", "sidecar", "files");

    [Test]
    public async Task Every_counter_whose_increase_is_watched_is_there_before_it_counts()
    {
        var watched = Directory.EnumerateFiles(Files)
            .SelectMany(file => Increase().Matches(File.ReadAllText(file)).Select(match => match.Groups["name"].Value))
            .Distinct().ToList();
        Assert.That(watched, Has.Count.GreaterThan(5).And.Contain("sidecar_dead_letters_total"));
        var nowhere = $"127.0.0.1:{Ports.Free()}";
        await using var agent = await RunningAgent.StartAsync(
            new AgentSetup(nowhere, "absent", nowhere) { Subscription = "; on-exhausted=dead-letter" });

        foreach (var counter in watched)
        {
            await Until.TrueAsync(
                async () => (await agent.MetricsAsync()).Split('\n').Any(
                    line => line.StartsWith(counter + "{", StringComparison.Ordinal) && line.EndsWith(" 0", StringComparison.Ordinal)),
                RunningAgent.Patience, $"{counter} begins at 0");
        }

        Assert.That(await agent.StopAsync(), Is.Zero);
    }

    [GeneratedRegex(@"(increase|rate)\((?<name>sidecar_\w+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Increase();
}
