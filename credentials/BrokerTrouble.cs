using System.Text.RegularExpressions;
using Confluent.Kafka;

namespace Sidecar.Credentials;

/// <summary>
/// Why brokers refuse a client, in words that name the setting and the fix. librdkafka tells of one cause in several ways
/// and between them that all brokers are down: what points to a cause stays until a broker is reached. Any thread.
/// </summary>
/// <remarks>The texts are those of librdkafka 2.16 and its OpenSSL, as a real broker brings them about; a test holds each.</remarks>
public sealed partial class BrokerTrouble(SecurityOptions options)
{
    private volatile string? refusal;
    private volatile string? hint;

    /// <summary>Why we are refused; null: nothing points to it.</summary>
    public string? Why => refusal ?? hint;

    /// <summary>A broker is reached, or the credentials are others: what was heard is over.</summary>
    public void Over() => (refusal, hint) = (null, null);

    /// <summary>The client has reported an error.</summary>
    /// <param name="error">The error.</param>
    /// <param name="now">The time, against which a certificate is held.</param>
    /// <param name="credentials">What the client was made with.</param>
    public void Heard(Error error, KafkaCredentials credentials, DateTimeOffset now)
    {
        if (Cause(error, credentials, now) is { } cause)
        {
            refusal = cause;
        }
    }

    /// <summary>The client has logged something: some causes are told there alone.</summary>
    public void Heard(LogMessage message)
    {
        if (message.Facility == "FAIL" && Has(message.Message, "closed by peer") && IsEarly(message.Message))
        {
            hint = "they take the connection and close it. The listener seems to want another "
                + $"{SecurityOptions.ProtocolSetting} than {options.ProtocolName}";
        }
    }

    /// <summary>
    /// Closed before anything was asked; or, since a client without a user asks at once, in its first second.
    /// </summary>
    private bool IsEarly(string text) =>
        Has(text, "in state APIVERSION_QUERY") || (!options.HasUser && ShortlyUp().IsMatch(text));

    [GeneratedRegex(@"\(after \d{1,3}ms in state UP\b", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ShortlyUp();

    private static string Set(string now, string instead) =>
        $"{SecurityOptions.ProtocolSetting} is {now}. Set it to {instead}, or give the address of another listener";

    private string? Cause(Error error, KafkaCredentials credentials, DateTimeOffset now)
    {
        var text = error.Reason;
        if (error.Code is ErrorCode.Local_Authentication or ErrorCode.SaslAuthenticationFailed)
        {
            return Has(text, "handshake failed") ? Mechanism(text)
                : $"they do not accept the user and password in {options.Directory} ({options.Mechanism}). Mend the files "
                    + $"{SecurityOptions.UsernameFile} and {SecurityOptions.PasswordFile} ({SecurityOptions.DirectorySetting})";
        }

        return Has(text, "connecting to a PLAINTEXT broker listener") || Has(text, "wrong version number")
                ? $"the listener does not speak TLS, and {Set(options.ProtocolName, options.HasUser ? "SASL_PLAINTEXT" : "PLAINTEXT")}"
            : Has(text, "certificate verify failed")
                ? "their certificate is not one of the authorities in "
                    + $"{Path.Combine(options.Directory, SecurityOptions.AuthorityFile)}, or is for another host. Put the authority's "
                    + $"certificate there ({SecurityOptions.DirectorySetting})"
            : Has(text, "alert") && Has(text, "certificate") || Has(text, "alert unknown ca")
                ? Certificate(credentials, now)
            : error.Code == ErrorCode.Local_Ssl ? $"TLS has failed: {text}" : null;
    }

    private string Mechanism(string text)
    {
        const string Supported = "supported mechanisms: ";
        var place = text.IndexOf(Supported, StringComparison.Ordinal);
        var offered = place < 0 ? "" : text[(place + Supported.Length)..].Split(" (")[0].Trim();
        return offered.Length == 0
            ? $"the listener asks for no user and password, and {Set(options.ProtocolName, options.HasTls ? "SSL" : "PLAINTEXT")}"
            : $"they do not know {options.Mechanism}, but {offered}. Set {SecurityOptions.MechanismSetting} to one of these";
    }

    private string Certificate(KafkaCredentials credentials, DateTimeOffset now)
    {
        var file = Path.Combine(options.Directory, SecurityOptions.CertificateFile);
        return credentials.CertificateEnds is not { } end
                ? $"they want a client's certificate. Put {SecurityOptions.CertificateFile} and {SecurityOptions.KeyFile} into the "
                    + $"Secret ({SecurityOptions.DirectorySetting})"
            : end <= now
                ? $"the certificate {file} ended at {end:u}. Renew it ({SecurityOptions.DirectorySetting})"
            : $"they do not accept the certificate {file}. It must be issued by an authority that they trust "
                + $"({SecurityOptions.DirectorySetting})";
    }

    private static bool Has(string text, string part) => text.Contains(part, StringComparison.Ordinal);
}
