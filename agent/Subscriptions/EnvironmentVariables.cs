using System.Text.RegularExpressions;

namespace Sidecar.Agent.Subscriptions;

/// <summary>
/// Reads the <c>SIDECAR_*</c> variables. One that is empty counts as not set, as charts like to write them.
/// </summary>
public static partial class EnvironmentVariables
{
    /// <summary>What stands before our names.</summary>
    public const string Prefix = "SIDECAR_";

    /// <summary>Names the file of annotations, as <c>--annotations</c> does.</summary>
    public const string Annotations = "SIDECAR_ANNOTATIONS";

    /// <summary>Names the configuration file, as <c>--config</c> does.</summary>
    public const string Config = "SIDECAR_CONFIG";

    /// <summary>The variable of a field of the process.</summary>
    public static string NameOf(string field) => Prefix + field.ToUpperInvariant().Replace('-', '_');

    /// <summary>
    /// Adds what the variables set. One that nobody knows is a warning: Kubernetes adds variables of its own.
    /// </summary>
    public static void Read(
        IReadOnlyDictionary<string, string> environment, List<Setting> settings, List<string> warnings)
    {
        var known = ProcessFields.All.ToDictionary(field => NameOf(field.Name), field => field.Name);
        foreach (var (name, value) in environment.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (!name.StartsWith(Prefix, StringComparison.Ordinal) || value.Length == 0
                || name is Annotations or Config || IsOfAService(name, value))
            {
                continue;
            }

            if (known.TryGetValue(name, out var field))
            {
                settings.Add(new Setting(Scope.Process, field, SettingValue.Of(value), Origin.Variable(name)));
            }
            else
            {
                var meant = Nearest.To(name[Prefix.Length..], known.Values);
                var near = meant is null ? "" : $" Did you mean {NameOf(meant)}?";
                warnings.Add($"The variable {name} is not one of the agent's and has no effect.{near}");
            }
        }
    }

    /// <summary>
    /// Kubernetes sets these in every pod for each Service whose name is "sidecar" or begins with "sidecar-", and so
    /// could
    /// even hit a name of ours: a Service "sidecar-metrics" makes <c>SIDECAR_METRICS_PORT=tcp://10.0.0.1:80</c>.
    /// </summary>
    private static bool IsOfAService(string name, string value) =>
        ServiceName().IsMatch(name) || (ServiceAddress().IsMatch(name) && Address().IsMatch(value));

    [GeneratedRegex(
        "^SIDECAR_([A-Z0-9_]+_)?"
        + "(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_[0-9]+_(TCP|UDP|SCTP)_(PROTO|PORT|ADDR))$",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex ServiceName();

    [GeneratedRegex(
        "^SIDECAR_([A-Z0-9_]+_)?PORT(_[0-9]+_(TCP|UDP|SCTP))?$",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex ServiceAddress();

    [GeneratedRegex("^(tcp|udp|sctp)://", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Address();
}
