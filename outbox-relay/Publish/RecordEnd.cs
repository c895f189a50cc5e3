using Confluent.Kafka;

namespace Sidecar.OutboxRelay.Publish;

/// <summary>What became of a record that was handed to the producer. A closed set.</summary>
public enum RecordEnd
{
    /// <summary>Nothing is known (yet): it may or may not be in Kafka.</summary>
    Unknown,

    /// <summary>Kafka has it, on all replicas that are in sync.</summary>
    Acknowledged,

    /// <summary>A broker refused the batch that it was in, and would refuse the same batch again.</summary>
    Refused,

    /// <summary>Its topic does not exist or may not be written: not the record's fault.</summary>
    NoTopic,

    /// <summary>The producer gave it up with others, or for a reason that may pass: to be sent again.</summary>
    GivenUp,
}

/// <summary>Reads the producer's errors.</summary>
public static class RecordEnds
{
    /// <summary>What an error in a delivery report says about the record.</summary>
    public static RecordEnd Of(ErrorCode code) => code switch
    {
        ErrorCode.NoError => RecordEnd.Acknowledged,

        ErrorCode.MsgSizeTooLarge or ErrorCode.RecordListTooLarge or ErrorCode.InvalidMsg or ErrorCode.InvalidMsgSize or
        ErrorCode.InvalidRecord or ErrorCode.InvalidTimestamp or ErrorCode.PolicyViolation or
        ErrorCode.UnsupportedForMessageFormat or ErrorCode.Local_BadMsg => RecordEnd.Refused,

        ErrorCode.UnknownTopicOrPart or ErrorCode.UnknownTopicId or ErrorCode.TopicAuthorizationFailed or
        ErrorCode.TopicException or ErrorCode.Local_UnknownTopic or ErrorCode.Local_UnknownPartition =>
            RecordEnd.NoTopic,

        // Not a closed set of ours: the client library adds codes. What is not known to be final is tried again.
        _ => RecordEnd.GivenUp,
    };
}
