using Microsoft.Extensions.Logging;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Publish;
using Sidecar.OutboxRelay.Store;
using Sidecar.OutboxRelay.Telemetry;

namespace Sidecar.OutboxRelay;

/// <summary>Records of which nobody knows whether Kafka has them when a line ends, and the first of them.</summary>
internal readonly record struct LeftBehind(int Unreported, long FirstId);

/// <summary>Stages (4) to (8) of <see cref="Relay"/>: windows go in at one end and are settled at the other.</summary>
internal sealed class Line
{
    /// <summary>Windows under way: one is read while the other is in Kafka's hands. What a crash can repeat.</summary>
    public const int WindowsUnderWay = 2;

    /// <summary>How old the knowledge of a topic may be: which topic of its name it is.</summary>
    public static readonly TimeSpan CheckTopicsEvery = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(1);

    private readonly IOutboxStore store;
    private readonly KafkaPublisher publisher;
    private readonly RecordMapper mapper;
    private readonly Tenure tenure;
    private readonly RelayTelemetry telemetry;
    private readonly TopicDirectory topics;
    private readonly Recovery recovery;
    private readonly Queue<Window> underWay = new();
    private Window? following;
    private bool rewind;
    private long askedAt;
    private long checkedAt;

    public Line(
        IOutboxStore store, KafkaPublisher publisher, RecordMapper mapper, Tenure tenure, RelayTelemetry telemetry)
    {
        (this.store, this.publisher, this.mapper) = (store, publisher, mapper);
        (this.tenure, this.telemetry) = (tenure, telemetry);
        topics = new TopicDirectory(publisher, telemetry.Logs.CreateLogger<TopicDirectory>());
        recovery = new Recovery(publisher, topics, tenure, telemetry);
        askedAt = checkedAt = telemetry.Time.GetTimestamp();
    }

    private bool IsStopping => tenure.Stop.IsCancellationRequested;

    // Of a window of which some rows went first, the others follow: a store that keeps its place in a line would repeat those.
    private bool HasFinished => underWay.Count == 0 && (following is null || !tenure.MayFinish);

    /// <summary>Runs until the tenure is over, or until it is told to stop and has drained.</summary>
    public async Task<LeftBehind> RunAsync()
    {
        while (await tenure.GoesOnAsync() && !(IsStopping && (HasFinished || tenure.DrainIsOver)))
        {
            await AskForTopicsAsync();
            if (await ReadAheadAsync())
            {
                continue;
            }

            if (!underWay.TryPeek(out var oldest))
            {
                var untilRenewal = tenure.UntilRenewal;
                await store.WaitForNewsAsync(untilRenewal < AskAgainAfter ? untilRenewal : AskAgainAfter, tenure.Stop);
            }
            else if (await tenure.IsDecidedAsync(oldest) && !oldest.HasFailed)
            {
                await SettleAsync(oldest);
            }
            else if (underWay.Any(window => window.HasFailed))
            {
                await RecoverAsync();
            }
        }

        var unreported = underWay.SelectMany(window => window.Records).Where(r => r.End == RecordEnd.Unknown).ToList();
        return new LeftBehind(unreported.Count, unreported.Count == 0 ? 0 : unreported[0].Row.Id);
    }

    // (4) (5) (6): true if it is worth to look for more before waiting
    private async Task<bool> ReadAheadAsync()
    {
        if (following is { } kept && underWay.Count == 0 && tenure.MayFinish)
        {
            following = null;
            Send(kept);
            return true;
        }

        // A window that sets rows aside is settled before the next is read, so that the read sees whose key is held.
        if (following is not null || underWay.Count >= WindowsUnderWay || !tenure.MaySend ||
            underWay.Any(window => window.Held.Count > 0) || (rewind && underWay.Count > 0))
        {
            return false;
        }

        // Nothing is under way: reading from the start finds what was left, and costs nothing where nothing was.
        var fromStart = rewind || (underWay.Count == 0 && topics.Waiting.Count == 0);
        var began = telemetry.Time.GetTimestamp();
        var answer = await store.ReadWindowAsync(fromStart, topics.Waiting, mapper.MaxMessageBytes);
        telemetry.Metrics.PollDuration.Observe(telemetry.Time.GetElapsedTime(began).TotalSeconds);
        if (!tenure.Did(answer))
        {
            return false;
        }

        // Rows that were handed out and are not sent are read again.
        rewind = !await KnowTopicsAsync(answer.Value);
        if (rewind || answer.Value.Count == 0)
        {
            return false;
        }

        var window = WindowPlan.Make(answer.Value, topics.Waits, mapper);
        if (window.Records.Count + window.Held.Count > 0)
        {
            Send(window);
        }

        return true;
    }

    // (6)
    private void Send(Window window)
    {
        if (publisher.GoFirst(window.Records) is { Count: > 0 } first)
        {
            // Kept back until these are settled; nothing is read meanwhile.
            following = new Window([.. window.Records.Except(first)], window.Held);
            window = new Window(first, []);
        }

        if (underWay.Count == 0)
        {
            tenure.BeginWait();
        }

        underWay.Enqueue(window);
        publisher.Send(window);
    }

    private async Task<bool> KnowTopicsAsync(IReadOnlyList<OutboxRow> rows)
    {
        string? last = null;
        foreach (var row in rows)
        {
            if (ReferenceEquals(row.Topic, last) || !topics.IsNew(last = row.Topic))
            {
                continue;
            }

            if (!await tenure.GoesOnAsync())
            {
                return false;
            }

            if (!await topics.AskAsync(row.Topic))
            {
                tenure.Tell(WaitingFor.Kafka, publisher.NoAnswer);
                return false;
            }

            if (!await EnterTopicAsync(row.Topic))
            {
                return false;
            }
        }

        tenure.Tell(WaitingFor.Topic, topics.Reason);
        return true;
    }

    // False: nothing is sent now.
    private async Task<bool> EnterTopicAsync(string topic)
    {
        if (!store.KeepsTopicIds || topics.Waits(topic))
        {
            return true;
        }

        if (await publisher.AskForTopicIdAsync(topic) is not { } id)
        {
            tenure.Tell(WaitingFor.Kafka, publisher.NoAnswer);
        }
        else if (id.Length == 0 || tenure.Did(await store.EnterTopicAsync(topic, id)))
        {
            return true;
        }

        topics.Forget(topic);
        return false;
    }

    private async Task AskForTopicsAsync()
    {
        if (store.KeepsTopicIds && telemetry.Time.GetElapsedTime(checkedAt) >= CheckTopicsEvery)
        {
            // One that was deleted and made again between two records is noticed by nobody else.
            topics.Forget();
            checkedAt = telemetry.Time.GetTimestamp();
        }

        if (telemetry.Time.GetElapsedTime(askedAt) < AskAgainAfter)
        {
            return;
        }

        publisher.TakePassword();
        if (topics.Waiting.Count > 0)
        {
            rewind |= await topics.AskAgainAsync();
            tenure.Tell(WaitingFor.Topic, topics.Reason);
        }

        if (publisher.IsSuspect && underWay.Count == 0)
        {
            tenure.Tell(WaitingFor.Kafka, await publisher.AskForBrokersAsync());
        }

        askedAt = telemetry.Time.GetTimestamp();
    }

    // (8)
    private async Task SettleAsync(Window window)
    {
        var done = new long[window.Records.Count];
        var now = telemetry.Time.GetUtcNow().ToUnixTimeMilliseconds();
        for (var i = 0; i < done.Length; i++)
        {
            done[i] = window.Records[i].Row.Id;
            var waited = Math.Max(0, now - window.Records[i].Row.CreatedMs);    // the clocks may differ
            telemetry.Metrics.CommitToPublish.Observe(waited / 1000.0);
        }

        if (await tenure.SettleAsync(new Settlement(done, window.Held)))
        {
            underWay.Dequeue();
            if (following is not null && underWay.Count == 0)
            {
                foreach (var changed in publisher.WentFirst(window.Records))
                {
                    topics.Forget(changed);
                }
            }

            recovery.WentThrough();
            telemetry.Metrics.BatchRecords.Observe(done.Length + window.Held.Count);
        }
    }

    // (9)
    private async Task RecoverAsync()
    {
        if (await recovery.RunAsync(underWay))
        {
            underWay.Clear();
            following = null;
            rewind = true;
        }
    }
}
