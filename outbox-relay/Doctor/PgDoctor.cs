using Npgsql;
using Sidecar.OutboxRelay.Postgres;
using Sidecar.OutboxRelay.Upkeep;

namespace Sidecar.OutboxRelay.Doctor;

/// <summary>Looks at a PostgreSQL database as the relay that is given would meet it. Changes nothing.</summary>
public static class PgDoctor
{
    /// <summary>The longest that one look may take.</summary>
    public static readonly TimeSpan StatementTimeout = TimeSpan.FromSeconds(10);

    private static readonly (string Subject, Func<NpgsqlConnection, Task<IEnumerable<Finding>>> Look)[] Looks =
    [
        ("version", PgServerChecks.VersionAsync),
        ("clock", PgServerChecks.ClockAsync),
        ("settings", PgServerChecks.SettingsAsync),
        ("schema", PgRoleChecks.SchemaAsync),
        ("roles", PgRoleChecks.MissingAsync),
        ("relay role", PgRoleChecks.RelayAsync),
        ("writer role", PgRoleChecks.WriterAsync),
        ("publication", PgWalChecks.PublicationAsync),
        ("replication slots", PgWalChecks.SlotsAsync),
        ("lanes", PgLogChecks.LanesAsync),
        ("dead rows", PgLogChecks.BloatAsync),
        ("slots", PgLogChecks.SlotsAsync),
        ("transactions", PgLogChecks.TransactionsAsync),
        ("held rows", PgLogChecks.HeldAsync),
        ("alarms", PgLogChecks.AlarmsAsync),
    ];

    /// <summary>Everything that was found, and the topics that the outbox writes to, where those could be read.</summary>
    public static async Task<(IReadOnlyList<Finding> Findings, IReadOnlyList<string> Topics)> LookAsync(PgAddress address)
    {
        try
        {
            await using var source = PgSource.Create(address, StatementTimeout, endsIdle: false);
            await using var connection = await source.OpenConnectionAsync();
            List<Finding> findings = [Finding.Fine("connection", $"{address.Shown} answers")];
            if (await PgDesk.ScalarAsync<bool>(connection, "SELECT to_regclass('outbox.config') IS NULL"))
            {
                findings.AddRange(await PgServerChecks.VersionAsync(connection));
                findings.Add(Finding.Bad("schema", "there is no outbox", "run `outbox-relay init --apply` as the owner"));
                return (findings, []);
            }

            foreach (var (subject, look) in Looks)
            {
                findings.AddRange(await LookAsync(connection, subject, look));
            }

            try
            {
                return (findings, await TopicsAsync(connection));
            }
            catch (PostgresException e)
            {
                // What was found stands: it says more than this, for instance which role is missing.
                findings.Add(Finding.Warn("topics", $"could not be looked at: {e.MessageText}", "see the relay role above"));
                return (findings, []);
            }
        }
        catch (Exception e) when (PgFaults.IsOne(e))
        {
            return ([Finding.Bad("connection", PgFaults.Explain(e, address.Shown).Text, "address, network, password, TLS")], []);
        }
    }

    private static async Task<IEnumerable<Finding>> LookAsync(
        NpgsqlConnection connection, string subject, Func<NpgsqlConnection, Task<IEnumerable<Finding>>> look)
    {
        try
        {
            return await look(connection);
        }
        catch (PostgresException e)
        {
            return [Finding.Warn(subject, $"could not be looked at: {e.MessageText}", e.SqlState == PostgresErrorCodes.UndefinedObject
                ? "see what is missing above" : "ask as a role that may see it")];
        }
    }

    private static async Task<IReadOnlyList<string>> TopicsAsync(NpgsqlConnection connection) => await PgDesk.ReadAsync(
        connection,
        $"""
        SELECT name FROM outbox.topic
        UNION SELECT topic FROM (SELECT DISTINCT topic FROM outbox.held LIMIT 100) h
        UNION SELECT topic FROM (SELECT DISTINCT topic FROM (SELECT topic FROM outbox.log ORDER BY id DESC LIMIT 10000) l) t
        ORDER BY 1 LIMIT 200
        """,
        reader => reader.GetString(0));
}
