using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Sidecar.TestKit.Kafka;

namespace Sidecar.Credentials.Tests;

/// <summary>What the files may hold, and what is said when they do not.</summary>
internal sealed class CredentialFilesTests
{
    private const string Word = "s3cret-w0rd";
    private const string Locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----";
    private static readonly CertificateAuthority Authority = new();

    [TestCase("one")]
    [TestCase("one\n")]
    [TestCase("one\r\n")]
    [TestCase(" o n e \n")]
    public void A_line_end_behind_a_word_is_not_part_of_it(string text)
    {
        using var secret = User().With("password", text);
        Assert.That(Properties(secret)["sasl.password"], Is.EqualTo(text.TrimEnd('\r', '\n')));
    }

    [TestCase(null, "password does not exist", "a key that becomes the file password")]
    [TestCase("", "password is empty", "Put the value into the Secret")]
    [TestCase("\n", "password is empty", "Put the value into the Secret")]
    [TestCase(Word + "\nx", "password has more than one line", "and nothing else")]
    [TestCase(Word + "\0", "password holds a zero byte", "as text")]
    public void A_password_that_is_none_is_refused_with_the_file_and_never_shown(string? text, string problem, string fix)
    {
        using var secret = User().With("password", text);
        var refused = Keyring.Open(Options(secret)).Problems.Single().ToString();
        Assert.That(refused, Does.StartWith($"kafka-credentials: {secret.Directory}/{problem}").And.Contain(fix));
        Assert.That(refused, Does.Not.Contain(Word));
    }

    [Test]
    public void A_directory_that_is_not_there_is_named_and_both_files_are()
    {
        var options = new SecurityOptions { Protocol = Protection.SaslTls, Mechanism = "PLAIN", Directory = "/nowhere/kafka" };
        var refused = Keyring.Open(options).Problems.Select(problem => problem.ToString()).ToList();
        Assert.That(refused, Has.Count.EqualTo(2).And.All.Contain("there is no directory /nowhere/kafka"));
        Assert.That(refused[0], Does.Contain("/nowhere/kafka/username"));
        Assert.That(refused[1], Does.Contain("/nowhere/kafka/password"));
    }

    [TestCase("ca.crt", "", "is empty")]
    [TestCase("ca.crt", "-----BEGIN CERTIFICATE-----\n", "does not hold a certificate in PEM form")]
    [TestCase("tls.key", Locked, "a private key without a password")]
    [TestCase("tls.crt", null, "tls.crt does not exist, and tls.key is nothing without it")]
    [TestCase("tls.key", null, "tls.key does not exist, and tls.crt is nothing without it")]
    public void Certificates_that_are_none_are_refused(string file, string? text, string problem)
    {
        using var secret = new MountedSecret().With(Authority.Issue("app", TimeSpan.FromDays(1))).With("ca.crt", Authority.Certificate)
            .With(file, text);
        var refused = Keyring.Open(Options(secret, Protection.Tls)).Problems;
        Assert.That(refused.Single().ToString(), Does.Contain(problem).And.Contain(secret.Directory));
    }

    [Test]
    public void A_key_that_is_locked_in_the_older_way_is_refused()
    {
        using var key = RSA.Create(2048);
        var pem = key.ExportRSAPrivateKeyPem().Replace(
            "KEY-----\nMII", "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nMII", StringComparison.Ordinal);
        using var secret = new MountedSecret().With(Authority.Issue("app", TimeSpan.FromDays(1))).With("tls.key", pem);
        Assert.That(
            Keyring.Open(Options(secret, Protection.Tls)).Problems.Single().Problem, Does.Contain("without a password"));
    }

    [Test]
    public void What_a_protocol_does_not_use_is_not_read()
    {
        using var secret = User().With("tls.crt", "nonsense");
        Assert.That(Properties(secret).Keys, Is.EquivalentTo(new[]
        {
            "security.protocol", "sasl.mechanism", "sasl.username", "sasl.password",
        }));
        using var certificates = new MountedSecret().With(Authority.Issue("app", TimeSpan.FromDays(1))).With("password", "");
        Assert.That(Properties(certificates, Protection.Tls).Keys, Is.EquivalentTo(new[]
        {
            "security.protocol", "ssl.certificate.pem", "ssl.key.pem",
        }));
    }

    [TestCase(1)]
    [TestCase(-1)]
    [TestCase(30 * 365)]
    public void The_end_of_a_certificate_is_known(int days)
    {
        var pair = new CertificateAuthority().Issue("app", TimeSpan.FromDays(days));
        using var secret = new MountedSecret().With(
            pair with { Certificate = $"bag attributes\n{pair.Certificate}\n{Authority.Certificate}" });
        using var expected = X509Certificate2.CreateFromPem(pair.Certificate);
        var keyring = Keyring.Open(Options(secret, Protection.Tls)).Keyring!;
        Assert.That(keyring.Current.CertificateEnds, Is.EqualTo((DateTimeOffset)expected.NotAfter));
    }

    [Test]
    public void A_key_of_another_certificate_is_told_by_the_library_before_anything_starts()
    {
        var (one, other) = (Authority.Issue("app", TimeSpan.FromDays(1)), Authority.Issue("app", TimeSpan.FromDays(1)));
        using var secret = new MountedSecret().With(one with { Key = other.Key });
        var opening = Keyring.Open(Options(secret, Protection.Tls));
        Assert.That(opening.Keyring, Is.Null);
        Assert.That($"{opening.Problems.Single()}", Does.Contain(secret.Directory).And.Contain("must belong together"));
    }

    [Test]
    public void Credentials_print_as_the_place_that_they_lay_in()
    {
        using var secret = User().With("password", Word);
        Assert.That($"{Keyring.Open(Options(secret)).Keyring!.Current}", Does.Not.Contain(Word));
    }

    private static MountedSecret User() => MountedSecret.Of("app\n", "one\n");

    private static SecurityOptions Options(MountedSecret secret, Protection protocol = Protection.SaslPlaintext) => new()
    {
        Protocol = protocol,
        Mechanism = protocol == Protection.Tls ? "" : "PLAIN",
        Directory = secret.Directory,
    };

    private static Dictionary<string, string> Properties(MountedSecret secret, Protection protocol = Protection.SaslPlaintext)
    {
        var properties = new Dictionary<string, string>();
        Keyring.Open(Options(secret, protocol)).Keyring!.Current.AddTo(properties);
        return properties;
    }
}
