using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Sidecar.TestKit.Kafka;

namespace Sidecar.Credentials.Tests;

/// <summary>Files that change while their credentials are in force.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class KeyringTests
{
    private static readonly CertificateAuthority Authority = new();

    private readonly FakeTimeProvider time = new(TimeProvider.System.GetUtcNow());
    private readonly Lines log = new();

    [Test]
    public void A_password_that_changes_comes_into_force_at_the_next_look_and_is_not_logged()
    {
        using var secret = User();
        var keyring = Open(secret);
        var before = keyring.Current;

        secret.With("password", "two");
        Assert.That(keyring.Current, Is.SameAs(before), "it was looked at a moment ago");

        time.Advance(Keyring.LookEvery);
        Assert.That(keyring.Current.HasUserOf(before), Is.False);
        Assert.That(keyring.Current.HasCertificatesOf(before), Is.True);
        Assert.That(log.Written, Has.Count.EqualTo(1).And.All.EndsWith("have changed: user or password"));
    }

    [Test]
    public void A_file_that_is_written_anew_with_the_same_words_changes_nothing()
    {
        using var secret = User();
        var keyring = Open(secret);
        var before = keyring.Current;
        secret.With("password", "one");
        time.Advance(Keyring.LookEvery);
        Assert.That(keyring.Current, Is.SameAs(before));
        Assert.That(log.Written, Is.Empty);
    }

    [Test]
    public void What_cannot_be_used_leaves_the_old_in_force_and_is_said_once()
    {
        using var secret = User();
        var keyring = Open(secret);
        var before = keyring.Current;
        secret.With("password", null);
        for (var look = 0; look < 3; look++)
        {
            time.Advance(Keyring.LookEvery);
            Assert.That(keyring.Current, Is.SameAs(before));
        }

        Assert.That(keyring.Problem, Does.Contain("password does not exist"));
        secret.With("password", "two");
        time.Advance(Keyring.LookEvery);
        Assert.That(keyring.Current.HasUserOf(before), Is.False);
        Assert.That(keyring.Problem, Is.Null);
        Assert.That(log.Written, Has.Count.EqualTo(3));
        Assert.That(log.Written[0], Does.Contain("those of before stay in force"));
        Assert.That(log.Written[1], Does.Contain("can be used again"));
    }

    [Test]
    public void Certificates_that_change_are_told_apart_from_a_password()
    {
        using var secret = new MountedSecret().With(Authority.Issue("app", TimeSpan.FromDays(1)));
        var keyring = Open(secret, Protection.Tls);
        var before = keyring.Current;
        secret.With(Authority.Issue("app", TimeSpan.FromDays(9)));
        time.Advance(Keyring.LookEvery);
        Assert.That(keyring.Current.HasCertificatesOf(before), Is.False);
        Assert.That(keyring.Current.CertificateEnds, Is.GreaterThan(before.CertificateEnds!.Value));
        Assert.That(log.Written, Has.All.EndsWith("have changed: certificates"));
    }

    [Test]
    public void A_certificate_that_has_ended_is_said_at_the_start()
    {
        using var secret = new MountedSecret().With(Authority.Issue("app", -TimeSpan.FromDays(1)));
        Assert.That(Open(secret, Protection.Tls).Current.CertificateEnds, Is.LessThan(time.GetUtcNow()));
        Assert.That(log.Written, Has.Count.EqualTo(1).And.All.Contain("tls.crt ended at").And.All.Contain("Renew it"));
    }

    private static MountedSecret User() => MountedSecret.Of("app\n", "one\n");

    private Keyring Open(MountedSecret secret, Protection protocol = Protection.SaslPlaintext)
    {
        var options = new SecurityOptions { Protocol = protocol, Directory = secret.Directory, Mechanism = "PLAIN" };
        return Keyring.Open(options, time, log).Keyring!;
    }

    private sealed class Lines : ILogger
    {
        public List<string> Written { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Written.Add(formatter(state, exception));
    }
}
