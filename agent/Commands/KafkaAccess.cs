using System.CommandLine;
using Confluent.Kafka;
using Sidecar.Agent.Kafka;
using Sidecar.Agent.Source;
using Sidecar.Agent.Subscriptions;
using Sidecar.Credentials;

namespace Sidecar.Agent.Commands;

/// <summary>What the commands need that look into Kafka: the configuration, and one way to say that something failed.</summary>
public sealed class KafkaAccess(ConfigurationFlags flags, System.Collections.IDictionary environment, TextWriter error)
{
    private const string About = "The name of the subscription; needed where there are several.";

    private ResolvedConfiguration? configuration;
    private Keyring? keyring;
    private BrokerTrouble? trouble;

    /// <summary>A new option that names a subscription.</summary>
    internal static Option<string?> SubscriptionOption() => new("--subscription", "-s") { Description = About };

    /// <summary>Loads the configuration and acts; the exit code. What Kafka refuses is said in one line.</summary>
    internal async Task<int> RunAsync(ParseResult line, Func<AgentOptions, Task<int>> act)
    {
        var result = flags.Load(line, environment);
        if (result.Resolved is not { } resolved)
        {
            ErrorReport.Write(error, result);
            return ExitCodes.Misconfigured;
        }

        var opening = Keyring.Open(resolved.Options.Source.Security);
        if (opening.Keyring is null)
        {
            ErrorReport.Write(error, "in the configuration", opening.Problems.Select(problem => problem.ToString()).ToList());
            return ExitCodes.Misconfigured;
        }

        (configuration, keyring) = (resolved, opening.Keyring);
        trouble = new BrokerTrouble(resolved.Options.Source.Security);
        try
        {
            return await act(resolved.Options);
        }
        catch (KafkaException failure)
        {
            return Fail(trouble.Why is { } why
                ? $"Kafka: the brokers at {resolved.Options.Source.BootstrapServers} refuse us: {why}"
                : $"Kafka: {failure.Error.Reason}");
        }
    }

    /// <summary>A reader of Kafka under the group's name; null: it was said what is wrong in the configuration.</summary>
    internal TopicReader? Reader(AgentOptions options) => Client(
        () => new TopicReader(ConsumerFactory.Properties(options.Source), Keyring, trouble!));

    /// <summary>
    /// A client of Kafka; null: it was said what is wrong in the configuration. How librdkafka's own properties go together is
    /// known to librdkafka alone: it is the one to ask.
    /// </summary>
    internal T? Client<T>(Func<T> make)
        where T : class
    {
        try
        {
            return make();
        }
        catch (Exception refused) when (refused is ArgumentException or InvalidOperationException)
        {
            ErrorReport.Write(error, "in the configuration", [ClientRefusal.Explain(refused.Message, configuration!)]);
            return null;
        }
    }

    /// <summary>The credentials of the command that runs.</summary>
    internal Keyring Keyring => keyring ?? throw new InvalidOperationException("no command runs");

    /// <summary>The subscription that is named, or the only one; null: it was said what is wrong.</summary>
    internal SubscriptionOptions? Subscription(AgentOptions options, string? name)
    {
        if (name is null && options.Subscriptions.Count == 1)
        {
            return options.Subscriptions[0];
        }

        var found = options.Subscriptions.Find(subscription => subscription.Name == name);
        if (found is null)
        {
            var names = string.Join(", ", options.Subscriptions.Select(subscription => subscription.Name));
            Misused(name is null
                ? $"there are several subscriptions: name one by --subscription ({names})"
                : $"there is no subscription {ConfigurationError.Shown(name)}. There are: {names}");
        }

        return found;
    }

    /// <summary>Says what is wrong in the command line; the exit code for it.</summary>
    internal int Misused(string problem)
    {
        error.WriteLine($"agent: {problem}");
        return ExitCodes.Misconfigured;
    }

    /// <summary>Says what failed; the exit code for it.</summary>
    internal int Fail(string problem)
    {
        error.WriteLine($"agent: {problem}");
        return ExitCodes.Failure;
    }
}
