using static Sidecar.Agent.Tests.Manifests.Rendered;

namespace Sidecar.Agent.Tests.Manifests;

/// <summary>What is said of rendered manifests, as helm and kubectl write them.</summary>
public sealed class ManifestCheckTests
{
    [TestCase("Deployment")]
    [TestCase("StatefulSet")]
    [TestCase("DaemonSet")]
    [TestCase("Job")]
    [TestCase("Rollout")]
    [TestCase("ReplicaSet")]
    [TestCase("SomethingOfTomorrow")]
    public void Any_kind_with_a_pod_template_is_checked(string kind)
    {
        var check = Check(Workload(kind, "sidecar.events/subscription.orders: orders.v1"));

        Assert.That(check.Findings, Is.Empty);
        Assert.That(check.Pods.Single().Subscriptions, Is.EqualTo(new[] { "orders" }));
        Assert.That(check.Pods.Single().Template.Manifest.ToString(), Is.EqualTo($"{kind} shop/orders"));
    }

    [Test]
    public void Pods_cron_jobs_and_lists_are_checked()
    {
        var check = Check("""
            apiVersion: v1
            kind: List
            items:
            - {kind: Pod, metadata: {name: one, annotations: {sidecar.events/subscription.a: a.v1}}, spec: {containers: []}}
            - kind: CronJob
              metadata: {name: two}
              spec:
                jobTemplate:
                  spec:
                    template:
                      metadata: {annotations: {sidecar.events/subscription.b: b.v1}}
                      spec: {containers: []}
            """);

        Assert.That(Errors(check), Is.Empty);
        Assert.That(check.Pods.Select(pod => pod.Template.AnnotationsPath), Is.EqualTo(new[]
        {
            "metadata.annotations", "spec.jobTemplate.spec.template.metadata.annotations",
        }));
    }

    [Test]
    public void An_annotation_of_the_Deployment_itself_is_found_with_the_place_where_it_belongs()
    {
        var check = Check($"""
            kind: Deployment
            metadata:
              name: orders
              annotations:
                sidecar.events/subscription.orders: orders.v1
            spec:
              template:
                spec:
                  containers:
            {Rendered.Agent}
            """);

        Assert.That(Errors(check)[0], Is.EqualTo(
            "Deployment orders (document 1), metadata.annotations: sidecar.events/subscription.orders: it stands beside the pod template: "
            + "it never reaches the pod. Move it to spec.template.metadata.annotations. (all.yaml:5)"));
        Assert.That(Errors(check)[1], Does.Contain("there is no subscription"));
    }

    [TestCase("labels: {sidecar.events/subscription.orders: orders.v1}", "spec.template.metadata.labels")]
    [TestCase("sidecar.events/subscription.orders: orders.v1", "spec.template.metadata")]
    public void A_key_that_lost_its_level_is_found(string metadata, string path)
    {
        var check = Check($$"""
            kind: Deployment
            metadata: {name: orders}
            spec: {template: {metadata: { {{metadata}} }, spec: {containers: []} } }
            """);

        Assert.That(Errors(check).Single(), Does.Contain($", {path}: ").And.Contain("Move it to spec.template.metadata.annotations"));
    }

    [Test]
    public void An_object_that_makes_no_pods_keeps_its_annotations_from_everybody()
    {
        var check = Check("kind: Service\nmetadata: {name: orders, annotations: {sidecar.events/subscription.a: a.v1}}\n");

        Assert.That(Errors(check).Single(), Does.Contain("Service orders").And.Contain("makes no pods"));
    }

    [TestCase("sidecar.events/subscription.orders.concurrency: \"lots\"", "= \"lots\"")]
    [TestCase("sidecar.events/subscription.orders.concurency: \"4\"", "Did you mean concurrency?")]
    [TestCase("sidecar.events/subscription.Orders: other.v1", "Did you mean orders?")]
    [TestCase("sidecar.events/subscription.orders.concurrency: \"4096\"", "= \"4096\"")]
    [TestCase("sidecar.events/subscriptoin.orders: orders.v1", "Did you mean sidecar.events/subscription.<name>?")]
    [TestCase("sidecar.events/subscription.orders.attempts: 8", "Kubernetes takes only texts as annotations")]
    [TestCase("sidecar.events/subscription.orders.attempts: ~", "Kubernetes takes only texts as annotations")]
    [TestCase("sidecar.events/create-topics: yes", "Kubernetes takes only texts as annotations")]
    [TestCase("sidecar.events/defaults: {attempts: 8}", "Kubernetes takes only texts as annotations")]
    public void What_the_agent_or_Kubernetes_would_refuse_is_an_error(string annotation, string what)
    {
        var check = Check(Workload("Deployment", "sidecar.events/subscription.orders: orders.v1", annotation));

        Assert.That(Errors(check).Single(), Does.StartWith(
            "Deployment shop/orders (document 1), spec.template.metadata.annotations: ").And.Contain(what).And.EndWith("(all.yaml:9)"));
    }

    [Test]
    public void Blocks_folded_texts_and_anchors_are_read_as_Kubernetes_does()
    {
        var check = Check("""
            # Source: orders/templates/deployment.yaml
            x-common: &common
              sidecar.events/subscription.folded: >-
                folded.v1;
                concurrency=4
            kind: Deployment
            metadata: {name: orders}
            spec:
              template:
                metadata:
                  annotations:
                    <<: *common
                    sidecar.events/subscription.block: |
                      topics: [a.v1, b.v1]
                      deadline: 10s
                    sidecar.events/subscription.quoted: "c.v1; attempts=3"
                spec: {containers: []}
            """);

        // What is merged is not in the place of its anchor: that is the one thing to say of it.
        Assert.That(Errors(check).Single(), Does.Contain("x-common"));
        Assert.That(check.Pods.Single().Subscriptions, Is.EqualTo(new[] { "block", "folded", "quoted" }));
    }

    [Test]
    public void Two_pods_of_one_file_are_told_apart()
    {
        var check = Check(
            "# nothing\n---\n" + Workload("Deployment", "sidecar.events/subscription.a: a.v1")
            + "\n---\n" + Workload("StatefulSet", "sidecar.events/subscription.a.topics: \"*\""));

        Assert.That(check.Pods, Has.Count.EqualTo(2));
        Assert.That(Errors(check).Single(), Does.StartWith("StatefulSet shop/orders (document 2)"));
    }

    [Test]
    public void Pods_of_others_and_of_the_relay_alone_are_passed_over()
    {
        var check = Check("""
            kind: Deployment
            metadata: {name: one}
            spec: {template: {metadata: {annotations: {sidecar.events/outbox.main: x}}, spec: {containers: [{name: app}]}}}
            ---
            kind: Deployment
            metadata: {name: two}
            spec: {template: {metadata: {annotations: {prometheus.io/scrape: "true"}}, spec: {containers: [{name: app}]}}}
            """);

        Assert.That(check.Findings, Is.Empty);
        Assert.That(check.Pods, Is.Empty);
    }

    [Test]
    public void More_annotations_than_Kubernetes_takes_are_an_error()
    {
        var check = Check(Workload(
            "Deployment", "sidecar.events/subscription.orders: orders.v1", $"other: {new string('x', 256 * 1024)}"));

        Assert.That(Errors(check).Single(), Does.Contain("are more than the 262144"));
    }

    [TestCase("kind: Deployment\nmetadata: {name: x", "not YAML")]
    [TestCase("kind: a\nkind: b", "stands there twice")]
    [TestCase("- a\n- b", "no object of Kubernetes")]
    [TestCase("kind: {{ .Values.kind }}", "not YAML|a key must be a text")]
    [TestCase("a: *b", "no anchor \"b\"")]
    public void A_text_that_cannot_be_read_is_an_error_with_its_place(string text, string what)
    {
        var check = Check(text);

        Assert.That(Errors(check), Has.Some.Match(what));
        Assert.That(Errors(check), Has.All.Match(@"\(all\.yaml:\d+:\d+\)$"));
    }

    [Test]
    public void Aliases_within_aliases_end_at_a_limit()
    {
        var lines = Enumerable.Range(1, 40).Select(i => $"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]");
        var check = Check("a0: &a0 {k: v}\n" + string.Join('\n', lines));

        Assert.That(Errors(check).Single(), Does.Contain("aliases within aliases"));
    }

    [Test]
    public void A_property_of_the_Kafka_client_is_tried_as_the_agent_does_it()
    {
        const string subscription = "sidecar.events/subscription.orders: orders.v1";
        var unknown = Check(Workload("Deployment", subscription, "sidecar.events/kafka.fetch.max.byte: \"1000\""));
        var wrong = Check(Workload("Deployment", subscription, "sidecar.events/kafka.fetch.min.bytes: lots"));

        Assert.That(Errors(unknown).Single(), Does.Contain(
            "sidecar.events/kafka.fetch.max.byte: librdkafka has no property of this name. Did you mean fetch.max.bytes?"));
        Assert.That(Errors(wrong).Single(), Does.Contain(
            "sidecar.events/kafka.fetch.min.bytes = \"lots\": librdkafka does not take it: "));
    }
}
