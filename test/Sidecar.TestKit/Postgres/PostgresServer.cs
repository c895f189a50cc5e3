using Npgsql;

namespace Sidecar.TestKit.Postgres;

/// <summary>
/// A PostgreSQL that tests talk to: whichever the machine offers. It says what it is, so that a result can be read for
/// what it is.
/// </summary>
public abstract class PostgresServer : IAsyncDisposable
{
    /// <summary>What it is, with its version; tests print it first.</summary>
    public abstract string Name { get; }

    /// <summary>Connects as a superuser to the database that is always there.</summary>
    public abstract string ConnectionString { get; }

    /// <summary>The same server and user, another database.</summary>
    public string ConnectionStringTo(string database) =>
        new NpgsqlConnectionStringBuilder(ConnectionString) { Database = database }.ConnectionString;

    /// <summary>Makes an empty database and gives its connection string.</summary>
    /// <param name="name">The start of its name; a unique part is added.</param>
    public async Task<string> NewDatabaseAsync(string name)
    {
        var database = $"{name}_{Guid.NewGuid():N}"[..Math.Min(name.Length + 9, 63)].ToLowerInvariant();
        // A database of one encoding and collation everywhere, whatever the server's own is.
        await ExecuteAsync(
            $"CREATE DATABASE \"{database}\" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'");
        return ConnectionStringTo(database);
    }

    /// <summary>Runs a statement as the superuser in the database that is always there.</summary>
    public Task ExecuteAsync(string sql) => Sql.ExecuteAsync(ConnectionString, sql);

    public abstract ValueTask DisposeAsync();
}

/// <summary>A started server, or none and why.</summary>
public sealed record PostgresStart(PostgresServer? Server, string Reason);
