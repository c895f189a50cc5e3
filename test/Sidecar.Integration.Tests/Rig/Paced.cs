using Sidecar.TestKit;

namespace Sidecar.Integration.Tests.Rig;

/// <summary>Produces at a steady rate on a thread of its own until it is stopped.</summary>
internal sealed class Paced : IAsyncDisposable
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(10);

    private readonly CancellationTokenSource stop = new();
    private readonly Task running;

    public Paced(Records records, Ledger ledger, int eventsPerSecond) =>
        running = Task.Run(() => RunAsync(records, ledger, eventsPerSecond));

    /// <summary>Ends when the last record is in Kafka.</summary>
    public async Task StopAsync()
    {
        await stop.CancelAsync();
        await running;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        stop.Dispose();
    }

    private async Task RunAsync(Records records, Ledger ledger, int eventsPerSecond)
    {
        var (begin, count) = (TimeProvider.System.GetTimestamp(), 0);
        using var beat = new PeriodicTimer(Beat, TimeProvider.System);
        while (!stop.IsCancellationRequested)
        {
            await beat.WaitForNextTickAsync(CancellationToken.None);
            var due = TimeProvider.System.GetElapsedTime(begin).TotalSeconds * eventsPerSecond;
            for (; count < due; count++) records.AddOne(ledger);
        }

        records.Flush();
    }
}
