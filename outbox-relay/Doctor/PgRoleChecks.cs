using Npgsql;
using Sidecar.OutboxRelay.Postgres;
using Sidecar.OutboxRelay.Upkeep;

namespace Sidecar.OutboxRelay.Doctor;

/// <summary>The schema's version, and what the roles may do.</summary>
internal static class PgRoleChecks
{
    public static async Task<IEnumerable<Finding>> SchemaAsync(NpgsqlConnection connection)
    {
        var (version, cluster) = (await PgDesk.ReadAsync(
            connection, "SELECT schema_version, system_id FROM outbox.config", r => (r.GetInt32(0), r.GetString(1))))[0];
        return
        [
            version == PgSchema.Version ? Finding.Fine("schema", $"version {version}")
            : version < PgSchema.Version ? Finding.Bad(
                "schema", $"version {version}; this program needs {PgSchema.Version}", "run `outbox-relay init --apply` as the owner")
            : Finding.Warn("schema", $"version {version}; this program knows {PgSchema.Version}", "a newer outbox-relay"),
            await ClusterAsync(connection, cluster),
        ];
    }

    /// <summary>Roles are the cluster's: a database that was restored elsewhere comes without them.</summary>
    public static async Task<IEnumerable<Finding>> MissingAsync(NpgsqlConnection connection)
    {
        var missing = await PgDesk.ReadAsync(
            connection,
            "SELECT r FROM unnest(ARRAY['outbox_writer', 'outbox_relay']) r WHERE r NOT IN (SELECT rolname FROM pg_roles) ORDER BY 1",
            reader => reader.GetString(0));
        return missing.Select(role => Finding.Bad(
            "roles", $"there is no role {role}: it was dropped, or the database was restored into a cluster without it",
            $"CREATE ROLE {role} NOLOGIN, then the GRANTs to it that `outbox-relay init --print postgres` shows under 004-roles.sql"));
    }

    public static async Task<IEnumerable<Finding>> RelayAsync(NpgsqlConnection connection)
    {
        var (user, super, member) = (await PgDesk.ReadAsync(
            connection,
            """
            SELECT current_user::text, rolsuper,
                   EXISTS (SELECT FROM pg_roles o WHERE o.rolname = 'outbox_relay' AND pg_has_role(current_user, o.oid, 'MEMBER'))
              FROM pg_roles WHERE rolname = current_user
            """,
            r => (r.GetString(0), r.GetBoolean(1), r.GetBoolean(2))))[0];
        if (super)
        {
            return [Finding.Warn(
                "relay role", $"{user} is a superuser", $"let the relay log in as a member of outbox_relay: it needs no more")];
        }

        var lacks = await LacksAsync(connection);
        return [lacks.Count > 0
            ? Finding.Bad(
                "relay role", $"{user} may not {string.Join(", ", lacks)}",
                member ? "run `outbox-relay init --apply` as the owner" : $"GRANT outbox_relay TO {user}")
            : Finding.Fine("relay role", $"{user} may do what a relay does, and is no superuser")];
    }

    public static async Task<IEnumerable<Finding>> WriterAsync(NpgsqlConnection connection)
    {
        var may = await PgDesk.ReadAsync(
            connection,
            """
            SELECT p FROM unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) p
             WHERE has_table_privilege('outbox_writer', 'outbox.log', p)
            """,
            r => r.GetString(0));
        var members = await PgDesk.ReadAsync(
            connection,
            """
            SELECT m.rolname::text FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member
              JOIN pg_roles o ON o.oid = a.roleid WHERE o.rolname = 'outbox_writer' ORDER BY 1 LIMIT 20
            """,
            r => r.GetString(0));
        var everybody = await PgDesk.ScalarAsync<bool>(
            connection,
            """
            SELECT bool_or(has_function_privilege('public', p.oid, 'EXECUTE')) FROM pg_proc p
             WHERE p.pronamespace = 'outbox'::regnamespace AND p.proname = 'publish'
            """);
        return
        [
            may.Count > 0
                ? Finding.Bad(
                    "writer role", $"outbox_writer may {string.Join(", ", may)} outbox.log", "REVOKE it: a writer may only publish")
                : Finding.Fine("writer role", members.Count == 0
                    ? "outbox_writer may only publish; no role is a member (an owner may publish without)"
                    : $"outbox_writer may only publish; its members: {string.Join(", ", members)}"),
            .. everybody
                ? [Finding.Warn("writer role", "everybody may publish", "REVOKE EXECUTE ON FUNCTION outbox.publish FROM PUBLIC")]
                : (Finding[])[],
        ];
    }

    private static Task<List<string>> LacksAsync(NpgsqlConnection connection) => PgDesk.ReadAsync(
        connection,
        """
        SELECT w.p || ' ' || w.t FROM (VALUES ('SELECT', 'outbox.log'), ('SELECT', 'outbox.config'), ('UPDATE', 'outbox.lane'),
            ('UPDATE', 'outbox.ledger'), ('INSERT', 'outbox.held'), ('DELETE', 'outbox.held'), ('INSERT', 'outbox.relay'),
            ('INSERT', 'outbox.topic'), ('SELECT', 'outbox.alarm')) w(p, t)
         WHERE NOT has_table_privilege(w.t, w.p)
        UNION ALL
        SELECT 'call ' || p.oid::regprocedure::text FROM pg_proc p
         WHERE p.pronamespace = 'outbox'::regnamespace AND p.proname IN ('rotate', 'empty_slot')
           AND NOT has_function_privilege(p.oid, 'EXECUTE')
        """,
        r => r.GetString(0));

    private static async Task<Finding> ClusterAsync(NpgsqlConnection connection, string cluster)
    {
        var here = await PgDesk.ScalarAsync<string>(connection, "SELECT system_identifier::text FROM pg_control_system()");
        return here == cluster
            ? Finding.Fine("cluster", $"the outbox is in the cluster that it was made in")
            : Finding.Bad(
                "cluster", "the database was copied here from another cluster",
                "the relay raises an alarm: see `outbox-relay alarms list`");
    }
}
