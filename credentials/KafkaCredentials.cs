using Confluent.Kafka;

namespace Sidecar.Credentials;

/// <summary>
/// What clients of Kafka authenticate themselves with, as it lay in the files at one moment.
/// </summary>
public sealed class KafkaCredentials
{
    internal KafkaCredentials(SecurityOptions options, CredentialFiles files)
    {
        Options = options;
        Files = files;
    }

    /// <summary>What is configured.</summary>
    public SecurityOptions Options { get; }

    /// <summary>When the client's certificate ends; null: there is none.</summary>
    public DateTimeOffset? CertificateEnds => Files.CertificateEnds;

    private CredentialFiles Files { get; }

    /// <summary>Adds what librdkafka needs to the properties of a client.</summary>
    public void AddTo(IDictionary<string, string> properties)
    {
        if (Options.Protocol == Protection.Plaintext)
        {
            return;
        }

        properties["security.protocol"] = Options.ProtocolName;
        if (Options.HasUser)
        {
            properties["sasl.mechanism"] = Options.Mechanism;
            properties["sasl.username"] = Files.Username!;
            properties["sasl.password"] = Files.Password!;
        }

        // The texts that were checked, and not their paths: a file may change between the check and the client's own look.
        Add(properties, "ssl.ca.pem", Files.Authorities);
        Add(properties, "ssl.certificate.pem", Files.Certificate);
        Add(properties, "ssl.key.pem", Files.Key);
    }

    /// <summary>Adds the same to a configuration of Confluent's.</summary>
    public void AddTo(ClientConfig configuration)
    {
        var properties = new Dictionary<string, string>(StringComparer.Ordinal);
        AddTo(properties);
        foreach (var (name, value) in properties)
        {
            configuration.Set(name, value);
        }
    }

    /// <summary>
    /// What librdkafka has against the certificates and the key, which it alone can tell: it makes a client of them, and closes
    /// it again. Null: it takes them.
    /// </summary>
    public SecurityProblem? Refused()
    {
        if (Files is { Authorities: null, Certificate: null })
        {
            return null;
        }

        try
        {
            var properties = new Dictionary<string, string>(StringComparer.Ordinal);
            AddTo(properties);
            using var client = new AdminClientBuilder(properties).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
            return null;
        }
        catch (Exception refused) when (refused is ArgumentException or InvalidOperationException)
        {
            return new SecurityProblem(
                SecurityOptions.DirectorySetting, $"the files in {Options.Directory} cannot be used: {refused.Message}",
                $"{SecurityOptions.CertificateFile} and {SecurityOptions.KeyFile} must belong together");
        }
    }

    /// <summary>Gives a client that lives the user and the password; connections that stand stay as they are.</summary>
    public void GiveTo(IClient client)
    {
        if (Options.HasUser)
        {
            client.SetSaslCredentials(Files.Username!, Files.Password!);
        }
    }

    /// <summary>Gives the user and the password to whoever can take them; not called where there is none.</summary>
    public void GiveTo(Action<string, string> taker)
    {
        if (Options.HasUser)
        {
            taker(Files.Username!, Files.Password!);
        }
    }

    /// <summary>User and password are the same.</summary>
    public bool HasUserOf(KafkaCredentials other) =>
        Files.Username == other.Files.Username && Files.Password == other.Files.Password;

    /// <summary>Certificates and key are the same: a client that was made with the others need not be made anew.</summary>
    public bool HasCertificatesOf(KafkaCredentials other) =>
        Files.Authorities == other.Files.Authorities && Files.Certificate == other.Files.Certificate && Files.Key == other.Files.Key;

    /// <summary>Where they lay, and never what they are.</summary>
    public override string ToString() => $"the credentials in {Options.Directory}";

    private static void Add(IDictionary<string, string> properties, string name, string? value)
    {
        if (value is not null)
        {
            properties[name] = value;
        }
    }
}
