using Microsoft.Extensions.Logging;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Lanes;
using Sidecar.OutboxRelay.Store;
using Sidecar.OutboxRelay.Telemetry;

namespace Sidecar.OutboxRelay.Postgres;

/// <summary>
/// The outbox in PostgreSQL. Rows are read by the difference of two snapshots and never changed; what is settled is kept
/// in memory and written at intervals, fenced by owner and epoch. Several relays share the lanes. One connection, used by
/// one loop; after any fault of it everything is read anew from the database.
/// </summary>
public sealed class PgStore(StoreOptions options, TimeSpan lease, RelayTelemetry telemetry) : IOutboxStore
{
    private readonly TimeProvider time = telemetry.Time;
    private readonly ILogger log = telemetry.Logs.CreateLogger<PgStore>();
    private readonly Guid me = Guid.NewGuid();
    private readonly RelayWatch watch = new();
    private readonly LaneMemory memory = new();
    private PgSession? session;
    private PgTenure? tenure;
    private Task walEnds = Task.CompletedTask;
    private PgHousekeeping? housekeeping;

    /// <summary>The longest that one statement may take: half the lease, and at least this.</summary>
    public static readonly TimeSpan ShortestStatementTimeout = TimeSpan.FromSeconds(1);

    private TimeSpan StatementTimeout => lease / 2 > ShortestStatementTimeout ? lease / 2 : ShortestStatementTimeout;

    /// <inheritdoc/>
    public void Dispose() => Close();

    /// <inheritdoc/>
    public async ValueTask<StoreAnswer<string>> OpenAsync()
    {
        if (session is not null && tenure is null)
        {
            KeepHouse();    // Kafka is away, and has been since the start
            return session.Outbox;
        }

        Close();
        await walEnds;
        var address = PgAddress.Of(options);
        if (address.Problem is not null)
        {
            return address.Problem;
        }

        var opened = await PgSession.OpenAsync(address.Value, StatementTimeout);
        if (opened.Problem is not null)
        {
            return opened.Problem;
        }

        session = opened.Value;
        memory.Accepts(session.PastAlarm);
        housekeeping = new PgHousekeeping(address.Value, time, log);
        return session.Outbox;
    }

    /// <inheritdoc/>
    public ValueTask<StoreAnswer<LeaseTaken>> TakeLeaseAsync(string owner, TimeSpan length) => AskAsync<LeaseTaken>(
        async open =>
        {
            var lanes = new PgLanes(open, me, watch, memory, time) { Alone = options.ReadsWal };
            if (await lanes.EnterAsync(owner, length) is { } refused)
            {
                Close();
                return refused;
            }

            tenure = new PgTenure(open, lanes, new PgProgressWriter(open, me), options, time)
            {
                Wal = options.ReadsWal ? new PgWal(open, lanes, options, telemetry) : null,
            };
            if (await tenure.IsContradictedAsync() is { } problem)
            {
                Close();
                return problem;
            }

            return new LeaseTaken(new Fence(owner, lanes.Epoch));
        });

    /// <inheritdoc/>
    public ValueTask<StoreAnswer<bool>> RenewLeaseAsync(Fence fence, TimeSpan length) =>
        WithTenureAsync(fence, async held =>
        {
            KeepHouse();    // nothing is read while Kafka takes nothing
            return await held.RenewAsync(length);
        });

    /// <inheritdoc/>
    public async ValueTask<StoreAnswer<bool>> ReleaseLeaseAsync(Fence fence)
    {
        var answer = await WithTenureAsync<bool>(fence, async held =>
        {
            await held.LeaveAsync();
            return true;
        });
        Close();
        return answer;
    }

    /// <inheritdoc/>
    public ValueTask<StoreAnswer<IReadOnlyList<OutboxRow>>> ReadWindowAsync(
        bool fromStart, IReadOnlyCollection<string> waitingTopics, long maxPartBytes) =>
        WithTenureAsync<IReadOnlyList<OutboxRow>>(null, async held =>
        {
            KeepHouse();
            held.WritesSeldom = housekeeping?.DeadLaneRows >= PgLimits.DeadLaneRows;
            held.IdsWait = housekeeping?.IdsWait ?? false;
            return housekeeping?.Alarm is { } alarm
                ? new StoreProblem(StoreFault.Alarm, alarm)
                : await held.ReadAsync(fromStart, waitingTopics, maxPartBytes);
        });

    /// <inheritdoc/>
    public ValueTask<StoreAnswer<bool>> SettleAsync(Fence fence, TimeSpan length, Settlement settlement) =>
        WithTenureAsync(fence, held => held.SettleAsync(settlement));

    /// <inheritdoc/>
    public bool KeepsTopicIds => true;

    /// <inheritdoc/>
    public ValueTask<StoreAnswer<bool>> EnterTopicAsync(string topic, string id) => AskAsync<bool>(
        async open => await PgTopics.EnterAsync(open, topic, id) is { } problem ? problem : true);

    /// <inheritdoc/>
    public async ValueTask WaitForNewsAsync(TimeSpan atMost, CancellationToken stop)
    {
        // What goes wrong here is told by the read that follows.
        await WithTenureAsync<bool>(null, async held =>
        {
            await held.WaitForNewsAsync(atMost, stop);
            return true;
        });
    }

    private ValueTask<StoreAnswer<T>> WithTenureAsync<T>(Fence? fence, Func<PgTenure, Task<StoreAnswer<T>>> question) =>
        AskAsync(async _ => tenure is { } held && (fence is null || fence.Value.Epoch == held.Epoch)
            ? await question(held)
            : new StoreProblem(StoreFault.Fenced, "this relay's entry has ended"));

    private async ValueTask<StoreAnswer<T>> AskAsync<T>(Func<PgSession, Task<StoreAnswer<T>>> question)
    {
        if (session is not { } open)
        {
            return new StoreProblem(StoreFault.NoDatabase, "the database is not open");
        }

        try
        {
            return await question(open);
        }
        catch (Exception e) when (PgFaults.IsOne(e))
        {
            var problem = PgFaults.Explain(e, open.Address.Shown);
            if (problem.Fault != StoreFault.Busy || open.Connection.FullState.HasFlag(System.Data.ConnectionState.Broken) ||
                open.Connection.State != System.Data.ConnectionState.Open)
            {
                Close();
                return problem.Fault == StoreFault.Busy ? problem with { Fault = StoreFault.NoDatabase } : problem;
            }

            return problem;
        }
    }

    // From wherever the line comes by: writers write also while nothing is read or settled.
    private void KeepHouse() => housekeeping?.Tick(tenure?.Activity ?? 0);

    private void Close()
    {
        walEnds = tenure?.Wal?.DisposeAsync().AsTask() ?? walEnds;
        tenure = null;
        housekeeping?.Dispose();
        housekeeping = null;
        session?.Dispose();
        session = null;
    }
}
