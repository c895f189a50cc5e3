using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Sidecar.OutboxRelay.Postgres;
using Sidecar.OutboxRelay.Telemetry;
using Sidecar.OutboxRelay.Tests.Fixtures;
using Sidecar.TestKit.Postgres;

namespace Sidecar.OutboxRelay.Tests.Doctor;

/// <summary>What the doctor finds, on each server that there is.</summary>
[TestFixtureSource(typeof(SharedPostgres), nameof(SharedPostgres.Ends))]
internal sealed class DoctorTests(PostgresEnd end)
{
    [Test]
    public async Task A_database_without_the_schema_is_told_how_to_get_it()
    {
        var server = await SharedPostgres.GetAsync(end);
        await using var doctor = Relays.Start("doctor", "--postgres", await server.NewDatabaseAsync("bare"));
        Assert.That(await doctor.EndAsync(), Is.EqualTo(1));
        Assert.That(doctor.Output, Does.Contain("outbox-relay init --apply"));
    }

    [Test]
    public async Task A_server_that_is_not_there_is_said_in_one_line()
    {
        await using var doctor = Relays.Start("doctor", "--postgres", "Host=127.0.0.1;Port=1;Database=a;Username=b;Password=secret");
        Assert.That(await doctor.EndAsync(), Is.EqualTo(1));
        Assert.That(doctor.Output, Does.Contain("cannot be reached").And.Not.Contain("secret"));
    }

    [Test]
    public async Task What_is_wrong_is_named_with_its_fix()
    {
        var outbox = await OperatedOutbox.MakeAsync(end);
        await outbox.ExecuteAsync(
            """
            GRANT DELETE ON outbox.log TO outbox_writer;
            DROP PUBLICATION outbox;
            INSERT INTO outbox.alarm (kind, subject, text) VALUES ('slot', 'log_1', 'altered')
            """);
        await outbox.HoldAsync(await outbox.PublishAsync("no topic!", "k", "1"), "refused");
        var (code, text) = await outbox.CommandAsync("doctor", "--bootstrap-servers", Kafka.BootstrapServers);
        Assert.That(code, Is.EqualTo(1));
        Assert.That(text, Does.Contain("outbox_writer may DELETE outbox.log").And.Contain("CREATE PUBLICATION outbox")
            .And.Contain("alarms accept 1").And.Contain("1 refused").And.Contain("is no name of a topic")
            .And.Contain("is a superuser").And.Contain("start `outbox-relay run`").And.Not.Contain("could not be looked at"));
    }

    [Test]
    public async Task A_healthy_outbox_as_the_relays_own_role_is_all_right()
    {
        var outbox = await OperatedOutbox.MakeAsync(end);
        var topic = await Kafka.TopicAsync();
        await outbox.ExecuteAsync(
            "DO $$ BEGIN CREATE ROLE doctor_relay LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$; " +
            "GRANT outbox_relay TO doctor_relay");
        await outbox.PublishAsync(topic, "k", "1");
        await using var relay = outbox.Run();
        await outbox.DrainedAsync();
        var asRelay = new NpgsqlConnectionStringBuilder(outbox.ConnectionString) { Username = "doctor_relay" }.ConnectionString;
        await using var doctor = Relays.Start(
            "doctor", "--postgres", asRelay, "--bootstrap-servers", Kafka.BootstrapServers, "--output", "json");
        await doctor.EndAsync();

        // The tests' own servers run without fsync, which the doctor is right to find wrong; nothing else is.
        var wrong = JsonDocument.Parse(doctor.Output).RootElement.EnumerateArray()
            .Where(finding => finding.GetProperty("severity").GetString() == "WRONG")
            .Select(finding => finding.GetProperty("subject").GetString());
        Assert.That(wrong.Where(subject => subject != "durability"), Is.Empty, doctor.Output);
        Assert.That(doctor.Output, Does.Contain("is no superuser").And.Contain("every lane has an owner")
            .And.Contain($"{topic}: 4 partitions"));
    }

    [Test]
    public async Task The_databases_own_setting_is_shown_and_not_the_one_of_the_doctors_session()
    {
        var outbox = await OperatedOutbox.MakeAsync(end);
        Assert.That((await outbox.CommandAsync("doctor")).Output, Does.Match("idle_in_transaction_session_timeout +none"));
        await outbox.ExecuteAsync(
            """
            DO $$ BEGIN EXECUTE format(
              'ALTER DATABASE %I SET idle_in_transaction_session_timeout = %L', current_database(), '7min'); END $$
            """);
        Assert.That((await outbox.CommandAsync("doctor")).Output, Does.Match("idle_in_transaction_session_timeout +7min"));
    }

    [Test]
    public async Task A_role_without_rights_is_told_what_to_be_granted_by_every_command()
    {
        var outbox = await OperatedOutbox.MakeAsync(end);
        await outbox.ExecuteAsync("DO $$ BEGIN CREATE ROLE nobody_here LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$");
        var bare = await (await SharedPostgres.GetAsync(end)).NewDatabaseAsync("bare");
        string As(string address) => new NpgsqlConnectionStringBuilder(address) { Username = "nobody_here" }.ConnectionString;
        await using var status = Relays.Start("status", "--postgres", As(outbox.ConnectionString));
        await using var init = Relays.Start("init", "--apply", "--postgres", As(bare));
        Assert.That((await status.EndAsync(), await init.EndAsync()), Is.EqualTo((1, 1)));
        Assert.That(status.Output, Does.Contain("permission denied").And.Contain("GRANT outbox_relay TO"));
        Assert.That(init.Output, Does.Contain("permission denied").And.Contain("as the owner of the database"));
    }

    [Test]
    public async Task A_primary_that_is_set_read_only_is_not_taken_for_a_standby()
    {
        var outbox = await OperatedOutbox.MakeAsync(end);
        await outbox.ExecuteAsync(
            """
            DO $$ BEGIN EXECUTE format(
              'ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$
            """);
        using var store = new PgStore(
            outbox.Options, TimeSpan.FromSeconds(5), new RelayTelemetry(TimeProvider.System, NullLoggerFactory.Instance));
        var problem = (await store.OpenAsync()).Problem;
        Assert.That(problem!.Text, Does.Contain("default_transaction_read_only is on").And.Not.Contain("standby"));
    }

    [Test]
    public async Task A_role_that_a_restored_database_lacks_is_told_with_what_makes_it()
    {
        var outbox = await OperatedOutbox.MakeAsync(end);
        await outbox.ExecuteAsync("ALTER ROLE outbox_writer RENAME TO outbox_writer_elsewhere");
        try
        {
            Assert.That((await outbox.CommandAsync("doctor")).Output, Does.Contain("there is no role outbox_writer")
                .And.Contain("CREATE ROLE outbox_writer NOLOGIN").And.Not.Contain("ask as a role that may see it"));
        }
        finally
        {
            await outbox.ExecuteAsync("ALTER ROLE outbox_writer_elsewhere RENAME TO outbox_writer");
        }
    }

    [Test]
    public async Task An_older_schema_is_told_by_every_command()
    {
        var outbox = await OperatedOutbox.MakeAsync(end);
        await outbox.ExecuteAsync("UPDATE outbox.config SET schema_version = schema_version - 1");
        var (code, text) = await outbox.CommandAsync("status");
        Assert.That(code, Is.EqualTo(1));
        Assert.That(text, Does.Contain("has schema version").And.Contain("run `outbox-relay init --apply`"));
    }

    [Test]
    public async Task Who_keeps_a_slot_is_named()
    {
        var outbox = await OperatedOutbox.MakeAsync(end);
        await using var writer = await Sql.OpenAsync(outbox.ConnectionString);
        await using var transaction = await writer.BeginTransactionAsync();
        await writer.ExecuteAsync("SELECT outbox.publish('t', 'k'::text, NULL)");
        var pid = writer.ProcessID;
        await TestKit.Until.TrueAsync(
            async () => (await outbox.CommandAsync("doctor")).Output.Contains($"pid {pid} ", StringComparison.Ordinal),
            Relays.Bound, "the writer is named");
    }
}
