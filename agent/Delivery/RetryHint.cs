using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Sidecar.Agent.Delivery;

/// <summary>What the standard trailers of a failed call say about trying again.</summary>
/// <param name="RetryAfter">The delay that is asked for; null: none.</param>
/// <param name="Never">The application asks for no further attempt.</param>
internal readonly record struct RetryHint(TimeSpan? RetryAfter, bool Never)
{
    private const string DetailsTrailer = "grpc-status-details-bin";
    private const string PushbackTrailer = "grpc-retry-pushback-ms";
    private const string RetryInfoType = "/google.rpc.RetryInfo";
    private const uint StatusDetailsTag = (3 << 3) | 2;
    private const uint RetryDelayTag = (1 << 3) | 2;

    /// <summary>
    /// First <c>google.rpc.RetryInfo</c> in the status details, then gRPC's push-back, where a negative or unreadable
    /// number means: not again.
    /// </summary>
    internal static RetryHint Of(Metadata trailers)
    {
        if (trailers.GetValueBytes(DetailsTrailer) is { } details && RetryDelayIn(details) is { } delay)
        {
            return new RetryHint(Delays.Of(delay), Never: false);
        }

        return trailers.GetValue(PushbackTrailer) is not { } text ? default
            : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var ms) && ms >= 0
                ? new RetryHint(Delays.OfMilliseconds(ms), Never: false)
                : new RetryHint(null, Never: true);
    }

    // The three messages (google.rpc.Status, Any, RetryInfo) are read field by field: one number is not worth the
    // package of common protos in a small program.
    private static Duration? RetryDelayIn(byte[] status)
    {
        try
        {
            var input = new CodedInputStream(status);
            for (var tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
            {
                if (tag != StatusDetailsTag)
                {
                    input.SkipLastField();
                    continue;
                }

                var any = Any.Parser.ParseFrom(input.ReadBytes());
                if (any.TypeUrl.EndsWith(RetryInfoType, StringComparison.Ordinal))
                {
                    return DelayIn(any.Value);
                }
            }
        }
        catch (InvalidProtocolBufferException)
        {
            // Details that cannot be read are as good as none: the status itself still counts.
        }

        return null;
    }

    private static Duration? DelayIn(ByteString retryInfo)
    {
        var input = retryInfo.CreateCodedInput();
        for (var tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            if (tag == RetryDelayTag)
            {
                return Duration.Parser.ParseFrom(input.ReadBytes());
            }

            input.SkipLastField();
        }

        return null;
    }
}
