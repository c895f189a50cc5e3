using System.Net;
using Microsoft.Extensions.Logging;
using Sidecar.Credentials;
using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Postgres;

namespace Sidecar.OutboxRelay.Hosting;

/// <summary>The table of all settings, and how flags and variables become options: all errors at once.</summary>
public static class Settings
{
    private const long KiB = 1024;
    private const long MiB = 1024 * KiB;

    /// <summary>Stands among what a command requires for one of <see cref="Database"/>.</summary>
    public const string AnyDatabase = "a database";

    public static readonly Setting Sqlite = new(
        "sqlite", "SIDECAR_OUTBOX_SQLITE", null, "The SQLite file that the application writes to.",
        (to, text) => Text(text, value => to.Relay.Store.SqlitePath = value, "the path of a file"));

    public static readonly Setting Postgres = new(
        "postgres", "SIDECAR_OUTBOX_POSTGRES", null, "The PostgreSQL database: a connection string or a postgres:// URI.",
        PostgresText)
    {
        IsSecret = true,
    };

    public static readonly Setting PostgresFile = new(
        "postgres-file", "SIDECAR_OUTBOX_POSTGRES_FILE", null, "A file that holds what --postgres would: a mounted secret.",
        PostgresIn);

    /// <summary>Which database: a command needs one of these, and takes no two.</summary>
    public static readonly IReadOnlyList<Setting> Database = [Sqlite, Postgres, PostgresFile];

    public static readonly Setting BusyTimeout = Duration(
        "busy-timeout", "SIDECAR_OUTBOX_BUSY_TIMEOUT", "1s", "The longest wait for another writer at a time.",
        TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1), (to, value) => to.Relay.Store.BusyTimeout = value);

    /// <summary>How Kafka is told who we are; the same names as the agent's.</summary>
    public static readonly IReadOnlyList<Setting> Security =
    [
        Choice(SecurityOptions.ProtocolSetting, "SIDECAR_KAFKA_SECURITY_PROTOCOL", "PLAINTEXT",
            "How connections to Kafka are protected: PLAINTEXT, SSL (TLS), SASL_PLAINTEXT or SASL_SSL.",
            SecurityOptions.Protocols, (to, value) => to.Relay.Publish.Security.Protocol = value),
        Choice(SecurityOptions.MechanismSetting, "SIDECAR_KAFKA_SASL_MECHANISM", null,
            "How a user and a password are proven, with SASL: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.",
            SecurityOptions.Mechanisms.ToDictionary(one => one), (to, value) => to.Relay.Publish.Security.Mechanism = value),
        new(SecurityOptions.DirectorySetting, "SIDECAR_KAFKA_CREDENTIALS", null,
            "The directory of a mounted Secret with the files username and password (SASL), ca.crt, tls.crt and tls.key (TLS).",
            Directory),
    ];

    /// <summary>All settings of <c>run</c>, in the order of the help.</summary>
    public static readonly IReadOnlyList<Setting> All =
    [
        .. Database,
        new("bootstrap-servers", "SIDECAR_BOOTSTRAP_SERVERS", null, "Kafka brokers to begin with: host:port,...",
            Servers),
        .. Security,
        new("service", "SIDECAR_SERVICE", null, "The service's name; with the namespace the default of --source.",
            (to, text) => Text(text, value => to.Service = value, "the service's name")),
        new("namespace", "SIDECAR_NAMESPACE", null, "The namespace that the service runs in.",
            (to, text) => Text(text, value => to.Namespace = value, "the namespace's name")),
        new("source", "SIDECAR_OUTBOX_SOURCE", "/NAMESPACE/SERVICE, else /outbox/UUID",
            "ce_source of rows that have none.",
            (to, text) => Text(text, value => to.Relay.Publish.Source = value, "a URI reference")),
        Number("max-message-bytes", "SIDECAR_OUTBOX_MAX_MESSAGE_BYTES", "1048588",
            "The largest record; larger ones are held. Not above the topics' max.message.bytes.",
            KiB, 64 * MiB, (to, value) => to.Relay.Publish.MaxMessageBytes = (int)value),
        Choice("mode", "SIDECAR_OUTBOX_MODE", "table",
            "Where PostgreSQL's rows come from: table, or wal (the write-ahead log; one relay reads, others stand by).",
            new Dictionary<string, bool> { ["table"] = false, ["wal"] = true }, (to, value) => to.Relay.Store.ReadsWal = value),
        Number("wal-max-lag", "SIDECAR_OUTBOX_WAL_MAX_LAG", "1073741824",
            "Bytes of its log that the server may keep for the relay; beyond them the table is read.",
            MiB, MiB * MiB, (to, value) => to.Relay.Store.WalMaxLag = value),
        Number("window-rows", "SIDECAR_OUTBOX_WINDOW_ROWS", "500",
            "Rows read and settled together; two windows are under way.",
            1, 100_000, (to, value) => to.Relay.Store.WindowRows = (int)value),
        Number("window-bytes", "SIDECAR_OUTBOX_WINDOW_BYTES", "2097152",
            "Bytes after which a window takes no further row.",
            64 * KiB, 256 * MiB, (to, value) => to.Relay.Store.WindowBytes = (int)value),
        Choice("on-refused", "SIDECAR_OUTBOX_ON_REFUSED", "hold",
            "A row that Kafka refuses: hold later rows of its key behind it, or park it alone.",
            new Dictionary<string, OnRefused> { ["hold"] = OnRefused.Hold, ["park"] = OnRefused.Park },
            (to, value) => to.Relay.Publish.OnRefused = to.Relay.Store.OnRefused = value),
        Duration("lease", "SIDECAR_OUTBOX_LEASE", "5s", "Silence after which another relay takes over.",
            TimeSpan.FromMilliseconds(500), TimeSpan.FromMinutes(10), (to, value) => to.Relay.Lease.Length = value),
        BusyTimeout,
        Duration("drain-timeout", "SIDECAR_OUTBOX_DRAIN_TIMEOUT", "3s", "The longest wait for Kafka when stopping.",
            TimeSpan.Zero, TimeSpan.FromMinutes(1), (to, value) => to.Relay.Publish.DrainTimeout = value),
        Number("metrics-port", "SIDECAR_OUTBOX_METRICS_PORT", "14290",
            "Port of /metrics, /livez, /readyz; 0: any free one.",
            0, ushort.MaxValue, (to, value) => to.Hosting.MetricsPort = (int)value),
        new("metrics-address", "SIDECAR_OUTBOX_METRICS_ADDRESS", "every address",
            "Address that the port listens on.", Address),
        Choice("log-level", "SIDECAR_LOG_LEVEL", "information", "debug, information, warning or error.",
            new Dictionary<string, LogLevel>
            {
                ["debug"] = LogLevel.Debug,
                ["information"] = LogLevel.Information,
                ["warning"] = LogLevel.Warning,
                ["error"] = LogLevel.Error,
            },
            (to, value) => to.Hosting.LogLevel = value),
        Choice("log-format", "SIDECAR_LOG_FORMAT", "json unless on a terminal", "json or text.",
            new Dictionary<string, LogFormat> { ["json"] = LogFormat.Json, ["text"] = LogFormat.Text },
            (to, value) => to.Hosting.LogFormat = value),
    ];

    /// <summary>What a command needs that looks at the outbox and at Kafka, or sends.</summary>
    public static readonly IReadOnlyList<Setting> Publishing = [.. All.Where(setting =>
        Database.Contains(setting) || Security.Contains(setting) ||
        setting.Name is "bootstrap-servers" or "service" or "namespace" or "source" or "max-message-bytes" or "busy-timeout")];

    /// <summary>Reads the settings; each error names the key, the value and the fix.</summary>
    /// <param name="settings">Those that the command knows.</param>
    /// <param name="required">Those that it cannot do without.</param>
    /// <param name="flag">The value of a flag; null: not given.</param>
    /// <param name="variable">The value of an environment variable; null or empty: not set.</param>
    public static (ProgramOptions Options, IReadOnlyList<string> Errors) Read(
        IReadOnlyList<Setting> settings, IReadOnlyList<string> required, Func<Setting, string?> flag,
        Func<string, string?> variable)
    {
        var options = new ProgramOptions();
        var errors = new List<string>();
        var databases = new List<string>();
        foreach (var setting in settings)
        {
            var given = flag(setting);
            var (key, text) = given is not null
                ? (setting.Flag, given)
                : (setting.Variable, variable(setting.Variable) is { Length: > 0 } set ? set : null);
            if (text is null && required.Contains(setting.Name))
            {
                errors.Add($"{setting.Flag} is missing: give it, or set {setting.Variable}. {setting.Help}");
            }
            else if (text is not null && setting.Apply(options, text) is { } fix)
            {
                errors.Add(setting.IsSecret ? $"{key} is not {fix}" : $"{key} is '{text}': give {fix}");
            }

            if (text is not null && Database.Contains(setting))
            {
                databases.Add(key);
            }
        }

        if (databases.Count > 1)
        {
            errors.Add($"{string.Join(" and ", databases)} are given: give one database");
        }
        else if (databases.Count == 0 && required.Contains(AnyDatabase))
        {
            errors.Insert(0, "no database is given: give one of " +
                string.Join(", ", Database.Select(setting => $"{setting.Flag} ({setting.Variable})")));
        }

        errors.AddRange(options.Relay.Publish.Security.Check().Select(problem => $"--{problem}"));
        if (options.Relay.Store is { ReadsWal: true, SqlitePath.Length: > 0 })
        {
            errors.Add("--mode is 'wal': SQLite has no log to read: leave it out, or give --postgres");
        }

        if (options is { Service: not null, Namespace: not null })
        {
            options.Relay.Publish.Source ??= $"/{options.Namespace}/{options.Service}";
        }

        return (options, errors);
    }

    private static string? Directory(ProgramOptions to, string text)
    {
        to.Relay.Publish.Security.Directory = text;
        return text.StartsWith('/') ? null : "a path from the root, such as /etc/sidecar/kafka";
    }

    private static string? Servers(ProgramOptions to, string text)
    {
        to.Relay.Publish.BootstrapServers = text;
        var bad = text.Split(',').FirstOrDefault(server =>
            server.Trim().LastIndexOf(':') is var colon && (colon <= 0 ||
            SettingText.Number(server.Trim()[(colon + 1)..], 1, ushort.MaxValue) is null));
        return bad is null ? null : "host:port, several separated by commas, such as kafka-0:9092,kafka-1:9092";
    }

    private static string? PostgresText(ProgramOptions to, string text)
    {
        to.Relay.Store.Postgres = text;
        return PgAddress.Parse(text) is null ? PgAddress.Shape : null;
    }

    private static string? PostgresIn(ProgramOptions to, string path)
    {
        to.Relay.Store.PostgresFile = path;
        try
        {
            return PgAddress.Parse(File.ReadAllText(path)) is null ? $"a file that holds {PgAddress.Shape}" : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "a file that can be read";
        }
    }

    private static string? Address(ProgramOptions to, string text)
    {
        to.Hosting.MetricsAddress = IPAddress.TryParse(text, out var address) ? address : null;
        return address is null ? "an IP address, such as 127.0.0.1" : null;
    }

    private static string? Text(string text, Action<string> set, string fix)
    {
        set(text);
        return string.IsNullOrWhiteSpace(text) ? fix : null;
    }

    private static Setting Number(
        string name, string variable, string standard, string help, long least, long most,
        Action<ProgramOptions, long> set) =>
        new(name, variable, standard, help, (to, text) =>
        {
            var value = SettingText.Number(text, least, most);
            set(to, value ?? least);
            return value is null ? $"a whole number from {least} to {most}" : null;
        });

    private static Setting Duration(
        string name, string variable, string standard, string help, TimeSpan least, TimeSpan most,
        Action<ProgramOptions, TimeSpan> set) =>
        new(name, variable, standard, help, (to, text) =>
        {
            var value = SettingText.Duration(text, least, most);
            set(to, value ?? least);
            return value is null
                ? $"a time with its unit (ms, s, m, h) from {SettingText.Show(least)} to {SettingText.Show(most)}"
                : null;
        });

    private static Setting Choice<T>(
        string name, string variable, string? standard, string help, IReadOnlyDictionary<string, T> choices,
        Action<ProgramOptions, T> set) =>
        new(name, variable, standard, help, (to, text) =>
        {
            if (choices.TryGetValue(text, out var value))
            {
                set(to, value);
                return null;
            }

            return "one of " + string.Join(", ", choices.Keys);
        });
}
