using Npgsql;
using Npgsql.Replication;
using Npgsql.Replication.Internal;
using Sidecar.OutboxRelay.Lanes;

namespace Sidecar.OutboxRelay.Wal;

/// <summary>
/// One temporary slot and the connection that it lives and ends with. Made, then run once, then disposed.
/// </summary>
/// <remarks>
/// The slot is no truth: what is settled stands in the table of lanes. So everything that was received is confirmed, whether
/// or not Kafka has it, and the server keeps only what we have not taken from it.
/// </remarks>
internal sealed class WalStream : IAsyncDisposable
{
    private const string Publication = "outbox";
    private const string Plugin = "pgoutput";

    private static readonly KeyValuePair<string, string?>[] PluginOptions =
    [
        new("proto_version", "1"), new("publication_names", $"\"{Publication}\""), new("binary", "true"), new("messages", "true"),
    ];

    private readonly LogicalReplicationConnection connection;
    private readonly TimeProvider time;
    private LogicalReplicationSlot? slot;

    public WalStream(string connectionString, string token, TimeProvider time)
    {
        this.time = time;
        SlotName = $"outbox_relay_{token}";
        connection = new LogicalReplicationConnection(connectionString)
        {
            WalReceiverStatusInterval = WalOptions.LookInterval,
            // The server may be told never to send a sign of life; the kernel's own, and the look at the slot, tell us.
            WalReceiverTimeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>The slot's name in <c>pg_replication_slots</c>.</summary>
    public string SlotName { get; }

    /// <summary>Makes the slot. Takes as long as the longest transaction that runs in the cluster now.</summary>
    /// <param name="source">Opens a connection to the same database, for a moment.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <returns>What the stream begins after: the transactions that the snapshot does not see are in it.</returns>
    public async Task<Snapshot> MakeSlotAsync(NpgsqlDataSource source, CancellationToken cancel)
    {
        await connection.Open(cancel);
        // The slot waits for transactions, and those may take as long as they like.
        connection.CommandTimeout = Timeout.InfiniteTimeSpan;
        var made = await connection.CreateLogicalReplicationSlot(
            SlotName, Plugin, isTemporary: true, LogicalSlotSnapshotInitMode.Export, cancellationToken: cancel);
        slot = new Slot(made);

        // The server's own word for where the stream begins. A snapshot of ours would not do: a transaction that is in the
        // log before the slot's beginning may not be visible yet, and would be in neither.
        await using var reader = await source.OpenConnectionAsync(cancel);
        await using var command = new NpgsqlCommand(
            $"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT '{slot.SnapshotName}'", reader);
        await command.ExecuteNonQueryAsync(cancel);
        command.CommandText = "SELECT pg_current_snapshot()::text";
        var text = (string)(await command.ExecuteScalarAsync(cancel))!;
        command.CommandText = "COMMIT";
        await command.ExecuteNonQueryAsync(cancel);
        return Beginning(text);
    }

    /// <summary>
    /// Reads a slot's own snapshot. Its builder keeps the oldest running transaction and the latest committed one apart, so
    /// that the first number may be beyond the second: then everything below the first has ended.
    /// </summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    internal static Snapshot Beginning(string text)
    {
        if (text.Split(':') is [var first, var second, ""] &&
            ulong.TryParse(first, out var xmin) && ulong.TryParse(second, out var xmax) && xmin > xmax)
        {
            text = $"{xmin}:{xmin}:";
        }

        return Snapshot.TryParse(text, out var snapshot, out var error) ? snapshot : throw new InvalidDataException(error);
    }

    /// <summary>Fills the buffer until the stream ends, or is cancelled.</summary>
    /// <exception cref="InvalidDataException">Something in the stream cannot be read.</exception>
    public async Task RunAsync(PgOutputDecoder decoder, WalBuffer buffer, CancellationToken cancel)
    {
        await using var confirming = time.CreateTimer(
            _ => connection.SetReplicationStatus(connection.LastReceivedLsn), null, WalOptions.LookInterval, WalOptions.LookInterval);
        await using var messages = connection.StartLogicalReplication(slot!, cancel, null, PluginOptions).GetAsyncEnumerator(cancel);
        var gulps = new Gulps(time);
        var bytes = new byte[64 * 1024];
        while (true)
        {
            var moved = messages.MoveNextAsync();
            var waited = !moved.IsCompleted;
            if (waited)
            {
                buffer.Tell();
            }

            if (!await moved)
            {
                return;
            }

            var data = messages.Current.Data;
            var length = data.Length;
            if (length > WalOptions.MaxRowBytes)
            {
                throw new InvalidDataException($"a row of {length} bytes, more than {WalOptions.MaxRowBytes}");
            }

            if (gulps.Breath(waited, length) is var breath && breath > TimeSpan.Zero)
            {
                buffer.Tell();
                await Task.Delay(breath, time, cancel);
                gulps.Gathered();
            }

            if (length > bytes.Length)
            {
                bytes = new byte[length];
            }

            await data.ReadExactlyAsync(bytes.AsMemory(0, (int)length), cancel);
            if (decoder.Read(bytes.AsSpan(0, (int)length)) is { } item)
            {
                if (item.Row is not null)
                {
                    gulps.WasRow();
                }

                await buffer.PutAsync(item).WaitAsync(cancel);
            }
        }
    }

    /// <summary>Ends the connection, and with it the slot.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await connection.DisposeAsync();
        }
        catch (Exception e) when (WalFaults.IsOne(e))
        {
            // It is gone already, and its slot with it.
        }
    }

    private sealed class Slot(ReplicationSlotOptions made) : LogicalReplicationSlot(Plugin, made);
}
