using Sidecar.Agent.Admission;

namespace Sidecar.Agent.Subscriptions;

/// <summary>How a filter is written: <c>type=order.*, header.region=eu, header.test!=true</c>.</summary>
internal static class FilterFormat
{
    private const string Type = "type";
    private const string HeaderPrefix = "header.";
    private const string Off = "off";
    private const string Example = "type=order.placed, type=order.paid, header.region=eu* or header.test!=true";

    /// <summary>Terms separated by commas, or a list; or <c>off</c>.</summary>
    public static ValueFormat<EventFilter> Terms { get; } = new(
        $"up to {EventFilter.MaxTerms} of type=NAME, header.NAME=VALUE, with != for not and * at the end for any, separated by commas, "
        + $"or {Off}",
        value => Read((value.Items ?? value.Text!.Split(',')).Select(term => term.Trim()).ToList()),
        Show);

    private static Parsed<EventFilter> Read(List<string> texts)
    {
        if (texts is [Off])
        {
            return new Parsed<EventFilter>(EventFilter.None, null);
        }

        if (texts.Count > EventFilter.MaxTerms)
        {
            return Parsed<EventFilter>.Wrong(
                $"more than {EventFilter.MaxTerms} terms", "Use a star at the end for a family of types, or another subscription");
        }

        var terms = new List<FilterTerm>();
        foreach (var text in texts)
        {
            if (TermOf(text) is not { } term)
            {
                return Parsed<EventFilter>.Wrong(
                    $"{ConfigurationError.Shown(text)} is not a term of a filter", $"Write terms such as {Example}");
            }

            terms.Add(term);
        }

        return new Parsed<EventFilter>(new EventFilter(terms), null);
    }

    private static FilterTerm? TermOf(string text)
    {
        var equal = text.IndexOf('=', StringComparison.Ordinal);
        if (equal < 1)
        {
            return null;
        }

        var isNot = text[equal - 1] == '!';
        var (name, value) = (text[..(isNot ? equal - 1 : equal)].TrimEnd(), text[(equal + 1)..].TrimStart());
        var header = name == Type ? EventFilter.TypeHeader
            : name.StartsWith(HeaderPrefix, StringComparison.Ordinal) ? name[HeaderPrefix.Length..]
            : "";
        var isPrefix = value.EndsWith('*');
        var compared = isPrefix ? value[..^1] : value;
        return header.Length is 0 or > EventFilter.MaxLength || value.Length is 0 or > EventFilter.MaxLength
            || compared.Contains('*', StringComparison.Ordinal)
            ? null
            : new FilterTerm(header, compared, isPrefix, isNot);
    }

    private static string Show(EventFilter filter) => filter.Terms.Count == 0
        ? Off
        : string.Join(',', filter.Terms.Select(term =>
            $"{(term.Header == EventFilter.TypeHeader ? Type : HeaderPrefix + term.Header)}{(term.IsNot ? "!=" : "=")}{term.Value}"
            + (term.IsPrefix ? "*" : "")));
}
