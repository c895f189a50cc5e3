namespace Sidecar.TestKit.Postgres;

/// <summary>How a server from a distribution is set up.</summary>
public sealed record LocalPostgresOptions
{
    /// <summary>
    /// Whether it waits for the disk (<c>fsync</c>). Off is right where processes die and the machine does not; figures
    /// are taken with it on.
    /// </summary>
    public bool Durable { get; init; }

    /// <summary>Most WAL in megabytes that a slot may hold back, <c>max_slot_wal_keep_size</c>; -1: no limit.</summary>
    public int SlotWalMegabytes { get; init; } = -1;

    /// <summary>Whether its clock can be set (<see cref="LocalPostgres.SetClock"/>); needs libfaketime.</summary>
    public bool OwnClock { get; init; }

    /// <summary>Networks besides loopback that may connect (CIDR), without a password; none by default.</summary>
    public IReadOnlyList<string> Networks { get; init; } = [];

    /// <summary>Further settings, <c>name=value</c>; they win over ours.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary>All settings that do not depend on where the server runs, <c>name=value</c>.</summary>
    internal IEnumerable<string> Lines()
    {
        var onOff = Durable ? "on" : "off";
        return
        [
            "wal_level=logical",
            "max_wal_senders=20",
            "max_replication_slots=20",
            "max_prepared_transactions=20",
            "max_connections=200",
            $"max_slot_wal_keep_size={SlotWalMegabytes}",
            $"fsync={onOff}",
            $"full_page_writes={onOff}",
            .. Settings,
        ];
    }
}
