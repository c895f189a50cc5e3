using Npgsql;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Postgres;

namespace Sidecar.OutboxRelay.Upkeep;

/// <summary>Lists what relays found, and takes a person's word that they may go on.</summary>
public sealed class AlarmDesk(PgAddress address)
{
    private readonly PgDesk desk = new(address);

    /// <summary>The open alarms, or all; the newest last.</summary>
    public Task<StoreAnswer<IReadOnlyList<PgAlarmRow>>> ListAsync(bool all, int limit) =>
        desk.AskAsync<IReadOnlyList<PgAlarmRow>>(async connection => await PgDesk.ReadAsync(
            connection,
            $"SELECT * FROM ({PgStatusReader.Alarms} {(all ? "" : "WHERE accepted_at IS NULL")} ORDER BY id DESC LIMIT $1) a ORDER BY id",
            PgStatusReader.Alarm, new NpgsqlParameter<int> { TypedValue = limit }));

    /// <summary>The alarm; null: there is none with this number.</summary>
    public Task<StoreAnswer<PgAlarmRow?>> FindAsync(long id) => desk.AskAsync<PgAlarmRow?>(async connection =>
    {
        var found = await PgDesk.ReadAsync(
            connection, $"{PgStatusReader.Alarms} WHERE id = $1", PgStatusReader.Alarm,
            new NpgsqlParameter<long> { TypedValue = id });
        return found.Count == 0 ? (PgAlarmRow?)null : found[0];
    });

    /// <summary>Accepts it, with what that does to the outbox. An alarm that is not open is a problem.</summary>
    public Task<StoreAnswer<string>> AcceptAsync(long id) => desk.AskAsync<string>(async connection =>
        (await PgDesk.ReadAsync(
            connection, "SELECT outbox.accept_alarm($1)", reader => reader.GetString(0),
            new NpgsqlParameter<long> { TypedValue = id }))[0]);
}
