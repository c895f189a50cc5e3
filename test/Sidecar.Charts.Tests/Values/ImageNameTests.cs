using System.Text.RegularExpressions;
using Sidecar.TestKit;

namespace Sidecar.Charts.Tests.Values;

/// <summary>An image that was built as the pages say is the one that the pods ask for.</summary>
[TestFixture]
internal sealed partial class ImageNameTests
{
    [TestCase("Dockerfile", 3)]
    [TestCase("README.md", 3)]
    [TestCase("charts/example-service/README.md", 3)]
    [TestCase("docs/CONFIGURATION.md", 1)]
    public async Task The_names_of_images_on_a_page_are_those_of_the_chart(string page, int count)
    {
        var charts = await OncePerRun.Charts;
        var made = await charts.RenderAsync(charts.Example);
        var wanted = new[] { "sidecar-agent", "sidecar-relay", "orders" }.Select(name => made.Container(name)["image"]!.GetValue<string>());
        var named = Named().Matches(File.ReadAllText(Repository.At(page.Split('/')))).Select(match => match.Groups["image"].Value).ToList();
        Assert.That(named, Has.Count.EqualTo(count));
        Assert.That(named.Distinct(), Is.SubsetOf(wanted));
    }

    [Test]
    public void The_images_entry_point_takes_commands_of_the_program()
    {
        var dockerfile = File.ReadAllText(Repository.At("Dockerfile"));
        Assert.That(dockerfile, Does.Contain("ENTRYPOINT [\"/app/agent\"]\nCMD [\"run\"]"));
        Assert.That(File.ReadAllText(Repository.At("README.md")),
            Does.Contain("helm template . | docker run -i --rm sidecar-agent:0.1.0 validate -f -"));
    }

    [GeneratedRegex(@"docker (build --target [a-z-]+ -t|run -i --rm) (?<image>\S+) ", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Named();
}
