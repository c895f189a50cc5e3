using System.Security.Cryptography.X509Certificates;
using Sidecar.Integration.Tests.Rig;
using Sidecar.TestKit;
using Sidecar.TestKit.Apps;
using Sidecar.TestKit.Kafka;

namespace Sidecar.Integration.Tests.Credentials;

/// <summary>The whole line, both programs, against a broker that asks who one is.</summary>
internal sealed class LineTests
{
    private static readonly TimeSpan Patience = RunningAgent.Patience;

    [Test]
    public async Task A_wrong_password_is_said_by_both_and_delivery_begins_when_it_is_mended_on_disk()
    {
        var broker = SecuredBroker.Get();
        using var secret = MountedSecret.Of(SecuredKafka.User, "mistyped").With("ca.crt", broker.Authority.Certificate);
        await using var line = await SecuredLine.StartAsync(broker, broker.SaslTls, secret, "SASL_SSL SCRAM-SHA-512");
        line.Commit(20);

        var refused = $"kafka: the brokers at {broker.SaslTls} refuse us: they do not accept the user and password in {secret.Directory}";
        await Until.TrueAsync(
            async () => (await line.Agent.ReadyAsync()).Contains(refused, StringComparison.Ordinal), Patience, "the agent says why");
        await Until.TrueAsync(
            async () => (await line.RelayReadyAsync()).Contains(refused, StringComparison.Ordinal), Patience, "the relay says why");
        await using (var offsets = line.AgentCommand("offsets", "show"))
        await using (var doctor = line.RelayCommand("doctor"))
        {
            Assert.That(await offsets.WaitForExitAsync(Patience), Is.EqualTo(1));
            Assert.That(offsets.Output, Does.Contain("agent: Kafka: the brokers at").And.Contain("do not accept the user and password"));
            Assert.That(await doctor.WaitForExitAsync(Patience), Is.EqualTo(1));
            Assert.That(doctor.Output, Does.Contain("refuse us").And.Contain("username and password (kafka-credentials)"));
        }

        secret.With("password", SecuredKafka.Password + "\n");
        await line.AllArrivedAsync();
        Assert.That(line.Agent.Says("\"What\":\"user or password\""), Is.EqualTo(1), line.Agent.Process.Output);
        Assert.That(await line.Agent.ReadyAsync(), Is.EqualTo("ready\n"));
        Assert.That(line.Agent.Says("refuse us"), Is.EqualTo(1), "said once, not at every try");
        await line.EndAsync("mistyped", SecuredKafka.Password);
    }

    [Test]
    public async Task Dead_letters_resends_and_commands_go_by_the_clients_certificate_too()
    {
        var broker = SecuredBroker.Get();
        var pair = broker.Authority.Issue("app", TimeSpan.FromDays(1));
        using var secret = new MountedSecret().With("ca.crt", broker.Authority.Certificate).With(pair);
        await using var line = await SecuredLine.StartAsync(
            broker, broker.Tls, secret, "SSL", "; attempts=1; backoff=10ms; retries=1s; on-exhausted=dead-letter");
        var refused = 0;
        line.Inbox.Otherwise = delivered =>
            delivered.Position.Offset == 0 && Interlocked.Increment(ref refused) > 0
                ? Answers.Status(Grpc.Core.StatusCode.Aborted, "not now") : null;
        using var certificate = X509Certificate2.CreateFromPem(pair.Certificate);
        var end = new DateTimeOffset(certificate.NotAfter).ToUnixTimeSeconds();
        await line.Agent.MetricIsAsync(end, "sidecar_kafka_certificate_expiry_timestamp_seconds");
        Assert.That(await line.RelayMetricAsync("outbox_kafka_certificate_expiry_timestamp_seconds"), Is.EqualTo(end));

        line.Commit(10);
        await line.Agent.MetricIsAsync(2, "sidecar_dead_letters_total");
        Assert.That(refused, Is.EqualTo(4), "two events, in place and from the retry topic");
        await line.Inbox.HasAsync(line.Committed - 2, Patience);

        await using (var list = line.AgentCommand("dlq", "list"))
        {
            Assert.That(await list.WaitForExitAsync(Patience), Is.Zero, list.Output);
            Assert.That(list.OutputLines, Has.Count.EqualTo(3));
        }

        await using (var purge = line.AgentCommand("dlq", "purge", "--all"))
        {
            Assert.That(await purge.WaitForExitAsync(Patience), Is.Zero, purge.Output);
        }

        await using (var doctor = line.RelayCommand("doctor"))
        {
            Assert.That(await doctor.WaitForExitAsync(Patience), Is.Zero, doctor.Output);
            Assert.That(doctor.Output, Does.Contain("1 brokers answer").And.Contain("certificate ends at"));
        }

        await using (var config = line.AgentCommand("config"))
        {
            Assert.That(await config.WaitForExitAsync(Patience), Is.Zero, config.Output);
            Assert.That(config.Output, Does.Contain(secret.Directory).And.Not.Contain("BEGIN"));
        }

        line.Inbox.Otherwise = _ => null;
        Assert.That(await line.Agent.StopAsync(), Is.Zero, line.Agent.Process.Output);
    }
}
