using Confluent.Kafka;
using Prometheus;
using Sidecar.Agent.Admission;
using Sidecar.Agent.Commit;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Kafka;
using Sidecar.Agent.Telemetry;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Source;

/// <summary>Brings the gauges up to date, now and then; series of partitions that have gone are removed at once.</summary>
internal sealed class PartitionGauges(KafkaConsumer consumer, AgentMetrics metrics, TopicRoutes routes, TimeProvider time)
{
    private static readonly string[] Reasons =
    [
        "window", "window_bytes", "ack_map_full", "buffer", "dead_letter", "parked",
        "retry", "retries_unknown", "retries_full", "retries_parked", .. Bars.Codes,
    ];

    /// <summary>Time between two updates of the gauges.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private volatile IReadOnlyList<PartitionView> views = [];
    private TimeSpan nextAt;

    private readonly Dictionary<TopicRoute, Counted> counted = new(ReferenceEqualityComparer.Instance);

    /// <summary>A record has come.</summary>
    public void Received(string topic, Accepted accepted)
    {
        var of = CountedOf(routes.Of(topic));
        of.Received[topic].Inc();
        if (accepted.Ticket == Beginning.Done)
        {
            of.AlreadyDone.Inc();
        }
        else if (accepted.Ticket == Beginning.Filtered)
        {
            of.Filtered.Inc();
        }
    }

    /// <summary>Reads the ledgers and sets every gauge, if it is time to.</summary>
    public void Tick(TimeSpan now, IReadOnlyCollection<AssignedPartition> assigned)
    {
        if (now >= nextAt)
        {
            nextAt = now + Interval;
            Refresh(assigned);
        }
    }

    private void Refresh(IReadOnlyCollection<AssignedPartition> assigned)
    {
        foreach (var gone in counted.Keys.Except(routes.All).ToList())
        {
            counted.Remove(gone);
        }

        foreach (var route in routes.All)
        {
            Refresh(route);
        }

        views = [.. assigned.Select(Refresh)];
    }

    /// <summary>What was seen last. Any thread may read.</summary>
    public IReadOnlyList<PartitionView> Views => views;

    /// <summary>Removes the series of a partition.</summary>
    public static void Remove(AgentMetrics metrics, string subscription, AssignedPartition partition)
    {
        var (topic, number) = (partition.Key.Topic, partition.Key.Partition.Value.ToString());
        metrics.Lag.RemoveLabelled(subscription, topic, number);
        metrics.OldestUnacked.RemoveLabelled(subscription, topic, number);
        metrics.Parked.RemoveLabelled(subscription, topic, number);
        metrics.HotKeyShare.RemoveLabelled(subscription, topic, number);
        metrics.RetryEvents.RemoveLabelled(subscription, number);
        metrics.RetryKeys.RemoveLabelled(subscription, number);
        metrics.RetryOldestDue.RemoveLabelled(subscription, number);
        foreach (var labels in metrics.Standing.GetAllLabelValues().Where(l => l[1] == topic && l[2] == number).ToList())
        {
            metrics.Standing.RemoveLabelled(labels);
        }
    }

    /// <summary>Made once for each: a subscription that begins anew counts into series of its own.</summary>
    private Counted CountedOf(TopicRoute route)
    {
        if (!counted.TryGetValue(route, out var found))
        {
            var name = route.Subscription;
            counted[route] = found = new Counted(
                route.Topics.ToDictionary(topic => topic, topic => metrics.Received.WithLabels(name, topic)),
                metrics.Skipped.WithLabels(name, "already_done"),
                metrics.Skipped.WithLabels(name, "filter"));
        }

        return found;
    }

    private sealed record Counted(Dictionary<string, Counter.Child> Received, Counter.Child AlreadyDone, Counter.Child Filtered);

    private void Refresh(TopicRoute route)
    {
        CountedOf(route);
        var (inFlight, records, bytes) = (0, 0, 0L);
        var flow = route.Dispatcher.ReadAll(workers =>
        {
            foreach (var worker in workers)
            {
                inFlight += worker.InFlight;
                records += worker.Tracker.Open;
                bytes += worker.HeldBytes;
            }
        });
        metrics.InFlight.WithLabels(route.Subscription).Set(inFlight);
        metrics.InFlightLimit.WithLabels(route.Subscription).Set(flow.Limit);
        metrics.InFlightFloor.WithLabels(route.Subscription).Set(flow.Floor);
        metrics.InFlightCeiling.WithLabels(route.Subscription).Set(flow.Ceiling);
        metrics.RetriesWaiting.WithLabels(route.Subscription).Set(flow.Unfunded);
        metrics.BufferedRecords.WithLabels(route.Subscription).Set(records);
        metrics.BufferedBytes.WithLabels(route.Subscription).Set(bytes);
    }

    private PartitionView Refresh(AssignedPartition partition)
    {
        var view = View(partition);
        var (subscription, topic, number) = (view.Subscription, view.Topic, view.Partition.ToString());
        if (view is { End: { } end })
        {
            metrics.Lag.WithLabels(subscription, topic, number).Set(Math.Max(0, end - view.Committable));
        }

        metrics.OldestUnacked.WithLabels(subscription, topic, number).Set(view.OldestMs / 1000.0);
        metrics.Parked.WithLabels(subscription, topic, number).Set(view.Parked);
        var (hot, standing, full, held) = partition.Dispatcher.Read(
            partition.Worker, static worker => (worker.HotKeyShare, worker.Standing, worker.FullReason, worker.HoldReason));
        metrics.HotKeyShare.WithLabels(subscription, topic, number).Set(hot);
        if (partition.HasRetries)
        {
            var (events, keys) = partition.Dispatcher.Retries.Waiting(partition.Worker);
            metrics.RetryEvents.WithLabels(subscription, number).Set(events);
            metrics.RetryKeys.WithLabels(subscription, number).Set(keys);
            metrics.RetryOldestDue.WithLabels(subscription, number).Set(OldestDueMs(partition) / 1000.0);
        }

        if (standing is not null)
        {
            metrics.Standing.WithLabels(subscription, topic, number, standing.Split(':', ' ')[0]).Set(1);
            return view;
        }

        var barred = partition.Dispatcher.Control.Code;
        foreach (var reason in Reasons)
        {
            var label = metrics.Standing.WithLabels(subscription, topic, number, reason);
            label.Set((reason == full && partition.Paused) || reason == held || reason == barred ? 1 : 0);
        }

        return view;
    }

    /// <summary>The same may be wrong with the source partition and with each of its retry partitions.</summary>
    private static string? First(PartitionWorker worker, Func<PartitionWorker, string?> problem) =>
        worker.Kin.Select(problem).FirstOrDefault(found => found is not null);

    /// <summary>In the ledger of a retry partition a record has the time when it is due; 0: none waits.</summary>
    private static long OldestDueMs(AssignedPartition partition) => partition.Dispatcher.Read(
        partition.Worker, static source => source.Kin.Where(kin => kin != source).Min(kin => kin.Tracker.OldestOpenMs) ?? 0);

    private PartitionView View(AssignedPartition partition)
    {
        var high = consumer.KnownWatermarks(partition.Key).High;
        var paused = partition.Paused;
        return partition.Dispatcher.Read(partition.Worker, worker => new PartitionView(
            routes.Of(worker.Topic).Subscription, worker.Topic, worker.Partition)
        {
            SeenAtMs = time.GetUtcNow().ToUnixTimeMilliseconds(),
            Committable = worker.Tracker.Committable,
            End = high == Offset.Unset ? null : high.Value,
            OldestMs = worker.Tracker.OldestOpenMs ?? 0,
            Open = worker.Tracker.Open,
            InFlight = worker.InFlight,
            Parked = worker.ParkedEvents,
            Why = worker.Standing
                ?? (worker.Retries is { IsKnown: false } ? "retries_unknown: what waits in the retry topics is not known yet"
                    : First(worker, kin => kin.RetryProblem) is { } retry ? $"retry: {retry}"
                    : First(worker, kin => kin.LetterProblem) is { } letter ? $"dead_letter: {letter}"
                    : worker.HoldReason == "retries_parked" ? "retries_parked: parked events fill a retry partition, which is read no more"
                    : worker.ParkedEvents > 0 ? $"parked: {worker.ParkedEvents} events hold up their keys"
                    : paused ? $"{worker.FullReason ?? "window"} is full"
                    : null),
        });
    }
}
