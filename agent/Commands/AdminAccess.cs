using System.CommandLine;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Sidecar.Agent.Operating;

namespace Sidecar.Agent.Commands;

/// <summary>Talks to the running agent of this pod through its admin port, and has one way to say that it cannot.</summary>
internal sealed class AdminAccess(ConfigurationFlags flags, System.Collections.IDictionary environment, TextWriter error)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>The port is said by a flag, and is none; it was said so.</summary>
    public bool IsMisused(ParseResult line) => ErrorReport.WriteMisuse(error, flags.Load(line, environment), "--admin-port");

    /// <summary>Asks for a document; null: it was said why there is none.</summary>
    public async Task<T?> GetAsync<T>(ParseResult line, string path, JsonTypeInfo<T> type)
        where T : class => await CallAsync(line, client => client.GetFromJsonAsync(path, type));

    /// <summary>Asks for something to be done; null: it was said why that was not heard.</summary>
    public async Task<PauseAnswer?> PostAsync(ParseResult line, string path, PauseRequest request) =>
        await CallAsync(line, async client =>
        {
            var json = JsonSerializer.SerializeToUtf8Bytes(request, OperatingJson.Default.PauseRequest);
            using var content = new ByteArrayContent(json);
            content.Headers.ContentType = new("application/json");
            using var answer = await client.PostAsync(new Uri(path, UriKind.Relative), content);
            return await answer.Content.ReadFromJsonAsync(OperatingJson.Default.PauseAnswer);
        });

    /// <summary>Says what failed; the exit code for it.</summary>
    public int Fail(string problem)
    {
        error.WriteLine($"agent: {problem}");
        return ExitCodes.Failure;
    }

    /// <summary>
    /// A client of the agent in this pod. Whatever HTTP_PROXY says, it asks no proxy: 127.0.0.1 is another machine there.
    /// </summary>
    internal static HttpClient NewClient(Uri address, TimeSpan timeout) =>
        new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address, Timeout = timeout };

    private async Task<T?> CallAsync<T>(ParseResult line, Func<HttpClient, Task<T?>> call)
        where T : class
    {
        var port = PortOf(line);
        using var client = NewClient(new Uri($"http://127.0.0.1:{port}"), Timeout);
        try
        {
            return await call(client);
        }
        catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException or JsonException)
        {
            Fail($"no agent answers at 127.0.0.1:{port} ({failure.Message}). Run this in the agent's container, or name its "
                + "port by --admin-port");
            return null;
        }
    }

    /// <summary>
    /// The port, as the agent was told by the same flags, variables and files. A configuration that is wrong in another
    /// place does not keep anyone from asking.
    /// </summary>
    private int PortOf(ParseResult line)
    {
        var result = flags.Load(line, environment);
        return (result.Resolved?.Options ?? result.Attempted).AdminPort;
    }
}
