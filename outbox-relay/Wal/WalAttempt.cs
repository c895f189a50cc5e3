using System.Security.Cryptography;
using Npgsql;
using Sidecar.OutboxRelay.Lanes;

namespace Sidecar.OutboxRelay.Wal;

/// <summary>What came of making a slot: where it begins, or why there is none.</summary>
internal sealed record SlotMade(Snapshot? Beginning, WalProblem? Problem);

/// <summary>
/// One life of the stream: from the wish for a slot to its end. It owns the two tasks that wait for the server, one after
/// the other, and ends them.
/// </summary>
internal sealed class WalAttempt : IAsyncDisposable
{
    private const int EndAttempts = 10;

    private static readonly TimeSpan EndWait = TimeSpan.FromMilliseconds(500);

    private readonly WalPlace place;
    private readonly CancellationTokenSource ending = new();
    private readonly WalStream stream;
    private Task<WalProblem>? running;

    public WalAttempt(WalPlace place)
    {
        this.place = place;
        Token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        stream = new WalStream(place.ConnectionString, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6)), place.Time);
        Made = MakeAsync(place.Source);
    }

    /// <summary>What our markers begin with; a secret between this relay and the log.</summary>
    public string Token { get; }

    /// <summary>The slot's name on the server.</summary>
    public string SlotName => stream.SlotName;

    /// <summary>Where the slot begins, once it is there.</summary>
    public Task<SlotMade> Made { get; }

    /// <summary>What was received.</summary>
    public WalBuffer Buffer { get; } = new(WalOptions.BufferBytes);

    /// <summary>Why it has ended; null: it has not.</summary>
    public WalProblem? Problem
    {
        get
        {
            if ((Made.Exception ?? running?.Exception) is { } bug)
            {
                throw new InvalidOperationException("the way through the log failed", bug);    // not silence for ever
            }

            return Made is { IsCompletedSuccessfully: true, Result.Problem: { } none } ? none
                : running is { IsCompletedSuccessfully: true, Result: var ended } ? ended
                : null;
        }
    }

    /// <summary>Follows the stream from here on.</summary>
    public void Run(PgOutputDecoder decoder) => running = RunAsync(decoder);

    /// <summary>Ends the connection and the slot with it.</summary>
    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        var ended = Task.WhenAll(Made, running ?? Task.CompletedTask);
        for (var i = 0; i < EndAttempts; i++)
        {
            await ended.WaitAsync(EndWait, place.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (ended.IsCompleted)
            {
                break;
            }

            // A cancellation that meets the beginning of the stream is lost on its way; the server ends it for certain.
            await TerminateAsync();
        }

        if (!ended.IsCompleted)
        {
            return;    // the server cannot be reached: the kernel ends the connection, and the server the slot
        }

        await stream.DisposeAsync();
        ending.Dispose();
        await ended;
    }

    private async Task TerminateAsync()
    {
        try
        {
            var settings = new NpgsqlConnectionStringBuilder(place.ConnectionString) { Pooling = false };
            await using var connection = new NpgsqlConnection(settings.ConnectionString);
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand(
                "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1", connection);
            command.Parameters.Add(new() { Value = SlotName });
            await command.ExecuteNonQueryAsync();
        }
        catch (Exception e) when (WalFaults.IsOne(e))
        {
            // It is tried again.
        }
    }

    private async Task<SlotMade> MakeAsync(NpgsqlDataSource source)
    {
        try
        {
            await using (var asking = source.CreateCommand("SELECT current_setting('wal_level')"))
            {
                if (await asking.ExecuteScalarAsync(ending.Token) is not "logical")
                {
                    return new SlotMade(null, WalFaults.NotLogical);
                }
            }

            return new SlotMade(await stream.MakeSlotAsync(source, ending.Token), null);
        }
        catch (Exception e) when (WalFaults.IsOne(e))
        {
            return new SlotMade(null, WalFaults.Explain(e));
        }
    }

    private async Task<WalProblem> RunAsync(PgOutputDecoder decoder)
    {
        try
        {
            await stream.RunAsync(decoder, Buffer, ending.Token);
            return new WalProblem(WalLoss.Broken, "the server ended the stream");
        }
        catch (Exception e) when (WalFaults.IsOne(e))
        {
            return WalFaults.Explain(e);
        }
        finally
        {
            Buffer.Tell();
        }
    }
}
