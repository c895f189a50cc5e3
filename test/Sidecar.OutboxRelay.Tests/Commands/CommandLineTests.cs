using Sidecar.OutboxRelay.Commands;

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

    [Test]
    public void Any_other_argument_is() => Assert.That(
        CommandLine.WithoutSecrets("Unrecognized command or argument '--postgress'.", ["status", "--postgress"]),
        Is.EqualTo("Unrecognized command or argument '--postgress'."));
}
