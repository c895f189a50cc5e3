using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.Delivery;

/// <summary>Reasons for people, bounded: one answer must not fill logs, metadata and dead letters.</summary>
internal static class Reason
{
    /// <summary>The text, cut to <see cref="AttemptOutcome.MaxReasonBytes"/> between two characters.</summary>
    internal static string Bound(string text)
    {
        // A UTF-16 unit takes at most three bytes.
        if (text.Length <= AttemptOutcome.MaxReasonBytes / 3)
        {
            return text;
        }

        var bytes = 0;
        var units = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > AttemptOutcome.MaxReasonBytes)
            {
                return text[..units];
            }

            units += rune.Utf16SequenceLength;
        }

        return text;
    }
}
