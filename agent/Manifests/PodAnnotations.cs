using System.Text;
using System.Text.RegularExpressions;
using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent.Manifests;

/// <summary>The annotations of a pod template as the API server would take them, and as the agent would then read them.</summary>
internal static partial class PodAnnotations
{
    /// <summary>Bytes of all keys and values that the API server takes.</summary>
    public const int MaxBytes = 256 * 1024;

    /// <summary>Those of ours, with what the API server would refuse added to the findings.</summary>
    public static List<Annotation> Read(PodTemplate template, List<Finding> findings)
    {
        var annotations = new List<Annotation>();
        var bytes = 0L;
        foreach (var (key, value) in template.Annotations?.Entries ?? [])
        {
            var text = value as YamlText;
            bytes += Encoding.UTF8.GetByteCount(key.Text) + Encoding.UTF8.GetByteCount(text?.Text ?? "");
            if (!key.Text.StartsWith(AnnotationFile.Prefix, StringComparison.Ordinal))
            {
                continue;
            }

            if (text is null || text.IsNull || (text.IsPlain && OtherThanText().IsMatch(text.Text)))
            {
                findings.Add(Finding.Wrong(
                    template.Manifest, template.AnnotationsPath, key,
                    "Kubernetes takes only texts as annotations, and would take this for something else",
                    "Put the value into quotes, in a chart with | quote"));
            }
            else
            {
                annotations.Add(new Annotation(key.Text, text.Text, (int)key.Line));
            }
        }

        if (bytes > MaxBytes)
        {
            findings.Add(Finding.Wrong(
                template.Manifest, template.PathOf("metadata"), new YamlText("annotations", false, template.Map.Line, 1),
                $"{bytes} bytes of annotations are more than the {MaxBytes} that Kubernetes takes",
                "Move some of it to a configuration file"));
        }

        return annotations;
    }

    /// <summary>What YAML 1.1, which Kubernetes reads, takes for a boolean or a number.</summary>
    [GeneratedRegex(
        @"^(y|yes|n|no|true|false|on|off|\.nan"
        + @"|[-+]?(0b[01_]+|0x[0-9a-f_]+|[0-9][0-9_]*(\.[0-9_]*)?(e[-+]?[0-9]+)?|\.[0-9_]+(e[-+]?[0-9]+)?|\.inf))\z",
        RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex OtherThanText();
}
