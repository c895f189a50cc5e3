using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Lanes;

namespace Sidecar.OutboxRelay.Postgres;

/// <summary>Notices that the database's past is not what it was: ids that begin again, commits that are gone.</summary>
internal sealed class PgHistory(PgSession session, LaneMemory memory)
{
    /// <summary>The highest id that was given out, as this connection saw it.</summary>
    public long HighestId { get; private set; }

    /// <summary>These rows were read, so they were committed.</summary>
    public void Read(List<OutboxRow> rows)
    {
        foreach (var row in rows)
        {
            memory.Read(row.Id);
        }
    }

    /// <summary>Where the sequence stands; a problem: below ids that it had given out.</summary>
    /// <param name="lastId">The last id that it gave out.</param>
    /// <param name="floor">Up to here it had come when the lanes were last written.</param>
    public async Task<StoreProblem?> StandsAtAsync(long lastId, long floor)
    {
        var given = Math.Max(HighestId, floor);
        if (lastId < given)
        {
            return await AlarmAsync(
                PgAlarms.Sequence, "outbox.log_id",
                $"the sequence outbox.log_id stands at {lastId}, and ids up to {given} were given out before");
        }

        HighestId = lastId;
        return lastId < memory.HighestRow
            ? await WentBackAsync($"row {memory.HighestRow} was read, and ids stand at {lastId}")
            : null;
    }

    /// <summary>The database lacks what it had: the alarm is raised, and is the answer.</summary>
    /// <param name="how">In a sentence.</param>
    public Task<StoreProblem> WentBackAsync(string how) => AlarmAsync(
        PgAlarms.History, "outbox.lane",
        $"the database went back: {how}. Was a standby promoted that lacked commits, or a backup restored?");

    // What is known is forgotten once the alarm stands: a person who accepts it accepts the past as it is.
    private async Task<StoreProblem> AlarmAsync(string kind, string subject, string text)
    {
        await PgAlarms.RaiseAsync(session.Connection, kind, subject, text);
        memory.Forget();
        return new StoreProblem(StoreFault.Alarm, $"{session.Address.Shown}: {text}");
    }
}
