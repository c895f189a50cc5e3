using System.Threading.Channels;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Telemetry;

namespace Sidecar.Agent.Dispatch;

/// <summary>
/// Writes the dead letters of one subscription, several at a time, and tells the dispatcher when Kafka has acknowledged
/// them: only then is an event done. What cannot be written is tried again until it can, or its partition is taken away;
/// its key waits meanwhile, and other keys go on within the partition's window.
/// </summary>
public sealed class DeadLetterWriter(
    Dispatcher dispatcher, IDeadLetterProducer producer, LetterAddress address, DeadLetterReport report, TimeProvider time)
{
    /// <summary>Letters on their way at a time.</summary>
    public const int Slots = 256;

    /// <summary>A letter that is not acknowledged for this long is said; it is still waited for.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>The pause after a failure, doubled with each one up to the longest.</summary>
    public static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest pause between two tries.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    // Its length is bounded by the windows of the partitions: what is in it is open in their ledgers.
    private readonly Channel<Ending> endings = Channel.CreateUnbounded<Ending>();
    private readonly Lock guard = new();
    private Task<string?>? looking;
    private Task running = Task.CompletedTask;

    /// <summary>Ends when all slots have ended. A failure is a bug, and the end of the process.</summary>
    public Task Completion => running;

    /// <summary>The topic may be created where it is absent.</summary>
    public bool MayCreate { get; init; }

    /// <summary>Starts the slots, once, and looks for the topic: that it is absent is better known before it is needed.</summary>
    public void Start(CancellationToken stop) => running = Task.WhenAll(
        [LookForTopicAsync(stop), .. Enumerable.Range(0, Slots).Select(_ => RunSlotAsync())]);

    /// <summary>Takes over an event that came to its end.</summary>
    internal void Write(QueuedEvent queued, AttemptOutcome outcome)
    {
        var record = queued.Record;
        var provenance = new Provenance(
            record.Position,
            record.TimestampMs,
            queued.Attempts,
            queued.FirstFailureMs,
            time.GetUtcNow().ToUnixTimeMilliseconds(),
            EndReason.Of(outcome.End),
            outcome.Reason)
        {
            Replays = queued.Replays,
        };
        endings.Writer.TryWrite(new Ending(queued, provenance));
    }

    /// <summary>Takes over a record of a retry topic that is no copy of ours: it is kept as it is.</summary>
    internal void WriteForeign(QueuedEvent queued, string reason)
    {
        var nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        var record = queued.Record;
        endings.Writer.TryWrite(new Ending(
            queued, new Provenance(record.Position, record.TimestampMs, 0, nowMs, nowMs, EndReason.ForeignRetry, reason)));
    }

    /// <summary>No more letters come; ends the slots.</summary>
    public void Stop() => endings.Writer.TryComplete();

    private async Task LookForTopicAsync(CancellationToken stop)
    {
        for (var pause = FirstPause; !stop.IsCancellationRequested; pause = Longer(pause))
        {
            var look = EnsureTopicAsync();
            await ((Task)look.WaitAsync(stop)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stop.IsCancellationRequested)
            {
                return;
            }

            var problem = await look;
            report.TopicIs(problem);
            if (problem is null)
            {
                return;
            }

            await Task.Delay(pause, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Each look takes a client of its own: all that miss the topic at a time share one.</summary>
    private Task<string?> EnsureTopicAsync()
    {
        lock (guard)
        {
            return looking is { IsCompleted: false } ? looking : looking = producer.EnsureTopicAsync(address.Topic, MayCreate);
        }
    }

    private async Task RunSlotAsync()
    {
        await foreach (var ending in endings.Reader.ReadAllAsync())
        {
            await EndAsync(ending);
        }
    }

    private async Task EndAsync(Ending ending)
    {
        var (queued, provenance) = ending;
        var worker = queued.Worker;
        var detail = LetterDetail.Full;
        for (var pause = FirstPause; !worker.Closing.IsCancellationRequested; pause = Longer(pause))
        {
            var sent = await AcknowledgedAsync(ending, detail);
            switch (sent.End)
            {
                case ProduceEnd.Acknowledged:
                    dispatcher.LetterProblem(worker, null);
                    dispatcher.Ended(queued, Step.Complete);
                    report.Written(provenance);
                    return;
                case ProduceEnd.TooLarge when detail != LetterDetail.Bare:
                    // The others of its batch may be what was too large, then our own headers.
                    detail++;
                    continue;
                case ProduceEnd.TooLarge:
                    dispatcher.Stand(worker, $"dead_letter_too_large at offset {provenance.Origin.Offset}: {sent.Reason}");
                    GiveUp(queued);
                    report.TooLarge(provenance, sent.Reason);
                    return;
                case ProduceEnd.NoTopic when await EnsureTopicAsync() is { } missing:
                    Fails(queued, missing);
                    break;
                case ProduceEnd.NoTopic:
                    break;
                case ProduceEnd.Failed:
                    Fails(queued, sent.Reason);
                    break;
            }

            await Task.Delay(pause, time, worker.Closing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        // Its partition was taken away: whoever owns it next delivers the event again.
        GiveUp(queued);
    }

    private async Task<ProduceOutcome> AcknowledgedAsync(Ending ending, LetterDetail detail)
    {
        var worker = ending.Queued.Worker;
        var sending = producer.SendAsync(ending.Queued.Record, address, ending.Provenance, detail);
        try
        {
            // The record was copied by the producer: it may be let go before the answer, when the partition is.
            try
            {
                return await sending.WaitAsync(Patience, time, worker.Cancellation);
            }
            catch (TimeoutException)
            {
                Fails(ending.Queued, $"Kafka has not acknowledged it within {Patience.TotalSeconds:0} s; waiting on");
            }

            return await sending.WaitAsync(worker.Cancellation);
        }
        catch (OperationCanceledException)
        {
            return new ProduceOutcome(ProduceEnd.Failed, "the partition was taken away");
        }
    }

    private void Fails(QueuedEvent queued, string reason)
    {
        dispatcher.LetterProblem(queued.Worker, $"{address.Topic}: {reason}");
        report.Fails(queued, reason);
    }

    private void GiveUp(QueuedEvent queued)
    {
        report.GivesUp(queued);
        dispatcher.Ended(queued, Step.Abandon);
    }

    private static TimeSpan Longer(TimeSpan pause) => pause * 2 < LongestPause ? pause * 2 : LongestPause;

    private sealed record Ending(QueuedEvent Queued, Provenance Provenance);
}
