using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Dispatch;

/// <summary>
/// Puts events of one subscription into its retry topics, several at a time, and tells the dispatcher when Kafka has
/// acknowledged them: only then is an event done where it was read. What cannot be written is tried again until it can,
/// or its partition is taken away; its key waits meanwhile.
/// </summary>
public sealed class ResendWriter(
    Dispatcher dispatcher, IDeadLetterProducer producer, RetryTopicNames names, ResendReport report, TimeProvider time)
{
    /// <summary>Copies on their way at a time.</summary>
    public const int Slots = DeadLetterWriter.Slots;

    private Task running = Task.CompletedTask;

    /// <summary>Ends when all slots have ended, after the dispatcher has. A failure is a bug, and the end of the process.</summary>
    public Task Completion => running;

    /// <summary>Starts the slots, once.</summary>
    public void Start() => running = Task.WhenAll(Enumerable.Range(0, Slots).Select(_ => RunSlotAsync()));

    private async Task RunSlotAsync()
    {
        await foreach (var pending in dispatcher.Retries.Pending.ReadAllAsync())
        {
            await WriteAsync(pending);
        }
    }

    private async Task WriteAsync(PendingResend pending)
    {
        var queued = pending.Queued;
        var worker = queued.Worker;
        var resend = new Resend(ProvenanceOf(pending), pending.DueMs, LetterDetail.Full) { Delays = queued.Delays };
        var address = names.AddressOf(pending.Delay);
        var pause = DeadLetterWriter.FirstPause;
        while (!worker.Closing.IsCancellationRequested)
        {
            var sent = await AcknowledgedAsync(queued, address, resend);
            switch (sent.End)
            {
                // Its place tells the copy from others of the same event. One whose place is not known is no copy.
                case ProduceEnd.Acknowledged when sent.Offset >= 0:
                    dispatcher.Retries.Problem(worker, null);
                    dispatcher.Resent(queued, new RetryPlace(pending.Delay, sent.Offset) { DueMs = pending.DueMs });
                    report.Written(address.Topic, resend.Provenance);
                    return;
                case ProduceEnd.Acknowledged:
                    continue;
                case ProduceEnd.TooLarge when resend.Detail != LetterDetail.Bare:
                    resend = resend with { Detail = resend.Detail + 1 };
                    continue;
                case ProduceEnd.TooLarge:
                    dispatcher.Stand(worker, $"retry_too_large at offset {queued.Record.Position.Offset}: {sent.Reason}");
                    GiveUp(queued);
                    report.TooLarge(address.Topic, resend.Provenance, sent.Reason);
                    return;
                case ProduceEnd.NoTopic or ProduceEnd.Failed:
                    Fails(queued, address.Topic, sent.Reason);
                    break;
            }

            await Task.Delay(pause, time, worker.Closing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pause = pause * 2 < DeadLetterWriter.LongestPause ? pause * 2 : DeadLetterWriter.LongestPause;
        }

        // Its partition was taken away: whoever owns it next delivers the event again.
        GiveUp(queued);
    }

    private async Task<ProduceOutcome> AcknowledgedAsync(QueuedEvent queued, LetterAddress address, Resend resend)
    {
        var sending = producer.ResendAsync(queued.Record, address, resend);
        try
        {
            // The record was copied by the producer: it may be let go before the answer, when the partition is.
            try
            {
                return await sending.WaitAsync(DeadLetterWriter.Patience, time, queued.Worker.Cancellation);
            }
            catch (TimeoutException)
            {
                Fails(
                    queued,
                    address.Topic,
                    $"Kafka has not acknowledged it within {DeadLetterWriter.Patience.TotalSeconds:0} s; waiting on");
            }

            return await sending.WaitAsync(queued.Worker.Cancellation);
        }
        catch (OperationCanceledException)
        {
            return new ProduceOutcome(ProduceEnd.Failed, "the partition was taken away");
        }
    }

    private Provenance ProvenanceOf(PendingResend pending)
    {
        var queued = pending.Queued;
        return new Provenance(
            queued.Record.Position,
            queued.Record.TimestampMs,
            queued.Attempts,
            queued.FirstFailureMs,
            time.GetUtcNow().ToUnixTimeMilliseconds(),
            pending.Outcome,
            pending.Reason)
        {
            Replays = queued.Replays,
        };
    }

    private void Fails(QueuedEvent queued, string topic, string reason)
    {
        dispatcher.Retries.Problem(queued.Worker, $"{topic}: {reason}");
        report.Fails(queued, topic, reason);
    }

    private void GiveUp(QueuedEvent queued)
    {
        report.GivesUp(queued);
        dispatcher.Ended(queued, Step.Abandon);
    }
}
