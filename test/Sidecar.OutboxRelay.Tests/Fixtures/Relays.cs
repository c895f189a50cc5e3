using Sidecar.TestKit.Processes;

namespace Sidecar.OutboxRelay.Tests.Fixtures;

/// <summary>The program itself, as a child process.</summary>
internal static class Relays
{
    /// <summary>A bound that only a broken program reaches.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(90);

    /// <summary>Any command.</summary>
    public static ProgramProcess Start(params string[] arguments) =>
        ProgramProcess.Start(Programs.OutboxRelay, arguments);

    /// <summary>A relay of this outbox with a short lease and small windows, so that faults hit something.</summary>
    /// <param name="outbox">The database.</param>
    /// <param name="flags">Flags and values that differ or come in addition.</param>
    public static ProgramProcess Run(OutboxFile outbox, params string[] flags)
    {
        var all = new Dictionary<string, string>
        {
            ["--sqlite"] = outbox.Path,
            ["--bootstrap-servers"] = Kafka.BootstrapServers,
            ["--metrics-port"] = "0",
            ["--metrics-address"] = "127.0.0.1",
            ["--lease"] = "1s",
            ["--window-rows"] = "100",
            ["--log-format"] = "text",
        };
        foreach (var pair in flags.Chunk(2))
        {
            all[pair[0]] = pair[1];
        }

        return Start(["run", .. all.SelectMany(flag => new[] { flag.Key, flag.Value })]);
    }

    public static Task SaysAsync(this ProgramProcess relay, string text) => relay.WaitForLineAsync(text, Bound);

    public static Task<int> EndAsync(this ProgramProcess relay) => relay.WaitForExitAsync(Bound);

    public static Task<int> TerminateAsync(this ProgramProcess relay) => relay.StopAsync(Bound);
}
