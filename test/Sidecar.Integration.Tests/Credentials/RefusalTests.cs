using Confluent.Kafka;
using Sidecar.Credentials;
using Sidecar.TestKit;
using Sidecar.TestKit.Kafka;

namespace Sidecar.Integration.Tests.Credentials;

/// <summary>Whatever a real broker refuses, we say which setting is wrong and what to do.</summary>
internal sealed class RefusalTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly CertificateAuthority Foreign = new("another authority");

    private static readonly string[][] Cases =
    [
        // What is wrong; the listener; how we come; what is said.
        ["wrong password", "SASL_PLAINTEXT", "SASL_PLAINTEXT PLAIN", "do not accept the user and password in", "Mend the files username"],
        ["wrong password", "SASL_SSL", "SASL_SSL SCRAM-SHA-256", "do not accept the user and password in", "(SCRAM-SHA-256)"],
        ["unknown user", "SASL_SSL", "SASL_SSL SCRAM-SHA-512", "do not accept the user and password in", "(SCRAM-SHA-512)"],
        ["another authority", "SASL_SSL", "SASL_SSL PLAIN", "their certificate is not one of the authorities in", "/ca.crt"],
        ["no authority", "SASL_SSL", "SASL_SSL PLAIN", "their certificate is not one of the authorities in", "(kafka-credentials)"],
        ["no certificate", "SSL", "SSL", "they want a client's certificate", "Put tls.crt and tls.key into the Secret (kafka-credentials)"],
        ["ended certificate", "SSL", "SSL", "/tls.crt ended at", "Renew it (kafka-credentials)"],
        ["foreign certificate", "SSL", "SSL", "do not accept the certificate", "issued by an authority that they trust"],
        ["", "SASL_PLAINTEXT", "PLAINTEXT", "close it", "another kafka-security-protocol than PLAINTEXT"],
        ["", "SSL", "PLAINTEXT", "close it", "another kafka-security-protocol than PLAINTEXT"],
        ["", "SASL_SSL", "SASL_PLAINTEXT PLAIN", "close it", "another kafka-security-protocol than SASL_PLAINTEXT"],
        ["", "SASL_SSL", "SSL", "close it", "another kafka-security-protocol than SSL"],
        ["", "PLAINTEXT", "SSL", "the listener does not speak TLS", "kafka-security-protocol is SSL. Set it to PLAINTEXT"],
        ["", "SASL_PLAINTEXT", "SASL_SSL PLAIN", "the listener does not speak TLS", "is SASL_SSL. Set it to SASL_PLAINTEXT"],
        ["", "PLAINTEXT", "SASL_PLAINTEXT PLAIN", "the listener asks for no user and password", "Set it to PLAINTEXT"],
        ["certificate", "SSL", "SASL_SSL PLAIN", "the listener asks for no user and password", "Set it to SSL"],
    ];

    [TestCaseSource(nameof(Cases))]
    public async Task A_refusal_names_the_setting_and_the_fix(string wrong, string listener, string way, string said, string fix)
    {
        var broker = SecuredBroker.Get();
        using var secret = Secret(broker, wrong);
        var (protocol, mechanism) = way.Split(' ') is [var first, var second] ? (first, second) : (way, "");
        var options = new SecurityOptions
        {
            Protocol = SecurityOptions.Protocols[protocol], Mechanism = mechanism,
            Directory = protocol == "PLAINTEXT" ? "" : secret.Directory,
        };
        Assert.That(options.Check(), Is.Empty);
        var credentials = Keyring.Open(options).Keyring!.Current;
        var trouble = new BrokerTrouble(options);
        var configuration = new AdminClientConfig { BootstrapServers = Address(broker, listener) };
        credentials.AddTo(configuration);
        using var admin = new AdminClientBuilder(configuration)
            .SetErrorHandler((_, error) => trouble.Heard(error, credentials, TimeProvider.System.GetUtcNow()))
            .SetLogHandler((_, message) => trouble.Heard(message))
            .Build();

        await Until.TrueAsync(() => trouble.Why is not null, Patience, "the refusal is understood");
        Assert.That(trouble.Why, Does.Contain(said).And.Contain(fix));
        Assert.That(trouble.Why, Does.Not.Contain(SecuredKafka.Password));
        await TestContext.Out.WriteLineAsync(trouble.Why);
    }

    [Test]
    public void A_mechanism_that_the_brokers_do_not_know_is_told_with_those_that_they_do()
    {
        var options = new SecurityOptions { Protocol = Protection.SaslTls, Mechanism = "PLAIN", Directory = "/s" };
        using var secret = MountedSecret.Of("app", "x");
        options.Directory = secret.Directory;
        var trouble = new BrokerTrouble(options);
        trouble.Heard(
            new Error(ErrorCode.Local_Authentication, "sasl_ssl://b:9/bootstrap: SASL PLAIN mechanism handshake failed: "
                + "Broker: Unsupported SASL mechanism: broker's supported mechanisms: SCRAM-SHA-512,OAUTHBEARER (after 3ms in state X)"),
            Keyring.Open(options).Keyring!.Current, TimeProvider.System.GetUtcNow());
        Assert.That(trouble.Why, Does.StartWith("they do not know PLAIN, but SCRAM-SHA-512,OAUTHBEARER. Set kafka-sasl-mechanism"));
    }

    private static MountedSecret Secret(SecuredKafka broker, string wrong)
    {
        var secret = MountedSecret.Of(SecuredKafka.User, SecuredKafka.Password).With("ca.crt", broker.Authority.Certificate);
        return wrong switch
        {
            "wrong password" => secret.With("password", "wrong"),
            "unknown user" => secret.With("username", "nobody"),
            "another authority" => secret.With("ca.crt", Foreign.Certificate),
            "no authority" => secret.With("ca.crt", null),
            "certificate" => secret.With(broker.Authority.Issue("app", TimeSpan.FromDays(1))),
            "ended certificate" => secret.With(broker.Authority.Issue("app", -TimeSpan.FromDays(1))),
            "foreign certificate" => secret.With(Foreign.Issue("app", TimeSpan.FromDays(1))),
            _ => secret,
        };
    }

    private static string Address(SecuredKafka broker, string listener) => listener switch
    {
        "SASL_PLAINTEXT" => broker.SaslPlaintext,
        "SASL_SSL" => broker.SaslTls,
        "SSL" => broker.Tls,
        _ => broker.Open.BootstrapServers,
    };
}
