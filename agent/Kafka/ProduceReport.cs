using Confluent.Kafka;

namespace Sidecar.Agent.Kafka;

/// <summary>Kafka's report on a record that was produced.</summary>
/// <param name="Code">Whether it is acknowledged.</param>
/// <param name="Offset">Its offset; negative: not known, as after an acknowledgement that came for a repetition.</param>
internal readonly record struct ProduceReport(ErrorCode Code, long Offset);
