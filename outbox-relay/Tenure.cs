using Microsoft.Extensions.Logging;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Lease;
using Sidecar.OutboxRelay.Publish;
using Sidecar.OutboxRelay.Store;
using Sidecar.OutboxRelay.Telemetry;

namespace Sidecar.OutboxRelay;

/// <summary>
/// The time under one lease, and what may be done only then: stages (7) and (8) of <see cref="Relay"/>. It ends when
/// the lease or the database is lost; a writer that merely holds the database does not end it.
/// </summary>
internal sealed class Tenure(
    PublishOptions options, IOutboxStore store, RelayTelemetry telemetry, LeaseTerm term, CancellationToken stop)
{
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan SilenceToMention = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan BusyPause = TimeSpan.FromMilliseconds(100);

    private readonly TimeProvider time = telemetry.Time;
    private readonly ILogger log = telemetry.Logs.CreateLogger<Tenure>();
    private long? stoppedAt;
    private long heardAt = telemetry.Time.GetTimestamp();
    private bool over;

    /// <summary>The lease or the database is lost, or the time to stop has run out.</summary>
    public bool IsOver => over || DrainIsOver;

    /// <summary>What the relay is told when it should stop.</summary>
    public CancellationToken Stop => stop;

    /// <summary>The relay is stopping, and has waited for Kafka for as long as it may.</summary>
    public bool DrainIsOver => stoppedAt is { } at && time.GetElapsedTime(at) >= options.DrainTimeout;

    /// <summary>What becomes of the key of a refused row.</summary>
    public OnRefused OnRefused => options.OnRefused;

    /// <summary>New rows may be sent.</summary>
    public bool MaySend => !stop.IsCancellationRequested && MayFinish;

    /// <summary>What was begun may be finished, also while the relay is stopping.</summary>
    public bool MayFinish => term.MaySend;

    /// <summary>How long until the lease should be renewed.</summary>
    public TimeSpan UntilRenewal => term.UntilRenewal;

    /// <summary>Comes round: renews the lease where that is due. False: it is over.</summary>
    public async Task<bool> GoesOnAsync()
    {
        telemetry.State.Tick();
        if (stop.IsCancellationRequested)
        {
            stoppedAt ??= time.GetTimestamp();
        }

        if (!over && term.UntilRenewal == TimeSpan.Zero)
        {
            var began = time.GetTimestamp();
            if (Did(await store.RenewLeaseAsync(term.Fence, term.Length)))
            {
                term.Renewed(began);
            }
        }

        return !over;
    }

    /// <summary>True: the database did it. A problem other than a busy writer ends the tenure.</summary>
    public bool Did<T>(StoreAnswer<T> answer)
    {
        Tell(WaitingFor.Database, answer.Problem is { Fault: not StoreFault.Fenced } ? answer.Problem.Text : null);
        over |= answer.Problem is { Fault: not StoreFault.Busy };
        return answer.Problem is null;
    }

    /// <summary>Says what is waited for; null: nothing (any more).</summary>
    public void Tell(WaitingFor what, string? reason)
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

    /// <summary>Records were sent while nothing else was under way: the wait for their reports begins now.</summary>
    public void BeginWait() => heardAt = time.GetTimestamp();

    /// <summary>(7) Waits a little; true: the window went through or has failed.</summary>
    public async Task<bool> IsDecidedAsync(Window window)
    {
        var wait = term.UntilRenewal < Glance ? term.UntilRenewal + TimeSpan.FromMilliseconds(1) : Glance;
        await window.Decided.WaitAsync(wait, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (window.Decided.IsCompleted)
        {
            heardAt = time.GetTimestamp();
            return true;
        }

        if (time.GetElapsedTime(heardAt) > SilenceToMention)
        {
            telemetry.State.Wait(
                WaitingFor.Kafka,
                $"{options.BootstrapServers} acknowledges nothing: out of reach, or too few replicas in sync");
        }

        return false;
    }

    /// <summary>
    /// (8) Tells the store what is acknowledged and what is held; false: the tenure is over, nothing was changed.
    /// </summary>
    public async Task<bool> SettleAsync(Settlement settlement)
    {
        while (true)
        {
            var began = time.GetTimestamp();
            var answer = await store.SettleAsync(term.Fence, term.Length, settlement);
            if (Did(answer))
            {
                if (answer.Value)
                {
                    term.Renewed(began);
                }

                Count(settlement);
                return true;
            }

            // Kafka has these rows: giving up because another writer is slow would send them again.
            if (!await GoesOnAsync() || DrainIsOver)
            {
                return false;
            }

            await Task.Delay(BusyPause, time, CancellationToken.None);
        }
    }

    private void Count(Settlement settlement)
    {
        foreach (var held in settlement.Held)
        {
            if (held.Kind == HeldKind.Refused)
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
}
