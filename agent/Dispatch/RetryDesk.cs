using System.Threading.Channels;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Tracking;

namespace Sidecar.Agent.Dispatch;

/// <summary>
/// Where the retry topics meet the dispatcher: what is found in them, what has become due, what is to be put into them.
/// Any thread may call; takes the dispatcher's lock.
/// </summary>
internal sealed class RetryDesk(Lock guard, List<PartitionWorker> workers, Settlement settlement, Departures departures, TimeProvider time)
{
    /// <summary>Events that are to be put into a retry topic.</summary>
    public ChannelReader<PendingResend> Pending => settlement.Resends;

    /// <summary>Starts a retry partition beside its source partition; null: that was taken away.</summary>
    public PartitionWorker? Open(PartitionWorker source, string topic, PartitionTracker tracker)
    {
        lock (guard)
        {
            if (source.Closed)
            {
                return null;
            }

            var worker = new PartitionWorker(topic, source, tracker);
            workers.Add(worker);
            return worker;
        }
    }

    /// <summary>A copy that is not done stands in a retry topic; told before <see cref="Known"/>.</summary>
    public void Found(PartitionWorker worker, EventRecord record, RetryPlace place)
    {
        lock (guard)
        {
            worker.Retries!.Found(record, place);
        }
    }

    /// <summary>All that waits has been told: the events of the partition may be delivered.</summary>
    public void Known(PartitionWorker source)
    {
        lock (guard)
        {
            var retries = source.Retries!;
            retries.IsKnown = true;
            foreach (var early in retries.Early.ToList())
            {
                settlement.Come((QueuedEvent)early);
            }

            retries.Early.Clear();
            departures.Pump();
        }
    }

    /// <summary>
    /// Begins a copy in the ledger of its partition. It enters its lane when it is due. Null: it is done already, or the
    /// partition was taken away.
    /// </summary>
    public QueuedEvent? Begin(PartitionWorker worker, int leaderEpoch, RetryRecord copy, RetryPlace place)
    {
        lock (guard)
        {
            var begun = worker.Closed
                ? new Beginning(Beginning.Repeated, 0)
                : worker.Tracker.Begin(place.Offset, leaderEpoch, place.DueMs);
            if (begun.Ticket < 0)
            {
                return null;
            }

            if (copy.IsReplay)
            {
                // Nobody told of it before. A copy of an agent that nobody told of is a stray one; this one counts.
                worker.Retries!.Found(copy.Event!, place);
            }

            return new QueuedEvent(copy.Event!, worker, begun.Ticket)
            {
                Replays = copy.Replays,
                Place = place,
                FirstSeenMs = time.GetUtcNow().ToUnixTimeMilliseconds(),
                Attempts = Math.Max(copy.Attempts, begun.Attempts),
                Delays = copy.Delays ?? settlement.DelaysOf(copy.Attempts, place.Delay),
                FirstFailureMs = copy.FirstFailureMs,
                Interruptions = begun.Interruptions,
                IsSuspect = begun.Interruptions > 0,
            };
        }
    }

    /// <summary>The copy is due: it has its turn after what stands in its lane.</summary>
    public void Due(QueuedEvent queued)
    {
        lock (guard)
        {
            var worker = queued.Worker;
            if (worker.Closed || worker.Standing is not null)
            {
                queued.Record.Release();
                return;
            }

            settlement.Enter(queued);
        }
    }

    /// <summary>
    /// Begins a record that is no copy of ours, and whose dead letter is to be written. Null: it is done already, or the
    /// partition was taken away or stands.
    /// </summary>
    public QueuedEvent? BeginForeign(PartitionWorker worker, EventRecord raw, int leaderEpoch)
    {
        lock (guard)
        {
            if (worker.Closed)
            {
                return null;
            }

            // Begun also where it stands: what is committed must not pass what was not kept.
            var begun = worker.Tracker.Begin(raw.Position.Offset, leaderEpoch, raw.TimestampMs);
            if (begun.Ticket < 0 || worker.Standing is not null)
            {
                return null;
            }

            var queued = new QueuedEvent(raw, worker, begun.Ticket) { IsForeign = true };
            worker.Keep(queued);
            worker.Ending++;
            return queued;
        }
    }

    /// <summary>
    /// Notes a record that nothing can be done with, so that what is committed never passes it: its partition is to stand. False:
    /// somebody passed it over by hand, or the partition was taken away, and what stands before it may not be in the ledger.
    /// </summary>
    public bool Pin(PartitionWorker worker, EventRecord raw, int leaderEpoch)
    {
        lock (guard)
        {
            return !worker.Closed && worker.Tracker.Begin(raw.Position.Offset, leaderEpoch, raw.TimestampMs).Ticket != Beginning.Done;
        }
    }

    /// <summary>Notes why events of a partition cannot be put into a retry topic now; null: they can again.</summary>
    public void Problem(PartitionWorker worker, string? reason)
    {
        lock (guard)
        {
            worker.RetryProblem = reason;
        }
    }

    /// <summary>
    /// Records of the retry partition that were begun and come to their end by themselves, and whether those that do not are so
    /// many that no more may be read.
    /// </summary>
    public (int Open, bool IsFullOfParked) ReadAhead(PartitionWorker worker)
    {
        lock (guard)
        {
            return (worker.Tracker.Open - worker.Stuck, worker.IsFullOfParked);
        }
    }

    /// <summary>Events and keys that wait in retry topics, of one source partition.</summary>
    public (int Events, int Keys) Waiting(PartitionWorker source)
    {
        lock (guard)
        {
            return source.Retries is { } retries ? (retries.Events, retries.Keys) : (0, 0);
        }
    }
}
