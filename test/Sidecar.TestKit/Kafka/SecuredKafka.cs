using System.Security.Cryptography;
using System.Text;
using Confluent.Kafka.Admin;
using Sidecar.TestKit.Processes;

namespace Sidecar.TestKit.Kafka;

/// <summary>
/// A broker from <c>KAFKA_HOME</c> that asks who one is: beside the open listener of every <see cref="LocalKafka"/>, which
/// tests prepare and count by, it has one for each way to authenticate.
/// </summary>
public sealed class SecuredKafka : IAsyncDisposable
{
    /// <summary>A user of PLAIN and SCRAM.</summary>
    public const string User = "app";

    /// <summary>The user's password at the start, for every mechanism.</summary>
    public const string Password = "correct horse = battery; \"staple\"";

    private const int ScramIterations = 4096;

    private readonly string folder;

    private SecuredKafka(LocalKafka open, CertificateAuthority authority, string folder, IReadOnlyList<int> ports)
    {
        (Open, Authority, this.folder) = (open, authority, folder);
        (SaslPlaintext, SaslTls, Tls) = (Address(ports[0]), Address(ports[1]), Address(ports[2]));
    }

    /// <summary>The same broker on its open listener.</summary>
    public LocalKafka Open { get; }

    /// <summary>Who issued the broker's certificate, and whose clients' it believes.</summary>
    public CertificateAuthority Authority { get; }

    /// <summary>SASL_PLAINTEXT: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512.</summary>
    public string SaslPlaintext { get; }

    /// <summary>SASL_SSL, likewise.</summary>
    public string SaslTls { get; }

    /// <summary>SSL, where a client needs a certificate.</summary>
    public string Tls { get; }

    /// <summary>Starts one.</summary>
    public static async Task<SecuredKafka> StartAsync(string home)
    {
        var authority = new CertificateAuthority();
        var keys = Directory.CreateTempSubdirectory("sidecar-secured-").FullName;
        var broker = authority.Issue("broker", TimeSpan.FromDays(2));
        var (store, trust) = (Path.Combine(keys, "broker.pem"), Path.Combine(keys, "authority.pem"));
        await File.WriteAllTextAsync(store, $"{broker.Key}\n{broker.Certificate}\n");
        await File.WriteAllTextAsync(trust, authority.Certificate);
        var ports = Ports.Free(3);
        var quoted = Password.Replace("\"", "\\\\\"", StringComparison.Ordinal);
        var options = new LocalKafkaOptions
        {
            Listeners = [$"SASL_PLAINTEXT://{Address(ports[0])}", $"SASL_SSL://{Address(ports[1])}", $"SSL://{Address(ports[2])}"],
            Properties =
            [
                "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
                .. Logins("sasl_plaintext", quoted), .. Logins("sasl_ssl", quoted),
                "ssl.keystore.type=PEM", $"ssl.keystore.location={store}",
                "ssl.truststore.type=PEM", $"ssl.truststore.location={trust}",
                "listener.name.ssl.ssl.client.auth=required",
            ],
        };
        var kafka = new SecuredKafka(await LocalKafka.StartAsync(home, options), authority, keys, ports);
        await kafka.SetPasswordAsync(Password);
        return kafka;
    }

    /// <summary>Gives the user another password, for both SCRAM mechanisms.</summary>
    public async Task SetPasswordAsync(string password)
    {
        using var admin = Open.Admin();
        foreach (var mechanism in (ScramMechanism[])[ScramMechanism.ScramSha256, ScramMechanism.ScramSha512])
        {
            await admin.AlterUserScramCredentialsAsync(
            [
                new UserScramCredentialUpsertion
                {
                    User = User,
                    ScramCredentialInfo = new ScramCredentialInfo { Mechanism = mechanism, Iterations = ScramIterations },
                    Password = Encoding.UTF8.GetBytes(password),
                    Salt = RandomNumberGenerator.GetBytes(16),
                },
            ]);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Open.DisposeAsync();
        Authority.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private static string Address(int port) => $"127.0.0.1:{port}";

    private static IEnumerable<string> Logins(string listener, string quoted)
    {
        const string Module = "org.apache.kafka.common.security";
        yield return $"listener.name.{listener}.plain.sasl.jaas.config={Module}.plain.PlainLoginModule required " +
            $"user_{User}=\"{quoted}\";";
        foreach (var mechanism in (string[])["scram-sha-256", "scram-sha-512"])
        {
            yield return $"listener.name.{listener}.{mechanism}.sasl.jaas.config={Module}.scram.ScramLoginModule required;";
        }
    }
}
