using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Sidecar.Demo.Narration;

/// <summary>Draws what was written to a console as an SVG: a dark terminal whose text can be selected.</summary>
internal sealed partial class SvgEncoder : IAnsiConsoleEncoder
{
    private const double CellWidth = 8.4;
    private const double LineHeight = 18;
    private const double Margin = 18;
    private const string Background = "#0f1419";
    private const string Foreground = "#c9d1d9";

    public string Encode(IAnsiConsole console, IEnumerable<IRenderable> renderable)
    {
        var lines = Lines(renderable.SelectMany(part => part.GetSegments(console)));
        var width = Margin * 2 + console.Profile.Width * CellWidth;
        var height = Margin * 2 + lines.Count * LineHeight;
        var svg = new StringBuilder();
        svg.Append(
            $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:0} {height:0}"
              font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14">
            <rect width="100%" height="100%" rx="8" fill="{Background}"/>
            <g fill="{Foreground}">

            """);
        for (var i = 0; i < lines.Count; i++)
        {
            if (lines[i].Count > 0)
            {
                Line(svg, lines[i], Margin + (i + 0.75) * LineHeight);
            }
        }

        return svg.Append("</g>\n</svg>\n").ToString();
    }

    /// <summary>Splits at line breaks and keeps the empty lines, but none at the two ends.</summary>
    private static List<List<Segment>> Lines(IEnumerable<Segment> segments)
    {
        var lines = new List<List<Segment>> { new() };
        foreach (var segment in segments.Where(segment => !segment.IsControlCode))
        {
            var parts = segment.Text.Split('\n');
            for (var i = 0; i < parts.Length; i++)
            {
                if (i > 0)
                {
                    lines.Add([]);
                }

                if (parts[i].Length > 0)
                {
                    lines[^1].Add(new Segment(parts[i], segment.Style));
                }
            }
        }

        var first = lines.FindIndex(line => line.Count > 0);
        var last = lines.FindLastIndex(line => line.Count > 0);
        return first < 0 ? [] : lines[first..(last + 1)];
    }

    /// <summary>
    /// Each piece says at which column it begins, so that columns stand whatever the reader's font is.
    /// </summary>
    private static void Line(StringBuilder svg, List<Segment> line, double y)
    {
        svg.Append($"<text y=\"{y:0.#}\">");
        var column = 0;
        foreach (var segment in line)
        {
            // An SVG draws several spaces as one, so what they separate becomes pieces of its own.
            foreach (Match piece in Piece().Matches(segment.Text))
            {
                var x = Margin + (column + piece.Index) * CellWidth;
                svg.Append($"<tspan x=\"{x:0.#}\"{Look(segment.Style)}>");
                svg.Append(WebUtility.HtmlEncode(piece.Value)).Append("</tspan>");
            }

            column += segment.CellCount();
        }

        svg.Append("</text>\n");
    }

    private static string Look(Style style)
    {
        var color = style.Foreground == Color.Default ? "" : $" fill=\"{Tone(style.Foreground)}\"";
        var bold = style.Decoration.HasFlag(Decoration.Bold) ? " font-weight=\"bold\"" : "";
        var dim = style.Decoration.HasFlag(Decoration.Dim) ? " fill-opacity=\"0.6\"" : "";
        return color + bold + dim;
    }

    /// <summary>
    /// The basic colours as today's dark terminals show them; by the book they are hard to read on dark.
    /// </summary>
    private static string Tone(Color color) =>
        color == Color.Green ? "#3fb950"
        : color == Color.Yellow ? "#e3b341"
        : color == Color.Red ? "#f85149"
        : color == Color.Aqua ? "#39c5cf"
        : $"#{color.ToHex()}";

    [GeneratedRegex(@"\S+( \S+)*", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Piece();
}
