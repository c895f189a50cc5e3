using NUnit.Framework;

namespace Sidecar.TestKit.Postgres;

/// <summary>One of the servers that a test can run on; it is started when the first test asks for it.</summary>
/// <param name="Name">For the names of tests.</param>
/// <param name="Distribution">What it is started from; null: an address, or a container.</param>
public sealed record PostgresEnd(string Name, PostgresDistribution? Distribution)
{
    public override string ToString() => Name;
}

/// <summary>
/// The servers that a test assembly starts once, when the first test asks, and stops at its end: call
/// <see cref="StopAsync"/> from the one-time tear-down of a <c>[SetUpFixture]</c>.
/// </summary>
public static class SharedPostgres
{
    private static readonly SemaphoreSlim OneAtATime = new(1, 1);
    private static readonly Dictionary<PostgresEnd, PostgresStart> Started = [];

    /// <summary>
    /// What there is to run on, for <c>[TestFixtureSource]</c>: the server of <c>TEST_POSTGRES</c>; else a distribution
    /// of each major version that is there, that of <c>POSTGRES_HOME</c> first; else one that is a container, or the
    /// reason why there is none.
    /// </summary>
    public static IReadOnlyList<PostgresEnd> Ends { get; } = FindEnds();

    /// <summary>A server for tests that need only one: the first of <see cref="Ends"/>.</summary>
    public static Task<PostgresServer> GetAsync() => GetAsync(Ends[0]);

    /// <summary>This server. Where there is none, the test is skipped with the reason.</summary>
    public static async Task<PostgresServer> GetAsync(PostgresEnd end)
    {
        await OneAtATime.WaitAsync();
        try
        {
            if (!Started.TryGetValue(end, out var start))
            {
                Started.Add(end, start = await StartAsync(end));
                await TestContext.Progress.WriteLineAsync(
                    start.Server is { } server ? $"Tests run against {server.Name}." : start.Reason);
            }

            if (start.Server is null) Assert.Ignore(start.Reason);
            return start.Server!;
        }
        finally
        {
            OneAtATime.Release();
        }
    }

    /// <summary>
    /// A distribution to start servers from that a test breaks. Where there is none, the test is skipped with the
    /// reason.
    /// </summary>
    public static PostgresDistribution Breakable(PostgresEnd? end = null)
    {
        if ((end ?? Ends[0]).Distribution is { } distribution) return distribution;
        Assert.Ignore("a server can be broken only where POSTGRES_HOME or Debian's postgresql is");
        return null!;
    }

    public static async Task StopAsync()
    {
        foreach (var start in Started.Values)
        {
            if (start.Server is { } server) await server.DisposeAsync();
        }

        Started.Clear();
    }

    private static async Task<PostgresStart> StartAsync(PostgresEnd end)
    {
        var options = new LocalPostgresOptions();
        if (end.Distribution is { } distribution)
            return new PostgresStart(await LocalPostgres.StartAsync(distribution, options), "");
        return Address is { } address
            ? await AddressedPostgres.ConnectAsync(address)
            : await ContainerPostgres.TryStartAsync(options);
    }

    private static string? Address =>
        Environment.GetEnvironmentVariable("TEST_POSTGRES") is { Length: > 0 } address ? address : null;

    private static List<PostgresEnd> FindEnds()
    {
        if (Address is not null) return [new PostgresEnd("TEST_POSTGRES", null)];
        List<PostgresEnd> ends = [.. PostgresDistribution.Find().DistinctBy(one => one.Major)
            .Select(one => new PostgresEnd($"PostgreSQL {one.Major}", one))];
        return ends.Count > 0 ? ends : [new PostgresEnd("PostgreSQL", null)];
    }
}
