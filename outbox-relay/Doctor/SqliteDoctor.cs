using Microsoft.Data.Sqlite;
using Sidecar.OutboxRelay.Store;

namespace Sidecar.OutboxRelay.Doctor;

/// <summary>Looks at a SQLite file as a relay would meet it. Changes nothing.</summary>
public static class SqliteDoctor
{
    private const int MostTopics = 200;

    /// <summary>Everything that was found, and the topics that the outbox writes to.</summary>
    public static (IReadOnlyList<Finding> Findings, IReadOnlyList<string> Topics) Look(StoreOptions options)
    {
        var path = options.SqlitePath;
        if (!File.Exists(path))
        {
            return ([Finding.Bad("file", $"there is no {path}", "the path of the application's database; it may not have run yet")], []);
        }

        try
        {
            List<Finding> findings = [.. Permissions(path)];
            if (findings.Any(finding => finding.Severity == Severity.Wrong))
            {
                return (findings, []);
            }

            using var connection = SqliteFile.Connect(path, options.BusyTimeout);
            var outbox = SqliteFile.Check(connection, path);
            if (outbox.Problem is { } problem)
            {
                findings.Add(Finding.Bad("schema", problem.Text, "run `outbox-relay init --apply`"));
                return (findings, []);
            }

            findings.Add(Finding.Fine("schema", $"version {Schema.Version}, outbox {outbox.Value}"));
            findings.Add(Text(connection, "PRAGMA journal_mode") is "wal"
                ? Finding.Fine("journal_mode", "wal")
                : Finding.Bad("journal_mode", "not wal: the relay and the application wait for each other", "PRAGMA journal_mode = WAL"));
            findings.Add(Held(connection));
            findings.Add(Lease(connection));
            return (findings, Topics(connection));
        }
        catch (SqliteException e)
        {
            return ([Finding.Bad("file", SqliteFile.Explain(e, path).Text, "the file, and who holds it")], []);
        }
    }

    private static IEnumerable<Finding> Permissions(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        yield return Can(() =>
        {
            using var file = File.Open(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        })
            ? Finding.Fine("file", $"{path}, {new FileInfo(path).Length / 1024} KiB, can be read and written")
            : Finding.Bad("file", $"{path} cannot be written", "let the relay run as the application's user or group");
        var probe = Path.Combine(folder, $".outbox-relay-{Environment.ProcessId}");
        yield return Can(() => File.Create(probe, 1, FileOptions.DeleteOnClose).Dispose())
            ? Finding.Fine("folder", $"{folder} can be written")
            : Finding.Bad("folder", $"{folder} cannot be written", "the relay must be able to make the -wal and -shm files there");
    }

    private static bool Can(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static Finding Held(SqliteConnection connection) =>
        Number(connection, "SELECT count(*) FROM outbox_held") is > 0 and var rows
            ? Finding.Warn("held rows", $"{rows}", "`outbox-relay parked list`, then retry or drop")
            : Finding.Fine("held rows", "none");

    private static Finding Lease(SqliteConnection connection) =>
        Number(
            connection,
            "SELECT count(*) FROM outbox_lease WHERE owner IS NOT NULL AND expires_ms > CAST(unixepoch('subsec') * 1000 AS INTEGER)") > 0
            ? Finding.Fine("relays", "one holds the lease")
            : Finding.Bad("relays", "none holds the lease", "start `outbox-relay run`");

    private static List<string> Topics(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText =
            $"SELECT topic FROM outbox_event UNION SELECT topic FROM outbox_held ORDER BY 1 LIMIT {MostTopics}";
        using var reader = command.ExecuteReader();
        var topics = new List<string>();
        while (reader.Read())
        {
            topics.Add(reader.GetString(0));
        }

        return topics;
    }

    private static string? Text(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar() as string;
    }

    private static long Number(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }
}
