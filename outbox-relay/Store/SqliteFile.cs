using Microsoft.Data.Sqlite;
using Sidecar.OutboxRelay.Contracts;

namespace Sidecar.OutboxRelay.Store;

/// <summary>
/// Opens the application's SQLite file, says what is wrong with it, and notices when it is another file.
/// </summary>
public static class SqliteFile
{
    private const int Busy = 5;
    private const int Locked = 6;
    private const int CannotOpen = 14;

    /// <summary>Connects without creating the file, and sets what every connection of ours needs.</summary>
    public static SqliteConnection Connect(string path, TimeSpan busyTimeout, bool create = false)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = create ? SqliteOpenMode.ReadWriteCreate : SqliteOpenMode.ReadWrite,
            Pooling = false,
        }.ToString())
        {
            // The library's own loop sleeps 150 ms between two tries of a busy statement. 1 s is its smallest value
            // other than 0, which means for ever; SQLite's own time-out is set below.
            DefaultTimeout = 1,
        };
        try
        {
            connection.Open();

            // NORMAL: a power cut may take back a deletion, which costs a repeat. The application's own commits are
            // synced as its own connection says.
            var milliseconds = (long)busyTimeout.TotalMilliseconds;
            Execute(connection, $"PRAGMA busy_timeout = {milliseconds}; PRAGMA synchronous = NORMAL;");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>The outbox's id, or what is missing in this file.</summary>
    public static StoreAnswer<string> Check(SqliteConnection connection, string path)
    {
        var hint = $"run `outbox-relay init --apply --sqlite {path}` or let the application create them";
        using var command = connection.CreateCommand();
        command.CommandText =
            "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN " +
            "('outbox_event', 'outbox_meta', 'outbox_lease', 'outbox_held')";
        if ((long)command.ExecuteScalar()! < 4)
        {
            return new StoreProblem(StoreFault.NoSchema, $"{path} lacks the outbox's tables: {hint}");
        }

        command.CommandText = "SELECT value FROM outbox_meta WHERE name = 'schema_version'";
        var version = command.ExecuteScalar() as string;
        command.CommandText = "SELECT value FROM outbox_meta WHERE name = 'uuid'";
        var uuid = command.ExecuteScalar() as string;
        if (version is null || uuid is null)
        {
            return new StoreProblem(StoreFault.NoSchema, $"{path} lacks the rows of outbox_meta: {hint}");
        }

        return version == Schema.Version
            ? uuid
            : new StoreProblem(
                StoreFault.OtherSchema,
                $"{path} has outbox schema version {version}; this program knows version {Schema.Version}");
    }

    /// <summary>Runs statements that answer nothing.</summary>
    public static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    /// <summary>Says in a sentence what SQLite meant.</summary>
    public static StoreProblem Explain(SqliteException e, string path)
    {
        if (e.SqliteErrorCode is Busy or Locked)
        {
            return new StoreProblem(StoreFault.Busy, $"another writer holds {path}");
        }

        if (e.SqliteErrorCode == CannotOpen && !File.Exists(path))
        {
            return new StoreProblem(StoreFault.NoDatabase, $"there is no file {path} yet");
        }

        return e.Message.Contains("no such table", StringComparison.Ordinal)
            ? new StoreProblem(StoreFault.NoSchema, $"{path} lacks a table of the outbox: {e.Message}")
            : new StoreProblem(StoreFault.Failed, $"{path}: {e.Message}");
    }
}
