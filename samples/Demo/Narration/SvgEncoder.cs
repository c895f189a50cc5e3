using System.Net;
using System.Text;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Sidecar.Demo.Narration;

/// <summary>Draws what was written to a console as an SVG: a dark terminal whose text can be selected.</summary>
internal sealed class SvgEncoder : IAnsiConsoleEncoder
{
    private const double CellWidth = 8.4;
    private const double LineHeight = 19;
    private const double Margin = 18;
    private const string Background = "#0f1419";
    private const string Foreground = "#c9d1d9";

    public string Encode(IAnsiConsole console, IEnumerable<IRenderable> renderable)
    {
        var lines = Segment.SplitLines(renderable.SelectMany(part => part.GetSegments(console))
            .Where(segment => !segment.IsControlCode));
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
            Line(svg, lines[i], Margin + (i + 0.75) * LineHeight);
        }

        return svg.Append("</g>\n</svg>\n").ToString();
    }

    /// <summary>
    /// Each piece says at which column it begins, so that columns stand whatever the reader's font is.
    /// </summary>
    private static void Line(StringBuilder svg, SegmentLine line, double y)
    {
        if (line.All(segment => segment.IsWhiteSpace))
        {
            return;
        }

        svg.Append($"<text y=\"{y:0.#}\">");
        var column = 0;
        foreach (var segment in line)
        {
            if (!segment.IsWhiteSpace)
            {
                svg.Append($"<tspan x=\"{Margin + column * CellWidth:0.#}\"{Look(segment.Style)}>");
                svg.Append(WebUtility.HtmlEncode(segment.Text.TrimEnd())).Append("</tspan>");
            }

            column += segment.CellCount();
        }

        svg.Append("</text>\n");
    }

    private static string Look(Style style)
    {
        var color = style.Foreground == Color.Default ? "" : $" fill=\"#{style.Foreground.ToHex()}\"";
        var bold = style.Decoration.HasFlag(Decoration.Bold) ? " font-weight=\"bold\"" : "";
        var dim = style.Decoration.HasFlag(Decoration.Dim) ? " opacity=\"0.6\"" : "";
        return color + bold + dim;
    }
}
