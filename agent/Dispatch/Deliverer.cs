using Grpc.Core;
using Sidecar.Agent.Admission;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.Telemetry;

namespace Sidecar.Agent.Dispatch;

/// <summary>
/// Stage 4: brings the events of one subscription to the application, as many at a time as the subscription may. Each
/// slot is one loop that lives as long as the subscription: take, attempt, give back the outcome, again.
/// </summary>
public sealed class Deliverer(
    Dispatcher dispatcher, IDeliveryClient client, DeliveryMetrics metrics, DeliveryReport report, TimeProvider time)
{
    private static readonly AttemptOutcome Expired = new(AttemptEnd.Expired, StatusCode.OK, "older than max-age", null);

    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int started;
    private int running;

    /// <summary>Who writes dead letters; null: nothing ends so.</summary>
    public DeadLetterWriter? DeadLetters { get; init; }

    /// <summary>Names each attempt.</summary>
    public DeliveryIds Ids { get; init; } = new();

    /// <summary>Ends when all slots have ended. A failure is a bug, and the end of the process.</summary>
    public Task Completion => started == 0 ? Task.CompletedTask : ended.Task;

    /// <summary>
    /// Starts slots until there are so many; never at the same time as itself. There may be more than deliveries are let
    /// into flight: a slot without one costs nothing.
    /// </summary>
    /// <param name="slots">Deliveries in flight at a time.</param>
    public void Start(int slots)
    {
        var more = Math.Max(0, slots - started);
        started += more;
        Interlocked.Add(ref running, more);
        for (; more > 0; more--)
        {
            _ = KeepSlotAsync();
        }
    }

    private async Task KeepSlotAsync()
    {
        try
        {
            await RunSlotAsync(new DeliverySlot());
        }
        catch (Exception bug)
        {
            // Whoever started it learns of it through Completion, and ends the process.
            ended.TrySetException(bug);
        }

        if (Interlocked.Decrement(ref running) == 0)
        {
            ended.TrySetResult();
        }
    }

    private async Task RunSlotAsync(DeliverySlot slot)
    {
        while (await dispatcher.TakeAsync(slot) is { } queued)
        {
            var began = time.GetTimestamp();
            var attempt = new Attempt(
                queued.Attempts + 1, Ids.Next(), queued.FirstSeenMs);
            var position = queued.Record.Position;
            var producedMs = queued.Record.TimestampMs;

            var outcome = Expired;
            if (!queued.IsExpired)
            {
                outcome = await client.DeliverAsync(queued.Record, attempt, queued.Worker.Cancellation);
                metrics.Attempted(outcome, time.GetElapsedTime(began));
            }

            var finished = dispatcher.Finish(queued, outcome);
            if (finished.Step == Step.Complete && queued.IsExpired)
            {
                metrics.Expired();
            }
            else if (finished.Step == Step.Complete)
            {
                var latencyMs = time.GetUtcNow().ToUnixTimeMilliseconds() - producedMs;
                metrics.Delivered(producedMs < 0 ? 0 : Math.Max(latencyMs, 0) / 1000.0);
            }

            if (finished.Step != Step.Complete || finished.Turn != BreakerTurn.None || finished.WasProbe)
            {
                report.Of(finished, outcome, position, queued);
            }

            if (finished.Step == Step.DeadLetter)
            {
                DeadLetters!.Write(queued, outcome);
            }
        }
    }
}
