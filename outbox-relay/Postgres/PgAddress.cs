using Npgsql;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Store;

namespace Sidecar.OutboxRelay.Postgres;

/// <summary>
/// Where a PostgreSQL database is and how to enter it. Only <see cref="Shown"/> is ever printed: the rest holds secrets.
/// </summary>
public sealed class PgAddress
{
    /// <summary>What to give, for people.</summary>
    public const string Shape =
        "an Npgsql connection string (Host=db;Database=app;Username=relay;...) or a postgres:// URI";

    private static readonly Dictionary<string, string> UriKeywords = new(StringComparer.OrdinalIgnoreCase)
    {
        ["application_name"] = "Application Name",
        ["connect_timeout"] = "Timeout",
        ["host"] = "Host",
        ["keepalives_idle"] = "Tcp Keepalive Time",
        ["options"] = "Options",
        ["passfile"] = "Passfile",
        ["password"] = "Password",
        ["port"] = "Port",
        ["sslcert"] = "SSL Certificate",
        ["sslkey"] = "SSL Key",
        ["sslmode"] = "SSL Mode",
        ["sslrootcert"] = "Root Certificate",
        ["target_session_attrs"] = "Target Session Attributes",
        ["user"] = "Username",
    };

    private readonly string connectionString;

    private PgAddress(NpgsqlConnectionStringBuilder builder)
    {
        connectionString = builder.ConnectionString;
        Shown = $"{builder.Host}{(builder.Port == NpgsqlConnection.DefaultPort ? "" : $":{builder.Port}")}/" +
            (builder.Database ?? builder.Username);
    }

    /// <summary>Host and database, for people and logs.</summary>
    public string Shown { get; }

    /// <summary>The address that the options give; a mounted secret is read anew each time.</summary>
    public static StoreAnswer<PgAddress> Of(StoreOptions options)
    {
        try
        {
            return Parse(options.Postgres.Length > 0 ? options.Postgres : File.ReadAllText(options.PostgresFile)) is { } address
                ? address
                : new StoreProblem(StoreFault.NoDatabase, $"{options.PostgresFile} does not hold {Shape}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new StoreProblem(StoreFault.NoDatabase, $"{options.PostgresFile} cannot be read");
        }
    }

    /// <summary>The address that a text gives; null: it is none. The text is not repeated: it may hold a password.</summary>
    public static PgAddress? Parse(string text)
    {
        try
        {
            var builder = IsUri(text) ? FromUri(new Uri(text.Trim())) : new NpgsqlConnectionStringBuilder(text.Trim());
            return builder is null || string.IsNullOrWhiteSpace(builder.Host) ? null : new PgAddress(builder);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or KeyNotFoundException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>A copy of the settings, for a connection of one's own.</summary>
    public NpgsqlConnectionStringBuilder Settings() => new(connectionString);

    private static bool IsUri(string text) =>
        text.TrimStart().StartsWith("postgres://", StringComparison.OrdinalIgnoreCase) ||
        text.TrimStart().StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase);

    private static NpgsqlConnectionStringBuilder? FromUri(Uri uri)
    {
        var builder = new NpgsqlConnectionStringBuilder { Host = uri.Host };
        if (uri.Port > 0)
        {
            builder.Port = uri.Port;
        }

        if (uri.AbsolutePath.Length > 1)
        {
            builder.Database = Uri.UnescapeDataString(uri.AbsolutePath[1..]);
        }

        var user = uri.UserInfo.Split(':', 2);
        builder.Username = user[0].Length > 0 ? Uri.UnescapeDataString(user[0]) : null;
        builder.Password = user.Length > 1 ? Uri.UnescapeDataString(user[1]) : null;
        foreach (var pair in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = pair.Split('=', 2) is [var left, var right] ? (left, right) : (pair, "");
            if (!UriKeywords.TryGetValue(name, out var keyword))
            {
                return null;
            }

            // libpq writes verify-ca and read-write, Npgsql VerifyCA and ReadWrite.
            var text = Uri.UnescapeDataString(value);
            builder[keyword] = name is "sslmode" or "target_session_attrs"
                ? text.Replace("-", "", StringComparison.Ordinal)
                : text;
        }

        return builder;
    }
}
