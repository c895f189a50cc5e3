using System.Globalization;

namespace Sidecar.LoadTest;

/// <summary>The program's own port: is it live, and what do its metrics say.</summary>
internal sealed class MetricsPage(int port) : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    private readonly HttpClient client = new() { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = Timeout };

    /// <summary>Whether the path answers 200.</summary>
    public async Task<bool> IsOkAsync(string path)
    {
        try
        {
            using var response = await client.GetAsync(new Uri(path, UriKind.Relative));
            return response.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    /// <summary>The sum of a metric over its lines that hold this label; null where there is none.</summary>
    public async Task<double?> SumAsync(string metric, string label = "")
    {
        var page = await client.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        var values = page.Split('\n')
            .Where(line => line.StartsWith(metric + " ", StringComparison.Ordinal)
                || line.StartsWith(metric + "{", StringComparison.Ordinal))
            .Where(line => line.Contains(label, StringComparison.Ordinal))
            .Select(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture)).ToList();
        return values.Count == 0 ? null : values.Sum();
    }

    public void Dispose() => client.Dispose();
}
