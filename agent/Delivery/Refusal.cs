using System.Text.Unicode;
using Grpc.Core;
using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.Delivery;

/// <summary>The outcomes of records that are never sent, with reasons that name what is wrong with them.</summary>
internal static class Refusal
{
    private const int ShownNameBytes = 32;

    internal static AttemptOutcome TooLarge(long size, int limit) => new(
        AttemptEnd.TooLarge, StatusCode.OK, $"the call would have {size} bytes, the limit is {limit}", null);

    internal static AttemptOutcome Unsendable(string reason) => new(AttemptEnd.Unsendable, StatusCode.OK, reason, null);

    /// <summary>A header's name is a string in a call, so it must be UTF-8; null: all are.</summary>
    internal static AttemptOutcome? OfNames(RecordHeaders headers)
    {
        var place = 0;
        foreach (var header in headers)
        {
            place++;
            if (!Utf8.IsValid(header.Name))
            {
                var shown = Convert.ToHexStringLower(header.Name[..Math.Min(header.Name.Length, ShownNameBytes)]);
                return Unsendable($"the name of header {place} is not UTF-8 (hex {shown})");
            }
        }

        return null;
    }
}
