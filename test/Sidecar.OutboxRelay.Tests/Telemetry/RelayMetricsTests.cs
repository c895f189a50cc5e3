using System.Text;
using System.Text.RegularExpressions;
using Sidecar.OutboxRelay.Telemetry;
using Sidecar.TestKit;

namespace Sidecar.OutboxRelay.Tests.Telemetry;

[TestFixture]
internal sealed partial class RelayMetricsTests
{
    [Test]
    public async Task Every_counter_whose_increase_is_watched_is_there_before_it_counts()
    {
        var watched = Directory.EnumerateFiles(Repository.At("charts", "sidecar", "files"))
            .SelectMany(file => Increase().Matches(File.ReadAllText(file)).Select(match => match.Groups["name"].Value))
            .Distinct().ToList();
        Assert.That(watched, Does.Contain("outbox_published_total"));
        using var page = new MemoryStream();
        await new RelayMetrics().Registry.CollectAndExportAsTextAsync(page);
        var lines = Encoding.UTF8.GetString(page.ToArray()).Split('\n');

        foreach (var counter in watched)
        {
            Assert.That(lines, Has.Some.StartsWith(counter + "{").And.EndsWith(" 0"), counter);
        }
    }

    [GeneratedRegex(@"(increase|rate)\((?<name>outbox_\w+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Increase();
}
