using System.Diagnostics;
using Sidecar.TestKit.Processes;

namespace Sidecar.TestKit.Tests.Processes;

[TestFixture]
public sealed class ProgramProcessTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);

    [Test]
    public async Task Output_comes_by_lines_from_both_streams()
    {
        await using var process = Shell("echo out; echo err >&2");
        await process.WaitForLineAsync("out", Timeout);
        await process.WaitForLineAsync("err", Timeout);

        Assert.That(await process.WaitForExitAsync(Timeout), Is.Zero);
        Assert.That(process.ErrorLines, Is.EqualTo((string[])["err"]));
    }

    [Test]
    public async Task A_line_that_does_not_come_fails_with_the_output()
    {
        await using var process = Shell("echo something else; exit 3");
        var failure = Assert.ThrowsAsync<TimeoutException>(() => process.WaitForLineAsync("ready", Timeout));

        Assert.That(failure!.Message, Does.Contain("something else").And.Contain("ended with 3"));
    }

    [Test]
    public async Task SIGTERM_asks_and_the_exit_code_is_its_answer()
    {
        await using var process = Shell("trap 'exit 7' TERM; echo ready; while :; do sleep 0.1; done");
        await process.WaitForLineAsync("ready", Timeout);

        Assert.That(await process.StopAsync(Timeout), Is.EqualTo(7));
    }

    [Test]
    public async Task Disposing_ends_what_still_runs_even_when_it_stands_still()
    {
        var process = Shell("echo ready; exec sleep 1000");
        await process.WaitForLineAsync("ready", Timeout);
        var id = process.Id;
        process.Send(Signal.Stop);
        await process.DisposeAsync();

        Assert.Throws<ArgumentException>(() => Process.GetProcessById(id));
    }

    private static ProgramProcess Shell(string script) =>
        ProgramProcess.Start(new ProgramPath("/bin/sh", ["-c", script], IsPublished: false), []);
}
