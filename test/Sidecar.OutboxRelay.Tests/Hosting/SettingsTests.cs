using Sidecar.OutboxRelay.Contracts;
using Sidecar.OutboxRelay.Hosting;
using Sidecar.OutboxRelay.Postgres;

namespace Sidecar.OutboxRelay.Tests.Hosting;

[TestFixture]
internal sealed class SettingsTests
{
    [Test]
    public void All_errors_come_at_once_with_key_value_and_fix()
    {
        var (_, errors) = Read(
            new() { ["lease"] = "5", ["metrics-port"] = "70000", ["bootstrap-servers"] = "a:1,b" },
            new() { ["SIDECAR_LOG_LEVEL"] = "loud" });
        Assert.That(errors, Has.Count.EqualTo(5));
        Assert.That(errors[0], Does.StartWith("no database is given: give one of --sqlite (SIDECAR_OUTBOX_SQLITE), --postgres ("));
        Assert.That(errors[1], Does.StartWith("--bootstrap-servers is 'a:1,b': give host:port"));
        Assert.That(errors[2], Is.EqualTo("--lease is '5': give a time with its unit (ms, s, m, h) from 500ms to 10m"));
        Assert.That(errors[3], Is.EqualTo("--metrics-port is '70000': give a whole number from 0 to 65535"));
        Assert.That(
            errors[4], Is.EqualTo("SIDECAR_LOG_LEVEL is 'loud': give one of debug, information, warning, error"));
    }

    [Test]
    public void A_flag_wins_over_its_variable_and_an_empty_variable_is_not_set()
    {
        var (options, errors) = Read(
            new() { ["sqlite"] = "flag.db" },
            new()
            {
                ["SIDECAR_OUTBOX_SQLITE"] = "v.db",
                ["SIDECAR_BOOTSTRAP_SERVERS"] = "k:9092",
                ["SIDECAR_OUTBOX_LEASE"] = "",
            });
        Assert.That(errors, Is.Empty);
        Assert.That(options.Relay.Store.SqlitePath, Is.EqualTo("flag.db"));
        Assert.That(options.Relay.Publish.BootstrapServers, Is.EqualTo("k:9092"));
        Assert.That(options.Relay.Lease.Length, Is.EqualTo(TimeSpan.FromSeconds(5)));
    }

    [Test]
    public void Service_and_namespace_make_the_source_unless_it_is_given()
    {
        var given = new Dictionary<string, string>
        {
            ["sqlite"] = "a", ["bootstrap-servers"] = "k:1", ["service"] = "orders", ["namespace"] = "shop",
        };
        Assert.That(Read(given, []).Options.Relay.Publish.Source, Is.EqualTo("/shop/orders"));
        given["source"] = "urn:x";
        Assert.That(Read(given, []).Options.Relay.Publish.Source, Is.EqualTo("urn:x"));
    }

    [Test]
    public void Only_PostgreSQL_has_a_log_to_read()
    {
        var postgres = Read(new() { ["postgres"] = "Host=h", ["bootstrap-servers"] = "k:1", ["mode"] = "wal" }, []);
        Assert.That((postgres.Options.Relay.Store.ReadsWal, postgres.Errors), Is.EqualTo((true, Array.Empty<string>())));
        var sqlite = Read(new() { ["sqlite"] = "a.db", ["bootstrap-servers"] = "k:1", ["mode"] = "wal" }, []);
        Assert.That(sqlite.Errors.Single(), Does.Contain("SQLite"));
    }

    [Test]
    public void Every_setting_arrives()
    {
        var (options, errors) = Read(
            new()
            {
                ["sqlite"] = "a.db", ["bootstrap-servers"] = "k:1", ["service"] = "s", ["namespace"] = "n",
                ["source"] = "u",
                ["max-message-bytes"] = "5000", ["window-rows"] = "7", ["window-bytes"] = "70000", ["lease"] = "2m",
                ["busy-timeout"] = "20ms", ["drain-timeout"] = "1s", ["metrics-port"] = "1",
                ["metrics-address"] = "127.0.0.1", ["on-refused"] = "park", ["mode"] = "table", ["wal-max-lag"] = "2097152",
                ["log-level"] = "debug", ["log-format"] = "json", ["kafka-security-protocol"] = "SASL_SSL",
                ["kafka-sasl-mechanism"] = "SCRAM-SHA-512", ["kafka-credentials"] = "/etc/sidecar/kafka",
            },
            []);
        Assert.That(errors, Is.Empty);
        var (store, publish, hosting) = (options.Relay.Store, options.Relay.Publish, options.Hosting);
        Assert.That((store.SqlitePath, store.WindowRows, store.WindowBytes), Is.EqualTo(("a.db", 7, 70000)));
        Assert.That((store.ReadsWal, store.WalMaxLag), Is.EqualTo((false, 2097152)));
        Assert.That(store.BusyTimeout, Is.EqualTo(TimeSpan.FromMilliseconds(20)));
        Assert.That(
            (publish.BootstrapServers, publish.Source, publish.MaxMessageBytes), Is.EqualTo(("k:1", "u", 5000)));
        Assert.That((publish.OnRefused, store.OnRefused), Is.EqualTo((OnRefused.Park, OnRefused.Park)));
        Assert.That(publish.DrainTimeout, Is.EqualTo(TimeSpan.FromSeconds(1)));
        Assert.That(options.Relay.Lease.Length, Is.EqualTo(TimeSpan.FromMinutes(2)));
        Assert.That((hosting.MetricsPort, hosting.MetricsAddress!.ToString()), Is.EqualTo((1, "127.0.0.1")));
        Assert.That((hosting.LogLevel.ToString(), hosting.LogFormat), Is.EqualTo(("Debug", LogFormat.Json)));
        Assert.That((options.Service, options.Namespace), Is.EqualTo(("s", "n")));
        Assert.That(
            (publish.Security.ProtocolName, publish.Security.Mechanism, publish.Security.Directory),
            Is.EqualTo(("SASL_SSL", "SCRAM-SHA-512", "/etc/sidecar/kafka")));
        Assert.That(Settings.All, Has.Count.EqualTo(23), "a new setting is read above");
    }

    [Test]
    public void The_database_is_one_and_a_password_is_never_printed()
    {
        using var file = new TemporaryText("postgres://relay:hidden@db:6432/app?sslmode=verify-full");
        var uri = "postgresql://relay:hidden@db/app";
        var one = new Dictionary<string, string> { ["bootstrap-servers"] = "k:1", ["postgres"] = uri };
        Assert.That(Read(one, []).Options.Relay.Store.Postgres, Is.EqualTo(uri));
        one["sqlite"] = "a.db";
        Assert.That(Read(one, []).Errors, Is.EqualTo(new[] { "--sqlite and --postgres are given: give one database" }));
        one.Remove("sqlite");
        one["postgres"] = "Host=db;Pasword=hidden";
        Assert.That(Read(one, []).Errors, Has.Count.EqualTo(1).And.All.Not.Contain("hidden"));
        one.Remove("postgres");
        one["postgres-file"] = file.Path;
        Assert.That(Read(one, []).Errors, Is.Empty);
        var address = PgAddress.Of(Read(one, []).Options.Relay.Store).Value;
        Assert.That(address.Shown, Is.EqualTo("db:6432/app"));
        Assert.That(address.Settings().SslMode, Is.EqualTo(Npgsql.SslMode.VerifyFull));
        Assert.That(address.Settings().Password, Is.EqualTo("hidden"));
    }

    private sealed class TemporaryText : IDisposable
    {
        public TemporaryText(string text) => File.WriteAllText(Path, text);

        public string Path { get; } = System.IO.Path.GetTempFileName();

        public void Dispose() => File.Delete(Path);
    }

    private static (ProgramOptions Options, IReadOnlyList<string> Errors) Read(
        Dictionary<string, string> flags, Dictionary<string, string> variables) =>
        Settings.Read(
            Settings.All, [Settings.AnyDatabase, "bootstrap-servers"],
            setting => flags.GetValueOrDefault(setting.Name), variables.GetValueOrDefault);
}
