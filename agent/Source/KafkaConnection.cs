using Sidecar.Credentials;

namespace Sidecar.Agent.Source;

/// <summary>Everything that it takes to make a client of Kafka.</summary>
/// <param name="Options">What is configured.</param>
/// <param name="Keyring">The credentials in force.</param>
public sealed record KafkaConnection(SourceOptions Options, Keyring Keyring);
