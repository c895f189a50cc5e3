using System.Reflection;
using System.Text;

namespace Sidecar.OutboxRelay.Postgres;

/// <summary>One step of the schema. Applied once, in one transaction.</summary>
/// <param name="Version">Counts from 1; the schema's version after it.</param>
/// <param name="Name">What it is called in the printed script.</param>
/// <param name="Body">Statements of PL/pgSQL, run inside a block.</param>
public sealed record PgMigration(int Version, string Name, string Body)
{
    /// <summary>How long a migration waits for a lock: writers that come after it wait that long with it.</summary>
    public const string LockTimeout = "300ms";

    /// <summary>The advisory lock under which migrations run one at a time.</summary>
    public const long Lock = 7411001;

    /// <summary>
    /// One statement. Where the schema has this version already it does nothing, so it may be run again at any time. Where it
    /// lacks the one before it fails: what runs the script may have gone on after a step that failed, and would skip it.
    /// </summary>
    public string Statement =>
        $"""
        DO $outbox_migration$
        DECLARE
          version_there integer := 0;
        BEGIN
          PERFORM pg_advisory_xact_lock({Lock});
          IF to_regclass('outbox.config') IS NOT NULL THEN
            version_there := (SELECT schema_version FROM outbox.config);
          END IF;
          IF version_there >= {Version} THEN
            RETURN;
          ELSIF version_there < {Version - 1} THEN
            RAISE EXCEPTION 'the outbox has schema version %, and {Name} needs {Version - 1}: an earlier step failed', version_there
              USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Run the whole script again.';
          END IF;

        {Body.TrimEnd()}

          UPDATE outbox.config SET schema_version = {Version};
        END $outbox_migration$;
        """;
}

/// <summary>The outbox's schema for PostgreSQL 15 and later, as numbered migrations.</summary>
public static class PgSchema
{
    private static readonly string[] Files =
    [
        "001-tables.sql", "002-publish.sql", "003-slots.sql", "004-roles.sql", "005-alarms.sql", "006-held.sql", "007-emptying.sql",
    ];

    /// <summary>All migrations, first to last.</summary>
    public static IReadOnlyList<PgMigration> Migrations { get; } =
        [.. Files.Select((file, i) => new PgMigration(i + 1, file, Read(file)))];

    /// <summary>The version that this program needs; it works on later ones as far as they allow it.</summary>
    public static int Version => Migrations.Count;

    /// <summary>What <c>outbox-relay init</c> prints: for psql, or for a migration tool of one's own.</summary>
    public static string Script
    {
        get
        {
            var text = new StringBuilder();
            text.Append($"-- The outbox of outbox-relay for PostgreSQL 15 and later, schema version {Version}.\n");
            text.Append("-- May be run again at any time, also while writers and relays run. With psql -v ON_ERROR_STOP=1 the first\n");
            text.Append("-- step that fails is the last; otherwise those after it fail as well.\n");
            foreach (var migration in Migrations)
            {
                text.Append($"\n-- {migration.Name}\nBEGIN;\n");
                text.Append($"SET LOCAL lock_timeout = '{PgMigration.LockTimeout}';\n");
                text.Append($"{migration.Statement}\nCOMMIT;\n");
            }

            return text.ToString();
        }
    }

    private static string Read(string file)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(file)
            ?? throw new InvalidOperationException($"{file} is not embedded in the program");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
