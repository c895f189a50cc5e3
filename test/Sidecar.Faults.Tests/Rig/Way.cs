using Sidecar.TestKit.Postgres;

namespace Sidecar.Faults.Tests.Rig;

/// <summary>What a fixture runs on: a database, and a way to its rows.</summary>
/// <param name="End">The database.</param>
/// <param name="Mode">The relay's <c>--mode</c>: <c>table</c> or <c>wal</c>.</param>
internal sealed record Way(PostgresEnd End, string Mode)
{
    /// <summary>
    /// For most scenarios: the table on the first end; in the full version both ways on all ends.
    /// </summary>
    public static IReadOnlyList<Way> Usual { get; } = RunOptions.IsFull ? All() : [new Way(SharedPostgres.Ends[0], "table")];

    /// <summary>
    /// For scenarios in which the database itself is at fault: all ends, always, and the write-ahead log on the first.
    /// </summary>
    public static IReadOnlyList<Way> Thorough { get; } = RunOptions.IsFull ? All()
        : [.. SharedPostgres.Ends.Select(end => new Way(end, "table")), new Way(SharedPostgres.Ends[0], "wal")];

    public override string ToString() => Mode == "table" ? End.Name : $"{End.Name}, {Mode}";

    private static List<Way> All() =>
        [.. SharedPostgres.Ends.SelectMany(end => (Way[])[new Way(end, "table"), new Way(end, "wal")])];
}
