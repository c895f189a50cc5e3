using Sidecar.Agent.Manifests;

namespace Sidecar.Agent.Tests.Manifests;

/// <summary>Manifests as they are rendered, and what is found in them.</summary>
internal static class Rendered
{
    public const string Agent = """
              - name: agent
                env: [{name: SIDECAR_ANNOTATIONS, value: /etc/podinfo/annotations}, {name: SIDECAR_SERVICE, value: orders},
                  {name: SIDECAR_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}},
                  {name: SIDECAR_BOOTSTRAP_SERVERS, value: "kafka:9092"}]
        """;

    public static string Workload(
        string kind, string annotation, string other = "other: \"true\"", string more = "hostNetwork: false") => $"""
        kind: {kind}
        metadata: {"{namespace: shop, name: orders}"}
        spec:
          replicas: 3
          template:
            metadata:
              annotations:
                {annotation}
                {other}
            spec:
              {more}
              containers:
        {Agent}
        """;

    public static ManifestCheck Check(string text)
    {
        var check = new ManifestCheck();
        check.Check(text, "all.yaml");
        return check;
    }

    public static List<string> Errors(ManifestCheck check) =>
        [.. check.Findings.Where(finding => finding.IsError).Select(finding => finding.ToString())];
}
