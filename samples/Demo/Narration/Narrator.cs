using Spectre.Console;
using Sidecar.Demo.Tally;

namespace Sidecar.Demo.Narration;

/// <summary>
/// Tells what happens, on the terminal and for the picture. Plain where there is no terminal, or no colour is wanted.
/// </summary>
internal sealed class Narrator : IDisposable
{
    private const int Columns = 100;

    private readonly Lock _lock = new();
    private readonly IAnsiConsole _terminal = AnsiConsole.Console;
    private readonly Recorder _recorder;
    private readonly TimeProvider _clock;
    private readonly long _begun;

    public Narrator(TimeProvider clock)
    {
        _clock = clock;
        _begun = clock.GetTimestamp();
        if (Console.IsOutputRedirected)
        {
            _terminal.Profile.Width = Columns;
        }

        var unseen = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            ColorSystem = ColorSystemSupport.TrueColor,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(TextWriter.Null),
        });
        unseen.Profile.Width = Columns;
        unseen.Profile.Capabilities.Unicode = true;
        _recorder = new Recorder(unseen);
    }

    public void Title(string text) => Write(console =>
    {
        console.WriteLine();
        console.Write(new Rule($"[bold]{Markup.Escape(text)}[/]").LeftJustified());
        console.WriteLine();
    });

    /// <summary>One thing that was set up, where, and how.</summary>
    public void Step(int number, string name, string text, string detail = "") => Write(console =>
    {
        console.MarkupLine($"[dim]{number}[/]  [aqua]{Markup.Escape(name),-10}[/]{Markup.Escape(text)}");
        if (detail.Length > 0)
        {
            console.MarkupLine($"   {"",-10}[dim]{Markup.Escape(detail)}[/]");
        }
    });

    public void Say(string text) => Write(console => console.WriteLine(text));

    /// <summary>Where the events are at this moment.</summary>
    public void Progress(Sums sums) => Write(console => console.MarkupLine(
        $"   [dim]{_clock.GetElapsedTime(_begun).TotalSeconds,5:0.0} s[/]  committed [bold]{sums.Committed,6}[/]   " +
        $"in Kafka [bold]{sums.InKafka,6}[/]   delivered [bold]{sums.Delivered,6}[/]   " +
        $"retried [yellow]{sums.Retried,4}[/]"));

    public void Example(string text) => Write(console =>
        console.MarkupLine($"            [yellow]{Markup.Escape(text)}[/]"));

    public void Table(Sums sums)
    {
        Write(console =>
        {
            console.WriteLine();
            var table = new Table().Border(TableBorder.Rounded);
            (string Name, int Value, bool IsRight)[] columns =
            [
                ("committed", sums.Committed, sums.Committed > 0),
                ("in Kafka", sums.InKafka, sums.InKafka == sums.Committed),
                ("delivered", sums.Delivered, sums.Delivered == sums.Committed),
                ("missing", sums.Missing, sums.Missing == 0),
                ("duplicate", sums.Duplicates, sums.Duplicates == 0),
                ("out of order", sums.OutOfOrder, sums.OutOfOrder == 0),
            ];
            table.AddColumns([.. columns.Select(column => new TableColumn(column.Name).RightAligned())]);
            table.AddColumn(new TableColumn("[dim]retried[/]").RightAligned());
            table.AddColumn(new TableColumn("[dim]rolled back[/]").RightAligned());
            table.AddRow([
                .. columns.Select(column => $"[bold {(column.IsRight ? "green" : "red")}]{column.Value}[/]"),
                $"{sums.Retried}",
                $"{sums.RolledBack}",
            ]);
            console.Write(table);
        });
        if (sums.AreRight)
        {
            Write(console => console.MarkupLine(
                "[green]Right:[/] every event that was committed was delivered once and in order; none that was " +
                "rolled back."));
        }
        else
        {
            Fail("The table is not right.");
        }
    }

    /// <summary>
    /// The first line says what failed; what follows are lines of programs, which are left as they are.
    /// </summary>
    public void Fail(string text)
    {
        var lines = text.Split('\n', 2);
        Write(console => console.MarkupLine($"[red]{Markup.Escape(lines[0])}[/]"));
        if (lines.Length > 1)
        {
            Console.Out.WriteLine(lines[1]);
        }
    }

    public void SaveSvg(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.WriteAllText(path, _recorder.Export(new SvgEncoder()));
    }

    public void Dispose() => _recorder.Dispose();

    private void Write(Action<IAnsiConsole> write)
    {
        // Lines come from the demo itself and from those who listen to its programs.
        lock (_lock)
        {
            write(_terminal);
            write(_recorder);
        }
    }
}
