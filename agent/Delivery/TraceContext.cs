using System.Text;
using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.Delivery;

/// <summary>
/// W3C trace context goes through: <c>traceparent</c>, <c>tracestate</c> and <c>baggage</c> of the record become
/// metadata of the call. One that is empty, not printable ASCII or too long for metadata is left out, since an
/// application must not miss an event for the sake of its trace; of one that is repeated the last counts.
/// </summary>
internal static class TraceContext
{
    private const byte FirstPrintable = 0x20;
    private const byte LastPrintable = 0x7e;

    internal static void AddTo(ref CallMetadata metadata, RecordHeaders headers)
    {
        ReadOnlySpan<byte> parent = default;
        ReadOnlySpan<byte> state = default;
        ReadOnlySpan<byte> baggage = default;
        foreach (var header in headers)
        {
            switch (header.Name.Length)
            {
                case 11 when header.Name.SequenceEqual("traceparent"u8):
                    parent = header.Value;
                    break;
                case 10 when header.Name.SequenceEqual("tracestate"u8):
                    state = header.Value;
                    break;
                case 7 when header.Name.SequenceEqual("baggage"u8):
                    baggage = header.Value;
                    break;
            }
        }

        Add(ref metadata, "traceparent", parent);
        Add(ref metadata, "tracestate", state);
        Add(ref metadata, "baggage", baggage);
    }

    private static void Add(ref CallMetadata metadata, string name, ReadOnlySpan<byte> value)
    {
        if (!value.IsEmpty
            && value.Length <= CallMetadata.MaxBytes
            && !value.ContainsAnyExceptInRange(FirstPrintable, LastPrintable))
        {
            metadata.TryAdd(name, Encoding.ASCII.GetString(value));
        }
    }
}
