using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.DeadLetter;
using Sidecar.Agent.Dispatch;
using Sidecar.Agent.Telemetry;

namespace Sidecar.Agent.Tests.Telemetry;

/// <summary>
/// A series that is born at 1 hides its first event from increase(), and an alert on it never fires: those of a subscription are
/// there before anything has happened.
/// </summary>
public sealed class BornCounterTests
{
    private static readonly string[] Ends = ["attempts_exhausted", "rejected", "too_large", "unsendable", "interrupted", "expired"];

    [Test]
    public async Task A_subscription_that_has_lost_nothing_says_so_by_zeros_and_one_that_is_gone_says_nothing()
    {
        var metrics = new AgentMetrics(Metrics.NewCustomRegistry());
        var deliveries = new DeliveryMetrics(metrics, "orders");
        var letters = Letters(metrics, "orders");
        Letters(metrics, "payments");
        var letter = "sidecar_dead_letters_total{sub=\"orders\",reason=";

        Assert.That(
            await PageAsync(metrics, letter),
            Is.EquivalentTo(Ends.Append("foreign_retry_record").Select(end => $"{letter}\"{end}\"}} 0")));
        Assert.That(await PageAsync(metrics, "sidecar_exhausted_total"), Is.EquivalentTo(
            Ends.Select(end => $"sidecar_exhausted_total{{sub=\"orders\",reason=\"{end}\"}} 0")));

        letters.Written(new Provenance(new TopicPosition("orders.v1", 0, 7), 0, 1, 0, 0, EndReason.Of(AttemptEnd.Rejected), null));
        deliveries.Ended(AttemptEnd.Failed);
        Assert.That(await PageAsync(metrics, letter), Has.One.EqualTo($"{letter}\"rejected\"}} 1").And.Exactly(Ends.Length).EndsWith(" 0"));
        Assert.That(
            await PageAsync(metrics, "sidecar_exhausted_total"),
            Has.One.EqualTo("sidecar_exhausted_total{sub=\"orders\",reason=\"attempts_exhausted\"} 1"));

        metrics.Forget("orders");
        Assert.That(await PageAsync(metrics, "sidecar_exhausted_total"), Is.Empty);
        Assert.That(
            await PageAsync(metrics, "sidecar_dead_letters_total"),
            Has.Length.EqualTo(Ends.Length + 1).And.All.Contains("payments"), "those of another stay");
    }

    private static DeadLetterReport Letters(AgentMetrics metrics, string subscription) => new(
        NullLogger<DeadLetterReport>.Instance, metrics, new Waits(NullLogger<Waits>.Instance, metrics.Waiting),
        new LetterAddress("g", subscription, $"g.{subscription}.dlq"), TimeProvider.System);

    private static async Task<string[]> PageAsync(AgentMetrics metrics, string series)
    {
        using var page = new MemoryStream();
        await metrics.Registry.CollectAndExportAsTextAsync(page);
        return [.. Encoding.UTF8.GetString(page.ToArray()).Split('\n').Where(line => line.StartsWith(series, StringComparison.Ordinal))];
    }
}
