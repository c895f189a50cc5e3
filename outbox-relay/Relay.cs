using Microsoft.Extensions.Logging;
using Sidecar.OutboxRelay.Lease;
using Sidecar.OutboxRelay.Publish;
using Sidecar.OutboxRelay.Store;
using Sidecar.OutboxRelay.Telemetry;

namespace Sidecar.OutboxRelay;

/// <summary>
/// The line from the database to Kafka. One loop owns the database connection, the producer and the lease:
/// <code>
/// (1) open the outbox        wait for the file and its schema
/// (2) reach Kafka            wait for a broker
/// (3) take the lease         or stand by until it is free
///     then, while it is ours (Line, under a Tenure):
/// (4) read a window          rows by id, bounded by rows and bytes; at most two windows are under way
/// (5) plan it                send, set aside, or leave; a topic is asked for before its first row
/// (6) send it                idempotent, no gap; nothing waits for a single row
/// (7) wait for the reports   renewing the lease meanwhile
/// (8) settle it              delete what is acknowledged and move what is held, fenced, in one transaction
/// (9) recover                after a refusal or a broken producer: settle what is known, find the refused (Recovery),
///                            and read again
/// </code>
/// Everything that is not acknowledged stays in the outbox, so each stage may stop at any point.
/// </summary>
public sealed class Relay(
    RelayOptions options, IOutboxStore store, KafkaPublisher publisher, RelayTelemetry telemetry)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private readonly TimeProvider time = telemetry.Time;
    private readonly ILogger log = telemetry.Logs.CreateLogger<Relay>();
    private readonly string owner = $"{Environment.MachineName}/{Environment.ProcessId}/{Guid.NewGuid():N}";

    /// <summary>Runs until it is told to stop, then drains and gives the lease back. Does not end otherwise.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        telemetry.State.Begin();
        publisher.Start();
        while (!stop.IsCancellationRequested)
        {
            telemetry.State.Tick();
            var outbox = await OpenAsync();
            var reached = await ReachKafkaAsync();
            if (outbox is null || !reached)
            {
                await WaitAsync(Pause, stop);
            }
            else if (await TakeLeaseAsync(stop) is { } term)
            {
                await HoldAsync(outbox, term, stop);
            }
        }
    }

    // (1)
    private async Task<string?> OpenAsync()
    {
        var answer = await store.OpenAsync();
        if (answer.Problem is { } problem)
        {
            telemetry.State.Wait(WaitingFor.Database, problem.Text);
            return null;
        }

        telemetry.State.Clear(WaitingFor.Database);
        return answer.Value;
    }

    // (2)
    private async Task<bool> ReachKafkaAsync()
    {
        publisher.TakePassword();
        if (await publisher.AskForBrokersAsync() is { } reason)
        {
            telemetry.State.Wait(WaitingFor.Kafka, reason);
            return false;
        }

        telemetry.State.Clear(WaitingFor.Kafka);
        return true;
    }

    // (3)
    private async Task<LeaseTerm?> TakeLeaseAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            telemetry.State.Tick();
            var began = time.GetTimestamp();
            var taken = await store.TakeLeaseAsync(owner, options.Lease.Length);
            if (taken.Problem is { } problem)
            {
                telemetry.State.Wait(WaitingFor.Database, problem.Text);
                await WaitAsync(Pause, stop);
                return null;
            }

            if (taken.Value.Fence is { } fence)
            {
                telemetry.State.Clear(WaitingFor.Lease);
                return new LeaseTerm(fence, options.Lease.Length, time, began);
            }

            telemetry.State.Wait(WaitingFor.Lease, taken.Value.HeldBy);
            await WaitAsync(Pause, stop);
        }

        return null;
    }

    // (4) to (9), and the end of the term
    private async Task HoldAsync(string outbox, LeaseTerm term, CancellationToken stop)
    {
        log.LeaseTaken(term.Fence.Epoch, outbox);
        telemetry.Metrics.Epoch.Set(term.Fence.Epoch);
        telemetry.Metrics.Leader.Set(1);
        var tenure = new Tenure(options.Publish, store, telemetry, term, stop);
        var mapper = new RecordMapper(options.Publish, outbox);
        var left = await new Line(store, publisher, mapper, tenure, telemetry).RunAsync();
        telemetry.Metrics.Leader.Set(0);

        if (left.Unreported > 0 && !stop.IsCancellationRequested)
        {
            publisher.Rebuild("the lease has ended with records under way");
        }
        else if (left.Unreported > 0)
        {
            log.LeftBehind(left.Unreported, left.FirstId);
            publisher.Dispose();
        }

        var released = await store.ReleaseLeaseAsync(term.Fence);
        log.LeaseEnded(term.Fence.Epoch, released.Problem?.Text ?? "given back");
    }

    private async Task WaitAsync(TimeSpan wait, CancellationToken stop) =>
        await Task.Delay(wait, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
