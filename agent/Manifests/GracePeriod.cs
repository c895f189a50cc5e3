using System.Globalization;
using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent.Manifests;

/// <summary>Whether a pod lives long enough at its end for what is in flight.</summary>
internal static class GracePeriod
{
    /// <summary>What the agent needs after its drain: the last commit, leaving the group, closing.</summary>
    public static readonly TimeSpan AfterDrain = TimeSpan.FromSeconds(5);

    private const string Field = "terminationGracePeriodSeconds";
    private static readonly TimeSpan Default = TimeSpan.FromSeconds(30);

    /// <summary>Adds what does not fit.</summary>
    public static void Check(PodTemplate template, ResolvedConfiguration resolved, List<Finding> findings)
    {
        var node = template.Spec.Find(Field);
        var text = template.Spec.Text(Field);
        if (text is not null && !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            Add(text, "not a whole number of seconds", "Write seconds, such as 60");
            return;
        }

        var grace = text is null ? Default : TimeSpan.FromSeconds(long.Parse(text, CultureInfo.InvariantCulture));
        var drain = resolved.Options.Source.DrainTimeout;
        if (drain + AfterDrain > grace)
        {
            Add(
                Seconds(grace), $"the agent drains for up to {Seconds(drain)}s (drain-timeout) and needs {Seconds(AfterDrain)}s more: "
                + "the pod would be killed before that, and what was in flight is delivered again",
                $"Set {Field} to {Seconds(drain + AfterDrain)} or more, or lower drain-timeout");
        }

        foreach (var subscription in resolved.Options.Subscriptions.Where(one => one.Delivery.Deadline > grace))
        {
            Add(
                Seconds(grace), $"a delivery of the subscription {subscription.Name} may take {Seconds(subscription.Delivery.Deadline)}s "
                + "(deadline): the pod would be killed before that, and the event is delivered again",
                $"Set {Field} and drain-timeout above the deadline, or lower the deadline");
        }

        foreach (var line in resolved.Lines.Where(line => line.Setting.EndsWith(".deadline", StringComparison.Ordinal)
            && line.Origin.Precedence != Precedence.Default))
        {
            var subscription = resolved.Options.Subscriptions.First(one => line.Setting == $"subscription.{one.Name}.deadline");
            if (subscription.Delivery.Deadline > drain)
            {
                findings.Add(Finding.Odd(
                    template.Manifest, template.AnnotationsPath, line.Origin,
                    $"a deadline of {line.Value} is above the drain-timeout of {Seconds(drain)}s: at a stop such a delivery is cut short, "
                    + "and comes again",
                    "Raise drain-timeout, or lower the deadline"));
            }
        }

        void Add(string value, string problem, string fix)
        {
            var name = text is null ? $"{Field} (not set)" : Field;
            findings.Add(new Finding(true, template.Manifest, template.PathOf("spec"), new ConfigurationError(
                Finding.At(template.Manifest, name, node ?? template.Spec), value, problem, fix)));
        }
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);
}
