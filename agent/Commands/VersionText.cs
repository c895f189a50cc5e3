using System.Reflection;
using System.Runtime.InteropServices;

namespace Sidecar.Agent.Commands;

/// <summary>
/// What <c>--version</c> prints: the agent, the runtime it was built with, and the Kafka library it has loaded.
/// </summary>
public static class VersionText
{
    /// <summary>One line.</summary>
    public static string Current()
    {
        var version = typeof(VersionText).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>();
        return $"agent {version?.InformationalVersion} ({RuntimeInformation.FrameworkDescription}, librdkafka "
            + $"{Confluent.Kafka.Library.VersionString})";
    }
}
