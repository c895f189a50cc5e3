namespace Sidecar.OutboxRelay.Contracts;

/// <summary>What becomes of a key when Kafka refuses one of its rows. A closed set.</summary>
public enum OnRefused
{
    /// <summary>Later rows of its topic and key are set aside behind it: their order stays.</summary>
    Hold,

    /// <summary>The refused row alone is set aside, and its key goes on.</summary>
    Park,
}
