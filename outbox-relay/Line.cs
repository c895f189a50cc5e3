using Microsoft.Extensions.Logging;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Lease;
using Sidecar.OutboxRelay.Publish;
using Sidecar.OutboxRelay.Store;
using Sidecar.OutboxRelay.Telemetry;

namespace Sidecar.OutboxRelay;

/// <summary>Records of which nobody knows whether Kafka has them when a line ends, and the first of them.</summary>
internal readonly record struct LeftBehind(int Unreported, long FirstId);

/// <summary>Stages (4) to (9) of <see cref="Relay"/>, under one lease: windows go in at one end and are settled at the other.</summary>
internal sealed class Line(
    RelayOptions options, IOutboxStore store, KafkaPublisher publisher, RelayTelemetry telemetry, TimeProvider time)
{
    /// <summary>Windows under way: one is read while the other is in Kafka's hands. What a crash can repeat.</summary>
    public const int WindowsUnderWay = 2;

    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SilenceToMention = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LastReports = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ShortestBackoff = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(5);

    private readonly ILogger log = telemetry.Logs.CreateLogger<Line>();
    private readonly TopicDirectory topics = new(publisher, telemetry.Logs.CreateLogger<TopicDirectory>());
    private readonly Queue<Window> underWay = new();
    private RecordMapper mapper = null!;
    private LeaseTerm term = null!;
    private CancellationToken stop;
    private long? stoppedAt;
    private long readTo;
    private bool rewind;
    private bool over;
    private long askedAt;
    private long heardAt;
    private TimeSpan backoff = ShortestBackoff;

    private bool DrainIsOver => stoppedAt is { } at && time.GetElapsedTime(at) >= options.Publish.DrainTimeout;

    /// <summary>Runs until the lease or the database is lost, or until it is told to stop and has drained.</summary>
    public async Task<LeftBehind> RunAsync(string outbox, LeaseTerm leaseTerm, CancellationToken stopToken)
    {
        (term, stop, askedAt) = (leaseTerm, stopToken, time.GetTimestamp());
        mapper = new RecordMapper(options.Publish, outbox, term.Fence.Epoch);
        while (await StaysOursAsync() && !(stop.IsCancellationRequested && (underWay.Count == 0 || DrainIsOver)))
        {
            await AskForTopicsAsync();
            if (!stop.IsCancellationRequested && await ReadAheadAsync())
            {
                continue;
            }

            if (!underWay.TryPeek(out var oldest))
            {
                await IdleAsync();
            }
            else if (await WaitForReportsAsync(oldest))
            {
                await (oldest.AllAcknowledged ? SettleOldestAsync(oldest) : RecoverAsync());
            }
        }

        var unreported = underWay.SelectMany(window => window.Records).Where(r => r.End == RecordEnd.Unknown).ToList();
        return new LeftBehind(unreported.Count, unreported.Count == 0 ? 0 : unreported[0].Row.Id);
    }

    private async Task<bool> StaysOursAsync()
    {
        telemetry.State.Tick();
        if (stop.IsCancellationRequested)
        {
            stoppedAt ??= time.GetTimestamp();
        }

        if (!over && term.UntilRenewal == TimeSpan.Zero)
        {
            var began = time.GetTimestamp();
            if (Done(await store.RenewLeaseAsync(term.Fence, term.Length)))
            {
                term.Renewed(began);
            }
        }

        return !over;
    }

    // (4) (5) (6): true if it is worth to look for more before waiting
    private async Task<bool> ReadAheadAsync()
    {
        // A window that sets rows aside is settled before the next is read, so that the read sees whose key is held.
        if (underWay.Count >= WindowsUnderWay || !term.MaySend || underWay.Any(window => window.Held.Count > 0))
        {
            return false;
        }

        if (rewind || (underWay.Count == 0 && topics.Waiting.Count == 0))
        {
            if (underWay.Count > 0)
            {
                return false;
            }

            // Nothing is under way: reading from the start finds what was left, and costs nothing where nothing was.
            (readTo, rewind) = (0, false);
        }

        var began = time.GetTimestamp();
        var answer = await store.ReadWindowAsync(readTo, topics.Waiting, options.Publish.MaxMessageBytes);
        telemetry.Metrics.PollDuration.Observe(time.GetElapsedTime(began).TotalSeconds);
        if (!Done(answer) || !await KnowTopicsAsync(answer.Value.Rows))
        {
            return false;
        }

        readTo = answer.Value.ReadTo;
        if (answer.Value.Rows.Count == 0)
        {
            return false;
        }

        var window = WindowPlan.Make(answer.Value.Rows, topics.Waits, mapper);
        if (window.Records.Count + window.Held.Count > 0)
        {
            heardAt = underWay.Count == 0 ? time.GetTimestamp() : heardAt;
            underWay.Enqueue(window);
            publisher.Send(window);
        }

        return true;
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

            if (!await StaysOursAsync() || !await topics.AskAsync(row.Topic))
            {
                telemetry.State.Wait(WaitingFor.Kafka, publisher.NoAnswer);
                return false;
            }
        }

        TellTopics();
        return true;
    }

    private async Task AskForTopicsAsync()
    {
        if (time.GetElapsedTime(askedAt) < AskAgainAfter)
        {
            return;
        }

        if (topics.Waiting.Count > 0)
        {
            rewind |= await topics.AskAgainAsync();
            TellTopics();
        }

        if (publisher.SaysDown && underWay.Count == 0)
        {
            var reason = await publisher.AskForBrokersAsync();
            Tell(WaitingFor.Kafka, reason);
        }

        askedAt = time.GetTimestamp();
    }

    private async Task IdleAsync()
    {
        var atMost = term.UntilRenewal < AskAgainAfter ? term.UntilRenewal : AskAgainAfter;
        await store.WaitForNewsAsync(atMost, stop);
    }

    // (7)
    private async Task<bool> WaitForReportsAsync(Window window)
    {
        var wait = term.UntilRenewal < Glance ? term.UntilRenewal + TimeSpan.FromMilliseconds(1) : Glance;
        await window.Reported.WaitAsync(wait, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (window.Reported.IsCompleted)
        {
            heardAt = time.GetTimestamp();
            return true;
        }

        if (time.GetElapsedTime(heardAt) > SilenceToMention)
        {
            telemetry.State.Wait(
                WaitingFor.Kafka, $"{publisher.BootstrapServers} acknowledges nothing: out of reach, or too few replicas in sync");
        }

        return false;
    }

    // (8)
    private async Task SettleOldestAsync(Window window)
    {
        var done = new long[window.Records.Count];
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        for (var i = 0; i < done.Length; i++)
        {
            done[i] = window.Records[i].Row.Id;
            telemetry.Metrics.CommitToPublish.Observe((now - window.Records[i].Row.CreatedMs) / 1000.0);
        }

        if (await SettleAsync(new Settlement(done, window.Held)))
        {
            underWay.Dequeue();
            backoff = ShortestBackoff;
            telemetry.Metrics.BatchRecords.Observe(done.Length + window.Held.Count);
        }
    }

    private async Task<bool> SettleAsync(Settlement settlement)
    {
        while (true)
        {
            var began = time.GetTimestamp();
            var answer = await store.SettleAsync(term.Fence, term.Length, settlement);
            if (Done(answer))
            {
                term.Renewed(began);
                Count(settlement);
                return true;
            }

            // Kafka has these rows: forgetting that because another writer is slow would send them again.
            if (!await StaysOursAsync() || DrainIsOver)
            {
                return false;
            }

            await Task.Delay(ShortestBackoff, time, CancellationToken.None);
        }
    }

    private void Count(Settlement settlement)
    {
        foreach (var held in settlement.Held)
        {
            if (held.Reason != HeldKeys.Behind)
            {
                log.Held(held.Id, held.Reason);
                telemetry.Metrics.Refused.Inc();
            }
        }

        if (settlement.Done.Count > 0)
        {
            telemetry.State.Clear(WaitingFor.Kafka);
            telemetry.Metrics.Acknowledged.Inc(settlement.Done.Count);
            telemetry.Metrics.Deleted.Inc(settlement.Done.Count);
            telemetry.Metrics.LastPublish.Set(time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0);
        }
    }

    // (9)
    private async Task RecoverAsync()
    {
        await Task.WhenAll(underWay.Select(window => window.Reported))
            .WaitAsync(LastReports, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var records = underWay.SelectMany(window => window.Records).ToList();
        var known = new Settlement(Acknowledged(records), [.. underWay.SelectMany(window => window.Held)]);
        if (!await SettleAsync(known))
        {
            return;
        }

        var failed = records.Where(record => record.End != RecordEnd.Acknowledged).ToList();
        telemetry.Metrics.SentAgain.Inc(failed.Count);
        underWay.Clear();
        rewind = true;
        publisher.Rebuild(failed.Select(record => record.Error).FirstOrDefault(error => error is not null) ?? "no report");
        var gone = failed.Where(record => record.End == RecordEnd.NoTopic).ToList();
        gone.ForEach(record => topics.Lost(record.Row.Topic, record.Error!));
        var refused = failed.Where(record => record.End == RecordEnd.Refused).ToList();
        if (refused.Count > 0)
        {
            await FindRefusedAsync(refused);
        }
        else if (gone.Count == 0)
        {
            telemetry.State.Wait(WaitingFor.Kafka, $"{publisher.BootstrapServers} refused to go on: {failed[0].Error}");
            await Task.Delay(backoff, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            backoff = backoff * 2 < LongestBackoff ? backoff * 2 : LongestBackoff;
        }
    }

    private async Task FindRefusedAsync(List<OutgoingRecord> suspects)
    {
        var found = await Bisection.RunAsync(suspects, SendAloneAsync);
        if (await SettleAsync(new Settlement(found.Done, found.Held)) && found.Complete && found.Held.Count == 0)
        {
            publisher.ShrinkBatches(suspects.Count);
            publisher.Rebuild("smaller batches");
        }
    }

    private async Task<bool> SendAloneAsync(Window window)
    {
        heardAt = time.GetTimestamp();
        publisher.Send(window);
        while (!await WaitForReportsAsync(window))
        {
            if (!await StaysOursAsync() || DrainIsOver)
            {
                return false;
            }
        }

        if (!window.AllAcknowledged)
        {
            publisher.Rebuild("looking for a refused record");
        }

        return await StaysOursAsync();
    }

    private static List<long> Acknowledged(List<OutgoingRecord> records) =>
        [.. records.Where(record => record.End == RecordEnd.Acknowledged).Select(record => record.Row.Id)];

    /// <summary>True: the database did it. A problem other than a busy writer ends the term.</summary>
    private bool Done<T>(StoreAnswer<T> answer)
    {
        Tell(WaitingFor.Database, answer.Problem?.Text);
        over |= answer.Problem is { Fault: not StoreFault.Busy };
        return answer.Problem is null;
    }

    private void TellTopics() => Tell(WaitingFor.Topic, topics.Reason);

    private void Tell(WaitingFor what, string? reason)
    {
        if (reason is null)
        {
            telemetry.State.Clear(what);
        }
        else
        {
            telemetry.State.Wait(what, reason);
        }
    }
}
