using Sidecar.OutboxRelay.Commands;
using Sidecar.TestKit.Kafka;

namespace Sidecar.OutboxRelay.Tests.Commands;

/// <summary>What the parser says of arguments that it does not know.</summary>
internal sealed class CommandLineTests
{
    [TestCase("postgres://relay:s3cret@db/app", "'...'")]
    [TestCase("Host=db;Username=relay;Password=s3cret", "'...'")]
    [TestCase("--postgress=postgres://relay:s3cret@db/app", "'--postgress=...'")]
    public void An_argument_that_may_hold_a_password_is_not_repeated(string arg, string shown) => Assert.That(
        CommandLine.WithoutSecrets($"Unrecognized command or argument '{arg}'.", ["status", arg]),
        Is.EqualTo($"Unrecognized command or argument {shown}."));

    [Test]
    public async Task A_number_that_is_none_is_told_in_words()
    {
        await using var accept = Fixtures.Relays.Start("alarms", "accept", "x");
        Assert.That(await accept.WaitForExitAsync(Fixtures.Relays.Bound), Is.EqualTo(2));
        Assert.That(accept.Output, Does.Contain("'x'").And.Contain("as a whole number").And.Not.Contain("System."));
    }

    [TestCase("--limit is '0'", "parked", "list", "--limit", "0")]
    [TestCase("--limit is '2147483647'", "parked", "list", "--limit", "2147483647")]
    [TestCase("--max-bytes is '-1'", "parked", "show", "1", "--max-bytes", "-1")]
    [TestCase("no alarms in SQLite", "alarms", "list")]
    [TestCase("not available with SQLite", "replay", "--from", "1")]
    public async Task What_is_written_wrongly_behind_a_command_is_an_error_of_usage(string says, params string[] args)
    {
        using var outbox = new Fixtures.OutboxFile();
        await using var relay = Fixtures.Relays.Start([.. args, "--sqlite", outbox.Path]);
        Assert.That(await relay.WaitForExitAsync(Fixtures.Relays.Bound), Is.EqualTo(2), relay.Output);
        Assert.That(relay.ErrorLines, Has.Count.EqualTo(1).And.One.Contains(says));
    }

    [TestCase("run")]
    [TestCase("doctor")]
    public async Task A_key_that_is_not_the_certificates_is_an_error_of_the_configuration(string command)
    {
        var authority = new CertificateAuthority();
        var (one, other) = (authority.Issue("app", TimeSpan.FromDays(1)), authority.Issue("app", TimeSpan.FromDays(1)));
        using var secret = new MountedSecret().With(one with { Key = other.Key });
        using var outbox = new Fixtures.OutboxFile();
        await using var relay = Fixtures.Relays.Start(
            command, "--sqlite", outbox.Path, "--bootstrap-servers", "127.0.0.1:1", "--kafka-security-protocol", "SSL",
            "--kafka-credentials", secret.Directory);
        var isRun = command == "run";
        Assert.That(await relay.WaitForExitAsync(Fixtures.Relays.Bound), Is.EqualTo(isRun ? 2 : 1), relay.Output);
        Assert.That(relay.Output, Does.Contain("must belong together").And.Not.Contain("Unhandled"));
    }

    [Test]
    public void Any_other_argument_is() => Assert.That(
        CommandLine.WithoutSecrets("Unrecognized command or argument '--postgress'.", ["status", "--postgress"]),
        Is.EqualTo("Unrecognized command or argument '--postgress'."));
}
