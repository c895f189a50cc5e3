using System.Data;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Sidecar.OutboxRelay.Postgres;

/// <summary>
/// Empties slots of the log, one after another and each with its proof, which reads the whole slot. Where that takes
/// longer than it may, as with a slot that took all of an outage, the others have their turn before it may take twice as
/// long. What does not agree becomes an alarm.
/// </summary>
internal sealed class PgEmptying(NpgsqlDataSource source, PgAddress address, ILogger log, TimeSpan firstProof)
{
    /// <summary>The longest that a proof usually may take at first.</summary>
    public static readonly TimeSpan FirstProof = TimeSpan.FromMinutes(1);

    /// <summary>The longest that a proof may take in the end: some terabytes.</summary>
    public static readonly TimeSpan LongestProof = TimeSpan.FromHours(1);

    private readonly Dictionary<short, TimeSpan> longer = [];
    private readonly PgTrouble trouble = new(address, log);

    /// <summary>Something was found that a person must look at; null: nothing.</summary>
    public string? Alarm { get; private set; }

    /// <summary>Tries each of these slots once.</summary>
    /// <param name="slots">Those that are full.</param>
    /// <param name="end">Cuts a proof short.</param>
    public async Task RunAsync(IReadOnlyList<short> slots, CancellationToken end)
    {
        try
        {
            await using var connection = await source.OpenConnectionAsync(end);
            foreach (var slot in slots)
            {
                await TryAsync(connection, slot, end);
            }

            trouble.Over();
        }
        catch (Exception) when (end.IsCancellationRequested)
        {
            // It goes on with another connection, or another relay does it.
        }
        catch (Exception e) when (PgFaults.IsOne(e) || e is ObjectDisposedException)
        {
            trouble.Tell(e);
        }
    }

    private async Task TryAsync(NpgsqlConnection connection, short slot, CancellationToken end)
    {
        var atMost = longer.GetValueOrDefault(slot, firstProof);
        try
        {
            await EmptyAsync(connection, slot, atMost, end);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.QueryCanceled && !end.IsCancellationRequested)
        {
            longer[slot] = atMost * 2 < LongestProof ? atMost * 2 : LongestProof;
            log.ProofTakesLong(slot, atMost.TotalSeconds, longer[slot].TotalSeconds);
        }
    }

    private async Task EmptyAsync(NpgsqlConnection connection, short slot, TimeSpan atMost, CancellationToken end)
    {
        // The proof is made under a lock, of what is there by then. The snapshot of a stricter isolation is from before the
        // lock: a row that was committed in between would leave unseen. A pooler may have dropped the session's setting.
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, end);
        await using var limit = new NpgsqlCommand("SELECT set_config('statement_timeout', $1, true)", connection);
        var milliseconds = ((long)atMost.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
        limit.Parameters.Add(new NpgsqlParameter<string> { TypedValue = milliseconds });
        await limit.ExecuteNonQueryAsync(end);

        await using var command = new NpgsqlCommand("SELECT state, detail FROM outbox.empty_slot($1)", connection);
        command.CommandTimeout = (int)Math.Ceiling(atMost.TotalSeconds) + 1;
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = slot });
        string state, detail;
        await using (var row = await command.ExecuteReaderAsync(end))
        {
            await row.ReadAsync(end);
            (state, detail) = (row.GetString(0), await row.IsDBNullAsync(1, end) ? "" : row.GetString(1));
        }

        await transaction.CommitAsync(end);
        if (state == "altered")
        {
            await PgAlarms.RaiseAsync(connection, log, PgAlarms.Slot, $"log_{slot}", detail);
            Alarm = detail;
        }
        else if (state == "emptied")
        {
            longer.Remove(slot);
            log.SlotEmptied(slot, detail);
        }
    }
}
