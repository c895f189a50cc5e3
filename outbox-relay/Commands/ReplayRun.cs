using Sidecar.OutboxRelay.Upkeep;

namespace Sidecar.OutboxRelay.Commands;

/// <summary>One replay: chunk after chunk, with its progress on standard error.</summary>
internal sealed class ReplayRun(PgReplayLog log, ReplaySender sender, ReplayRange range, int rate)
{
    private static readonly TimeSpan TellEvery = TimeSpan.FromSeconds(2);

    private readonly TimeProvider time = TimeProvider.System;

    /// <summary>Sends everything that was found, or says from which id to go on.</summary>
    public async Task<int> RunAsync(ReplayFound found, CancellationToken stop)
    {
        // What becomes settled meanwhile was sent just now.
        var bounded = range with { To = found.Last };
        var (sent, after, told) = (0L, found.First!.Value - 1, time.GetTimestamp());
        var began = time.GetTimestamp();
        while (!stop.IsCancellationRequested)
        {
            var chunk = rate is > 0 and < PgReplayLog.ChunkRows ? rate : PgReplayLog.ChunkRows;
            var rows = await log.ReadAsync(bounded, after, chunk);
            if (rows.Problem is { } problem)
            {
                return Stopped(sent, after + 1, problem.Text);
            }

            if (rows.Value.Count == 0)
            {
                // A slot that was emptied meanwhile took rows with it.
                return sent < found.Rows
                    ? Answers.Fail($"{sent} of {found.Rows} rows sent: the rest left the log with its slot meanwhile")
                    : Answers.Say($"{sent} rows sent, from id {found.First} to {found.Last}");
            }

            var done = await sender.SendAsync(rows.Value);
            sent += done.Sent;
            if (done.Problem is { } failed)
            {
                return Stopped(sent, rows.Value[done.Sent].Id, failed);
            }

            after = rows.Value[^1].Id;
            if (time.GetElapsedTime(told) > TellEvery)
            {
                told = time.GetTimestamp();
                await Console.Error.WriteLineAsync($"{sent} of {found.Rows} rows sent, up to id {after}");
            }

            await PaceAsync(sent, began, stop);
        }

        Stopped(sent, after + 1, "interrupted");
        return Answers.Interrupted;
    }

    private static int Stopped(long sent, long next, string why) =>
        Answers.Fail($"{why}; {sent} rows sent. Go on with --from {next}");

    private async Task PaceAsync(long sent, long began, CancellationToken stop)
    {
        if (rate > 0 && TimeSpan.FromSeconds((double)sent / rate) - time.GetElapsedTime(began) is var ahead &&
            ahead > TimeSpan.Zero)
        {
            await Task.Delay(ahead, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
