using System.Globalization;
using System.Text;
using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.DeadLetter;

/// <summary>What the headers of ours on a record say; anything may stand there. Pure.</summary>
internal sealed class SaidHeaders
{
    private const int MostReplays = 1_000_000;

    private readonly Dictionary<string, string> said = new(StringComparer.Ordinal);

    /// <summary>How often the event came back from the dead letters; 0: never, or it does not say.</summary>
    public int Replays => Number(LetterHeaders.Replays) is { } replays and < MostReplays ? (int)replays : 0;

    /// <summary>Reads them; of a name that is there twice, the last.</summary>
    public static SaidHeaders Of(EventRecord record)
    {
        var headers = new SaidHeaders();
        foreach (var header in record.Headers)
        {
            if (LetterHeaders.IsOurs(header.Name))
            {
                headers.said[Encoding.UTF8.GetString(header.Name)] = Encoding.UTF8.GetString(header.Value);
            }
        }

        return headers;
    }

    /// <summary>A header as text; null: it is not there.</summary>
    public string? Text(string name) => said.GetValueOrDefault(name);

    /// <summary>A header as a number from 0 on; null: it is not there, or no such number.</summary>
    public long? Number(string name) =>
        long.TryParse(said.GetValueOrDefault(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
