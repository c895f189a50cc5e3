using Sidecar.Charts.Tests.Rig;

namespace Sidecar.Charts.Tests.Values;

/// <summary>What is wrong is refused before anything reaches a cluster, with the path of the value.</summary>
[TestFixture]
internal sealed class RefusalTests
{
    // What is put below `sidecars:`, and what helm says.
    private static readonly string[][] Schema =
    [
        ["agnet: {enabled: true}", "at ''", "agnet"],
        ["agent: {subscriptions: {orders: {topics: [orders.v1], concurency: 4}}}", "/agent/subscriptions/orders", "concurency"],
        ["agent: {subscriptions: {orders: {topics: [orders.v1], concurrency: lots}}}", "/subscriptions/orders", "concurrency"],
        ["agent: {subscriptions: {orders: {topics: [orders.v1], concurrency: 4096}}}", "/subscriptions/orders", "1,024"],
        ["agent: {subscriptions: {orders: {concurrency: 4}}}", "/subscriptions/orders", "topics"],
        ["agent: {subscriptions: {Orders: orders.v1}}", "/agent/subscriptions", "Orders"],
        ["agent: {subscriptions: [orders.v1]}", "/agent/subscriptions", "object"],
        ["agent: {settings: {log-level: loud}}", "/agent/settings/log-level", "debug"],
        ["agent: {drainTimeout: 20}", "/agent/drainTimeout", "string"],
        ["kafka: {bootstrapServers: kafka}", "/kafka/bootstrapServers", "pattern"],
        ["kafka: {properties: {sasl.password: hunter2}}", "/kafka/properties", "sasl.password"],
        ["kafka: {tls: {enabled: true}}", "at '/kafka'", "tls"],
        ["kafka: {security: {protocol: TLS}}", "/kafka/security/protocol", "SASL_SSL"],
        ["kafka: {security: {mechanism: scram}}", "/kafka/security/mechanism", "SCRAM-SHA-512"],
        ["kafka: {security: {password: hunter2}}", "/kafka/security", "password"],
        ["mode: modern", "/mode", "classic"],
        ["relay: {settings: {window-row: 5}}", "/relay/settings", "window-row"],
        ["securityContext: {runAsUser: root}", "/securityContext/runAsUser", "integer"],
        ["metrics: {rules: {lagSeconds: 5m}}", "/metrics/rules/lagSeconds", "integer"],
        ["agent: {extraEnv: [{nam: X}]}", "/agent/extraEnv/0", "nam"],
        ["relay: {extraEnv: [{name: X, value: 5}]}", "/relay/extraEnv/0/value", "string"],
        ["agent: {extraVolumeMounts: [{name: x, path: /x}]}", "/agent/extraVolumeMounts/0", "path"],
        ["agent: {resources: {limits: {memmory: 1Gi}}}", "/agent/resources/limits", "memmory"],
        ["agent: {readinessProbe: {terminationGracePeriodSeconds: 5}}", "/agent/readinessProbe", "terminationGracePeriodSeconds"],
        ["relay: {livenessProbe: {successThreshold: 2}}", "/relay/livenessProbe/successThreshold", "1"],
        ["kafka: {bootstrapServers: \"fd00::1:9092\"}", "/kafka/bootstrapServers", "pattern"],
    ];

    private static readonly string[][] Between =
    [
        ["agent: {subscriptions: {orders: null}}", "sidecars.agent.subscriptions is empty"],
        ["kafka: {bootstrapServers: \"\"}", "sidecars.kafka.bootstrapServers is empty"],
        ["relay: {postgres: {existingSecret: \"\"}}", "sidecars.relay.postgres.existingSecret is empty"],
        ["relay: {sqlite: {path: /data/app.db, volume: data}}", "give one database"],
        ["relay: {postgres: {existingSecret: \"\"}, sqlite: {path: /data/app.db}}", "sidecars.relay.sqlite.volume is empty"],
        ["relay: {postgres: {existingSecret: \"\"}, sqlite: {path: /var/app.db, volume: data}}", "is not below"],
        ["kafka: {security: {protocol: SASL_SSL, mechanism: PLAIN}}", "sidecars.kafka.security.existingSecret is empty"],
        ["kafka: {security: {protocol: SASL_SSL, existingSecret: kafka}}", "sidecars.kafka.security.mechanism is empty"],
        ["kafka: {security: {protocol: SSL, mechanism: PLAIN}}", "sidecars.kafka.security.protocol is SSL"],
        ["kafka: {security: {existingSecret: kafka}}", "its protocol is PLAINTEXT"],
        ["kafka: {security: {protocol: SSL, existingSecret: kafka, certKey: tls.crt}}", "takes existingSecret, certKey, keyKey"],
        ["kafka: {security: {protocol: SSL, existingSecret: kafka}}", "nothing of it is used"],
        ["kafka: {security: {protocol: SASL_PLAINTEXT, mechanism: PLAIN, existingSecret: kafka, caSecret: ca}}", "knows no certificates"],
        ["agent: {metricsPort: 14290}", "sidecars.agent.metricsPort and sidecars.relay.metricsPort are the same port (14290)"],
        ["agent: {metricsPort: 14192, defaults: {max-deadline: 1m}}", "sidecars.agent.settings.api-port are the same port (14192)"],
        ["agent: {metricsPort: 14192, subscriptions: {a: {topics: [a.v1], max-deadline: 1m}}}", "are the same port (14192)"],
        ["agent: {adminPort: 14192, subscriptions: {a: \"a.v1; max-deadline=1m\"}}", "are the same port (14192)"],
        ["agent: {settings: {api-port: 14191}}", "sidecars.agent.adminPort and sidecars.agent.settings.api-port are the same port"],
        ["agent: {appAddress: \"127.0.0.1:14190\"}", "sidecars.agent.metricsPort and sidecars.agent.appAddress are the same port"],
        ["agent: {subscriptions: {on: a.v1}}", "sidecars.agent.subscriptions has one named true"],
        ["agent: {subscriptions: {no: a.v1, off: b.v1}}", "put the name into quotes"],
        ["metrics: {podMonitor: {enabled: true, interval: 5s}}", "sidecars.metrics.podMonitor.scrapeTimeout (10s) is above interval (5s)"],
        ["metrics: {podMonitor: {enabled: true, interval: 1m, scrapeTimeout: 60001ms}}", "scrapeTimeout (60001ms) is above"],
        ["autoscaling: {enabled: true, minReplicas: 11}", "sidecars.autoscaling.minReplicas (11) is above maxReplicas (10)"],
        [$"{{autoscaling: {{enabled: true}}, {Sasl}}}", "sidecars.autoscaling.authenticationRef is empty"],
        [$"{{autoscaling: {{enabled: true}}, {Authority}}}", "sidecars.autoscaling.authenticationRef is empty"],
    ];

    // Beside what is refused above.
    private static readonly string[] Taken =
    [
        "{agent: {metricsPort: 14290}, relay: {enabled: false}}",
        "{agent: {enabled: false, metricsPort: 14290}}",
        "agent: {metricsPort: 14192}",
        "agent: {metricsPort: 14192, defaults: {max-deadline: off}, subscriptions: {a: \"a.v1; max-deadline=off\"}}",
        "agent: {metricsPort: 14192, subscriptions: {a: {topics: [a.v1], filter: [\"x=max-deadline\"]}}}",
        "agent: {metricsPort: 14192, settings: {api-port: 14199}, defaults: {max-deadline: 1m}}",
        "agent: {subscriptions: {\"on\": a.v1, \"off\": b.v1, \"yes\": c.v1, \"n\": d.v1}}",
        "metrics: {podMonitor: {enabled: true, interval: 1m, scrapeTimeout: 60000ms}}",
        "metrics: {podMonitor: {interval: 5s}}",
        "autoscaling: {enabled: true, minReplicas: 10}",
        $"{{autoscaling: {{enabled: true, authenticationRef: kafka}}, {Sasl}}}",
        "{autoscaling: {enabled: true}, kafka: {security: {protocol: SSL}}}",
        "agent: {resources: {limits: {hugepages-2Mi: 4Mi, nvidia.com/gpu: 1}}, readinessProbe: {successThreshold: 2}}",
        "agent: {extraEnv: [{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]}",
    ];

    private const string Sasl = "kafka: {security: {protocol: SASL_SSL, mechanism: PLAIN, existingSecret: kafka}}";
    private const string Authority = "kafka: {security: {protocol: SSL, caSecret: authority}}";

    [TestCaseSource(nameof(Schema))]
    public async Task The_schema_refuses_it_with_the_path(string values, string path, string problem)
    {
        var charts = await OncePerRun.Charts;
        var lint = await charts.LintAsync(charts.All, Rig.Charts.Both, Under(values));
        foreach (var refused in (Answer[])[await Render(charts, values), lint])
        {
            var said = refused.Output + refused.Errors;
            Assert.That(refused.ExitCode, Is.Not.Zero);
            Assert.That(said, Does.Contain("sidecars:").And.Contain(path).And.Contain(problem));
        }
    }

    [TestCaseSource(nameof(Between))]
    public async Task What_stands_between_two_values_is_refused_as_well(string values, string problem)
    {
        var refused = await Render(await OncePerRun.Charts, values);
        Assert.That(refused.ExitCode, Is.Not.Zero);
        Assert.That(refused.Errors, Does.Contain(problem));
    }

    [TestCaseSource(nameof(Taken))]
    public async Task What_is_right_is_taken(string values)
    {
        var charts = await OncePerRun.Charts;
        var lint = await charts.LintAsync(charts.All, Rig.Charts.Both, Under(values));
        foreach (var taken in (Answer[])[await Render(charts, values), lint])
        {
            Assert.That(taken.ExitCode, Is.Zero, taken.Output + taken.Errors);
        }
    }

    [Test]
    public async Task All_that_stands_between_values_is_said_at_once()
    {
        var refused = await Render(await OncePerRun.Charts,
            "kafka: {bootstrapServers: \"\"}", "agent: {subscriptions: {orders: null}}", "relay: {postgres: {existingSecret: \"\"}}");
        Assert.That(refused.Errors, Does.Contain("bootstrapServers is empty").And.Contain("subscriptions is empty")
            .And.Contain("existingSecret is empty"));
    }

    private static Task<Answer> Render(Rig.Charts charts, params string[] values) =>
        charts.TryRenderAsync(charts.All, [Rig.Charts.Both, .. values.Select(Under)]);

    private static string Under(string value) => $"sidecars:\n  {value}\n";
}
