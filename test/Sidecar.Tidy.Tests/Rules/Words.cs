using System.Text.RegularExpressions;
using Sidecar.Tidy.Tests.Reading;

namespace Sidecar.Tidy.Tests.Rules;

/// <summary>What no file of the tree says.</summary>
public static partial class Words
{
    /// <summary>Work that was put off belongs to the issue tracker.</summary>
    public static IEnumerable<Finding> CheckPutOff(string path, string text) =>
        Find(path, text, PutOff(), "put-off work is an issue, not a comment");

    /// <summary>
    /// The tree works on every machine, and finds its packages where each machine's own configuration says.
    /// </summary>
    public static IEnumerable<Finding> CheckMachine(string path, string text) =>
        Find(path, text, Machine(), "a path or an address that belongs to one machine")
            .Concat(Find(path, text, Registry(),
                "a registry's host: which one is used is the machine's own configuration"));

    private static IEnumerable<Finding> Find(string path, string text, Regex words, string what) => words.Matches(text)
        .Select(match => new Finding(path, text.AsSpan(0, match.Index).Count('\n') + 1, $"\"{match.Value}\": {what}"));

    // The brackets keep these expressions from finding themselves.
    [GeneratedRegex(@"\b(TOD[O]|FIXM[E]|XX[X])\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex PutOff();

    [GeneratedRegex(@"(?<![\w.$}])(/wor[k]/|/tmp/w[t]\b|/hom[e]/\w+/|/roo[t]/|/User[s]/\w+/)|[A-Z]:\\User[s]\\",
        RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Machine();

    [GeneratedRegex(
        @"(registry\.npmj[s]|api\.nuge[t]|pypi\.or[g]|files\.pythonhoste[d]|proxy\.golan[g]|index\.docke[r])",
        RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Registry();
}
