using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Publish;
using Sidecar.OutboxRelay.Store;
using Sidecar.OutboxRelay.Telemetry;

namespace Sidecar.OutboxRelay;

/// <summary>
/// Stage (9) of <see cref="Relay"/>: some of the windows under way did not go through. What is known is settled, the
/// producer is made again, and what a broker refused is found. Everything else stays in the outbox and is read again.
/// </summary>
internal sealed class Recovery(KafkaPublisher publisher, TopicDirectory topics, Tenure tenure, RelayTelemetry telemetry)
{
    private static readonly TimeSpan LastReports = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ShortestBackoff = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(5);

    private TimeSpan backoff = ShortestBackoff;

    /// <summary>A window went through: the next failure is a new one.</summary>
    public void WentThrough() => backoff = ShortestBackoff;

    /// <summary>Recovers; false: the tenure is over.</summary>
    public async Task<bool> RunAsync(IReadOnlyCollection<Window> underWay)
    {
        await LastReportsAsync(underWay);
        var records = underWay.SelectMany(window => window.Records).ToList();
        var done = records.Where(record => record.End == RecordEnd.Acknowledged).Select(record => record.Row.Id);

        // What waits for its topic is planned again after what failed before it: set aside now, it could go out before.
        var held = underWay.SelectMany(window => window.Held).Where(row => row.Kind != HeldKind.Waiting);
        if (!await tenure.SettleAsync(new Settlement([.. done], [.. held])))
        {
            return false;
        }

        var failed = records.Where(record => record.End != RecordEnd.Acknowledged).ToList();
        telemetry.Metrics.SentAgain.Inc(failed.Count);
        await TreatAsync(failed);
        return true;
    }

    private async Task TreatAsync(List<OutgoingRecord> failed)
    {
        var error = failed.Select(record => record.Error).FirstOrDefault(text => text is not null) ?? "no report";
        var refused = failed.Where(record => record.End == RecordEnd.Refused).ToList();
        var gone = failed.Where(record => record.End == RecordEnd.NoTopic).ToList();
        gone.ForEach(record => topics.Lost(record.Row.Topic, record.Error!));

        // A batch of several that is too large may hold no record that is: smaller batches leave the one that is alone.
        var size = refused.Sum(record => record.Row.StoredBytes);
        var smaller = refused.Count > 1 && refused[0].IsTooLarge && publisher.ShrinkBatches(refused.Count, size);
        publisher.Rebuild(error);
        if (refused.Count > 0 && !smaller)
        {
            var found = await Bisection.RunAsync(refused, SendAloneAsync, tenure.OnRefused);
            await tenure.SettleAsync(new Settlement(found.Done, found.Held));
        }
        else if (refused.Count == 0 && gone.Count == 0)
        {
            telemetry.State.Wait(WaitingFor.Kafka, $"the producer gave up: {error}");
            await Task.Delay(backoff, telemetry.Time, tenure.Stop)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            backoff = backoff * 2 < LongestBackoff ? backoff * 2 : LongestBackoff;
        }
    }

    private async Task LastReportsAsync(IEnumerable<Window> windows) =>
        await Task.WhenAll(windows.Select(window => window.Reported))
            .WaitAsync(LastReports, telemetry.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async Task<bool> SendAloneAsync(IReadOnlyList<OutgoingRecord> records)
    {
        var whole = new Window(records, []);    // forgets how they ended before
        var first = publisher.GoFirst(records);
        if (first.Count == 0)
        {
            return await SendAsync(whole);
        }

        var went = new Window(first, []);
        if (!await SendAsync(went) || went.HasFailed)
        {
            return !tenure.IsOver;
        }

        publisher.WentFirst(first);
        return await SendAsync(new Window([.. records.Except(first)], []));
    }

    /// <summary>False: the tenure is over. A window that has failed leaves a new producer behind.</summary>
    private async Task<bool> SendAsync(Window window)
    {
        tenure.BeginWait();
        publisher.Send(window);
        while (!await tenure.IsDecidedAsync(window))
        {
            if (!await tenure.GoesOnAsync() || tenure.DrainIsOver)
            {
                return false;
            }
        }

        if (window.HasFailed)
        {
            await LastReportsAsync([window]);
            publisher.Rebuild("looking for a refused record");
        }

        return await tenure.GoesOnAsync();
    }
}
