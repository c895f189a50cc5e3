namespace Sidecar.Credentials;

/// <summary>How a connection to a broker is protected, by the names that Kafka gives these.</summary>
public enum Protection
{
    /// <summary>PLAINTEXT: neither encrypted nor authenticated.</summary>
    Plaintext,

    /// <summary>SSL: TLS, with a client's certificate where there is one.</summary>
    Tls,

    /// <summary>SASL_PLAINTEXT: a user and a password over an open connection.</summary>
    SaslPlaintext,

    /// <summary>SASL_SSL: a user and a password over TLS.</summary>
    SaslTls,
}

/// <summary>How clients of Kafka authenticate themselves. What they do it with lies in files, never in settings.</summary>
public sealed class SecurityOptions
{
    /// <summary>The name of the setting that says how connections are protected, in both programs.</summary>
    public const string ProtocolSetting = "kafka-security-protocol";

    /// <summary>The name of the setting that says how user and password are proven.</summary>
    public const string MechanismSetting = "kafka-sasl-mechanism";

    /// <summary>The name of the setting that says where the files are.</summary>
    public const string DirectorySetting = "kafka-credentials";

    /// <summary>The file of the user's name.</summary>
    public const string UsernameFile = "username";

    /// <summary>The file of the user's password.</summary>
    public const string PasswordFile = "password";

    /// <summary>The file of the authorities that broker certificates are held against; absent: those of the image.</summary>
    public const string AuthorityFile = "ca.crt";

    /// <summary>The file of the client's certificate, with those of its authorities behind it.</summary>
    public const string CertificateFile = "tls.crt";

    /// <summary>The file of the client's private key, without a password.</summary>
    public const string KeyFile = "tls.key";

    /// <summary>The protocols by the names that operators write.</summary>
    public static IReadOnlyDictionary<string, Protection> Protocols { get; } =
        new Dictionary<string, Protection>(StringComparer.Ordinal)
        {
            ["PLAINTEXT"] = Protection.Plaintext,
            ["SSL"] = Protection.Tls,
            ["SASL_PLAINTEXT"] = Protection.SaslPlaintext,
            ["SASL_SSL"] = Protection.SaslTls,
        };

    /// <summary>The mechanisms by the names that operators write.</summary>
    public static IReadOnlyList<string> Mechanisms { get; } = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"];

    /// <summary>How connections are protected.</summary>
    public Protection Protocol { get; set; }

    /// <summary>How a user and a password are proven, one of <see cref="Mechanisms"/>. Needed with SASL, and only there.</summary>
    public string Mechanism { get; set; } = "";

    /// <summary>The directory with the files; empty: none.</summary>
    public string Directory { get; set; } = "";

    /// <summary>A user and a password are given.</summary>
    public bool HasUser => Protocol is Protection.SaslPlaintext or Protection.SaslTls;

    /// <summary>Connections are encrypted.</summary>
    public bool HasTls => Protocol is Protection.Tls or Protection.SaslTls;

    /// <summary>The protocol's name.</summary>
    public string ProtocolName => Protocols.First(pair => pair.Value == Protocol).Key;

    /// <summary>What the settings ask of one another, each with the setting that is wrong and the fix.</summary>
    public IEnumerable<SecurityProblem> Check()
    {
        if (HasUser && Mechanism.Length == 0)
        {
            yield return new SecurityProblem(
                MechanismSetting, $"not set, and {ProtocolName} needs it", $"Give one of: {string.Join(" | ", Mechanisms)}");
        }

        if (!HasUser && Mechanism.Length > 0)
        {
            yield return new SecurityProblem(
                MechanismSetting, $"given, and {ProtocolName} authenticates nobody by it",
                $"Set {ProtocolSetting} to SASL_SSL or SASL_PLAINTEXT, or remove {MechanismSetting}");
        }

        if (HasUser && Directory.Length == 0)
        {
            yield return new SecurityProblem(
                DirectorySetting, $"not set, and {ProtocolName} needs a user and a password",
                $"Mount a Secret and name its directory, with the files {UsernameFile} and {PasswordFile}");
        }

        if (!HasUser && !HasTls && Directory.Length > 0)
        {
            yield return new SecurityProblem(
                DirectorySetting, "given, and PLAINTEXT uses nothing of it",
                $"Set {ProtocolSetting} to SASL_SSL, SSL or SASL_PLAINTEXT, or remove {DirectorySetting}");
        }
    }
}

/// <summary>Something that is wrong with the settings or the files.</summary>
/// <param name="Setting">The setting that it is about.</param>
/// <param name="Problem">What is wrong, with the path of the file; never what a file holds.</param>
/// <param name="Fix">What to do.</param>
public sealed record SecurityProblem(string Setting, string Problem, string Fix)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Setting}: {Problem}. {Fix}";
}
