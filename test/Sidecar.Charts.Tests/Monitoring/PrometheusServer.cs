using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Sidecar.Charts.Tests.Rig;
using Sidecar.TestKit.Processes;

namespace Sidecar.Charts.Tests.Monitoring;

/// <summary>A Prometheus that asks programs for their metrics every second, under the labels that a PodMonitor would give them.</summary>
internal sealed class PrometheusServer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string folder = Directory.CreateTempSubdirectory("sidecar-prometheus-").FullName;
    private readonly HttpClient http;
    private readonly ProgramProcess process;

    private PrometheusServer(IEnumerable<int> ports)
    {
        var port = Ports.Free();
        var config = Path.Combine(folder, "prometheus.json");
        var targets = new JsonArray([.. ports.Select(one =>
            JsonValue.Create(string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{one}")))]);
        File.WriteAllText(config, new JsonObject
        {
            ["global"] = new JsonObject { ["scrape_interval"] = "1s" },
            ["scrape_configs"] = new JsonArray(new JsonObject
            {
                ["job_name"] = "shop",
                ["static_configs"] = new JsonArray(new JsonObject
                {
                    ["targets"] = targets, ["labels"] = new JsonObject { ["namespace"] = "demo", ["pod"] = "shop-1" },
                }),
            }),
        }.ToJsonString());
        process = Tool.Prometheus.Start([
            $"--config.file={config}", $"--storage.tsdb.path={Path.Combine(folder, "data")}", $"--web.listen-address=127.0.0.1:{port}",
        ]);
        http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
    }

    /// <summary>Starts it on these ports of loopback; skips where there is none. Returns when it answers.</summary>
    public static async Task<PrometheusServer> StartAsync(params int[] ports)
    {
        Tool.Prometheus.Require();
        var server = new PrometheusServer(ports);
        await server.process.WaitForLineAsync("Server is ready to receive web requests", Patience);
        return server;
    }

    /// <summary>How many series a query has for an answer.</summary>
    /// <exception cref="HttpRequestException">It cannot be answered.</exception>
    public async Task<int> AskAsync(string query)
    {
        using var answer = await http.GetAsync(new Uri($"/api/v1/query?query={Uri.EscapeDataString(query)}", UriKind.Relative));
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<JsonNode>())!["data"]!["result"]!.AsArray().Count;
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await process.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
