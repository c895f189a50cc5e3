using System.Globalization;
using Sidecar.Agent.Contracts;
using Sidecar.Credentials;

namespace Sidecar.Agent.Source;

/// <summary>The limits of <see cref="SourceOptions"/>, and what its fields ask of one another.</summary>
public static class SourceOptionsRules
{
    /// <summary>The smallest bound of events held in the process, in bytes.</summary>
    public const long MinBufferBytes = 1024 * 1024;

    /// <summary>The largest bound of events held in the process, in bytes.</summary>
    public const long MaxBufferBytes = 4L * 1024 * 1024 * 1024;

    /// <summary>The shortest session.</summary>
    public static readonly TimeSpan MinSessionTimeout = TimeSpan.FromSeconds(1);

    /// <summary>The longest session; the client library asks that it is not above its poll interval.</summary>
    public static readonly TimeSpan MaxSessionTimeout = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The longest wait for deliveries in flight when partitions are taken away; far below the poll interval.
    /// </summary>
    public static readonly TimeSpan MaxRevokeTimeout = TimeSpan.FromMinutes(1);

    /// <summary>The longest wait for deliveries in flight when the agent stops.</summary>
    public static readonly TimeSpan MaxDrainTimeout = TimeSpan.FromMinutes(10);

    /// <summary>The shortest time after which partitions are left to other pods.</summary>
    public static readonly TimeSpan MinLeaveAfter = TimeSpan.FromSeconds(1);

    /// <summary>The longest.</summary>
    public static readonly TimeSpan MaxLeaveAfter = TimeSpan.FromHours(24);

    /// <summary>
    /// Time between two heartbeats, unless the Kafka client's property says another. A member learns of a rebalance by the
    /// answer to its next one, and the others wait for it that long: keys stand still meanwhile. The client's own 3 s are too
    /// long, and below a second it hardly costs a thing.
    /// </summary>
    public static readonly TimeSpan DefaultHeartbeat = TimeSpan.FromMilliseconds(500);

    private const string Heartbeat = "heartbeat.interval.ms";

    // Other names of properties in SourceOptions.OwnProperties, and call-backs that cannot be written as text.
    private static readonly string[] OtherNames = ["metadata.broker.list", "auto.commit.enable", "opaque"];

    private static readonly string[] SecretParts =
        ["password", "passphrase", "secret", "key.pem", "ssl_key", "jaas", "oauthbearer.config"];

    /// <summary>The property's value must never be printed.</summary>
    public static bool IsSecret(string property) =>
        SecretParts.Any(part => property.Contains(part, StringComparison.OrdinalIgnoreCase));

    /// <summary>Why a property of the Kafka client cannot be set, with the fix; null: it can.</summary>
    public static RuleBreak? Refuse(string property, string value)
    {
        if (IsSecret(property))
        {
            return new RuleBreak(
                property,
                property,
                "secrets come from mounted files",
                $"Remove it; put it into a Secret, mount that, and name the directory by {SecurityOptions.DirectorySetting}");
        }

        if (SourceOptions.OwnProperties.Contains(property) || OtherNames.Contains(property)
            || property.EndsWith("_cb", StringComparison.Ordinal))
        {
            return new RuleBreak(
                property, property, "the agent sets this property itself", OwnSettingFor(property));
        }

        if (property == "enable.ssl.certificate.verification" && value != "true")
        {
            return new RuleBreak(
                property,
                property,
                "connections without a check of the server's certificate are not supported",
                $"Put the authority's certificate into {SecurityOptions.DirectorySetting} as {SecurityOptions.AuthorityFile}");
        }

        return null;
    }

    /// <summary>Adds what is wrong between the fields to <paramref name="broken"/>.</summary>
    public static void Check(SourceOptions options, ICollection<RuleBreak> broken)
    {
        foreach (var problem in options.Security.Check())
        {
            broken.Add(new RuleBreak(problem.Setting, problem.Setting, problem.Problem, problem.Fix));
        }

        var heartbeat = DefaultHeartbeat;
        if (options.Properties.TryGetValue(Heartbeat, out var text)
            && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)
            && milliseconds <= (long)MaxSessionTimeout.TotalMilliseconds)
        {
            heartbeat = TimeSpan.FromMilliseconds(milliseconds);
        }

        if (heartbeat >= options.SessionTimeout)
        {
            broken.Add(new RuleBreak(
                "session-timeout",
                $"kafka.{Heartbeat}",
                $"a session of {options.SessionTimeout.TotalSeconds:0.###}s ends before the next heartbeat, "
                + $"which comes every {heartbeat.TotalSeconds:0.###}s",
                $"Raise session-timeout, or set kafka.{Heartbeat} to a third of it"));
        }
    }

    private static string OwnSettingFor(string property) => property switch
    {
        "bootstrap.servers" or "metadata.broker.list" => "Use bootstrap-servers",
        "group.id" => "Use group",
        "session.timeout.ms" => "Use session-timeout",
        "auto.offset.reset" => "Use start, per subscription",
        "security.protocol" => $"Use {SecurityOptions.ProtocolSetting}",
        "sasl.mechanism" or "sasl.mechanisms" => $"Use {SecurityOptions.MechanismSetting}",
        "sasl.username" => $"Put it into {SecurityOptions.DirectorySetting} as {SecurityOptions.UsernameFile}",
        "ssl.ca.location" or "ssl.ca.pem" => $"Put it into {SecurityOptions.DirectorySetting} as {SecurityOptions.AuthorityFile}",
        "ssl.certificate.location" or "ssl.certificate.pem" or "ssl.keystore.location" =>
            $"Put it into {SecurityOptions.DirectorySetting} as {SecurityOptions.CertificateFile}",
        "ssl.key.location" => $"Put it into {SecurityOptions.DirectorySetting} as {SecurityOptions.KeyFile}",
        _ => "Remove it",
    };
}
