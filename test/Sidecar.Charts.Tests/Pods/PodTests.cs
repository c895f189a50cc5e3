using System.Text.Json.Nodes;
using Sidecar.Charts.Tests.Rig;

namespace Sidecar.Charts.Tests.Pods;

/// <summary>The containers and volumes that pods get.</summary>
[TestFixture]
internal sealed class PodTests
{
    private static readonly string[] Sidecars = ["sidecar-agent", "sidecar-relay"];

    [TestCase("native", "initContainers", "Always")]
    [TestCase("classic", "containers", null)]
    public async Task Both_sidecars_stand_where_the_mode_says(string mode, string place, string? restarts)
    {
        var charts = await OncePerRun.Charts;
        var made = await charts.RenderAsync(charts.All, Rig.Charts.Both, $"{{place: {place}, sidecars: {{mode: {mode}}}}}");
        foreach (var name in Sidecars)
        {
            var container = Manifests.Named(made.Pod["spec"]![place], name)!;
            Assert.That(container["restartPolicy"]?.GetValue<string>(), Is.EqualTo(restarts), name);
        }
    }

    [Test]
    public async Task Each_sidecar_stands_alone_where_the_other_is_not_wanted()
    {
        var charts = await OncePerRun.Charts;
        var receives = await charts.RenderAsync(charts.All, Rig.Charts.Both, "sidecars: {relay: {enabled: false}}");
        Assert.That(Names(receives.Pod, "initContainers"), Is.EqualTo(new[] { "sidecar-agent" }));
        Assert.That(Names(receives.Pod, "volumes"), Is.EqualTo(new[] { "sidecar-podinfo" }));

        var sends = await charts.RenderAsync(charts.All, Rig.Charts.Both, "sidecars: {agent: {enabled: false, subscriptions: null}}");
        Assert.That(Names(sends.Pod, "initContainers"), Is.EqualTo(new[] { "sidecar-relay" }));
        Assert.That(Names(sends.Pod, "volumes"), Is.EqualTo(new[] { "sidecar-outbox" }));
        Assert.That(sends.Pod["metadata"]!["annotations"], Is.Null);
    }

    [TestCaseSource(nameof(Sidecars))]
    public async Task A_sidecar_has_no_rights(string name)
    {
        var charts = await OncePerRun.Charts;
        var context = (await charts.RenderAsync(charts.All, Rig.Charts.Both)).Container(name)["securityContext"]!;
        Assert.That(context.ToJsonString(), Is.EqualTo(
            "{'allowPrivilegeEscalation':false,'capabilities':{'drop':['ALL']},'privileged':false,'readOnlyRootFilesystem':true,"
                .Replace('\'', '"')
            + "'runAsNonRoot':true,'runAsUser':1654,'runAsGroup':1654,'seccompProfile':{'type':'RuntimeDefault'}}".Replace('\'', '"')));
    }

    [TestCaseSource(nameof(Sidecars))]
    public async Task The_platform_may_choose_the_user(string name)
    {
        var charts = await OncePerRun.Charts;
        var made = await charts.RenderAsync(
            charts.All, Rig.Charts.Both, "sidecars: {securityContext: {runAsUser: null, runAsGroup: null}}");
        var context = made.Container(name)["securityContext"]!.AsObject();
        Assert.That(context.ContainsKey("runAsUser") || context.ContainsKey("runAsGroup"), Is.False);
        Assert.That(context["runAsNonRoot"]!.GetValue<bool>(), Is.True);
    }

    [TestCase("sidecar-agent", "14190")]
    [TestCase("sidecar-relay", "14290")]
    public async Task Probes_ask_the_port_that_the_program_listens_on(string name, string port)
    {
        var charts = await OncePerRun.Charts;
        var container = (await charts.RenderAsync(charts.All, Rig.Charts.Both)).Container(name);
        var listens = Manifests.Named(container["ports"], name)!;
        Assert.That(listens["containerPort"]!.ToString(), Is.EqualTo(port));
        Assert.That(name, Has.Length.LessThanOrEqualTo(15), "a port's name");
        foreach (var (probe, path) in new[] { ("startupProbe", "/livez"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz") })
        {
            var get = container[probe]!["httpGet"]!;
            Assert.That((get["path"]!.GetValue<string>(), get["port"]!.GetValue<string>()), Is.EqualTo((path, name)));
        }

        Assert.That(container["terminationMessagePolicy"]!.GetValue<string>(), Is.EqualTo("FallbackToLogsOnError"));
    }

    [Test]
    public async Task The_hook_before_the_stop_is_a_command_that_the_agent_has()
    {
        var charts = await OncePerRun.Charts;
        var container = (await charts.RenderAsync(charts.All, Rig.Charts.Both)).Container("sidecar-agent");
        var command = container["lifecycle"]!["preStop"]!["exec"]!["command"]!.AsArray().Select(word => word!.GetValue<string>()).ToList();
        Assert.That(command[0], Is.EqualTo("/app/agent"), "the image has no shell");
        using var output = new StringWriter();
        using var error = new StringWriter();
        string[] asked = [.. command.Skip(1), "--help"];
        var exit = await Agent.Commands.CommandLine.InvokeAsync(asked, output, error, new Dictionary<string, string>());
        Assert.That((exit, error.ToString()), Is.EqualTo((0, "")));
        Assert.That(output.ToString(), Does.Contain("preStop"));
    }

    [Test]
    public async Task Every_mount_has_its_volume_and_every_volume_its_mount()
    {
        var charts = await OncePerRun.Charts;
        var made = await charts.RenderAsync(charts.All, Rig.Charts.Both);
        var mounts = Sidecars.SelectMany(name => made.Container(name)["volumeMounts"]!.AsArray())
            .Select(mount => mount!["name"]!.GetValue<string>());
        Assert.That(mounts, Is.EquivalentTo(Names(made.Pod, "volumes")));
    }

    [Test]
    public async Task Secrets_are_files_by_the_names_that_the_programs_know_and_in_no_variable()
    {
        var charts = await OncePerRun.Charts;
        var made = await charts.RenderAsync(charts.All, Rig.Charts.Both, """
            sidecars:
              kafka:
                security:
                  protocol: SASL_SSL
                  mechanism: SCRAM-SHA-512
                  existingSecret: kafka-user
                  passwordKey: user.password
                  certKey: user.crt
                  keyKey: user.key
                  caSecret: cluster-ca
            """);
        var volume = Manifests.Named(made.Pod["spec"]!["volumes"], "sidecar-kafka")!["projected"]!;
        Assert.That(volume["defaultMode"]!.GetValue<long>(), Is.EqualTo(0x124), "0444: the container's user is not the file's");
        var files = volume["sources"]!.AsArray().Select(source => source!["secret"]!).SelectMany(secret => secret["items"]!.AsArray()
            .Select(item => $"{secret["name"]}/{item!["key"]} {item["path"]}"));
        Assert.That(files, Is.EqualTo(new[]
        {
            "kafka-user/username username", "kafka-user/user.password password", "kafka-user/user.crt tls.crt",
            "kafka-user/user.key tls.key", "cluster-ca/ca.crt ca.crt",
        }));
        foreach (var name in Sidecars)
        {
            var mount = Manifests.Named(made.Container(name)["volumeMounts"], "sidecar-kafka")!;
            Assert.That(mount["readOnly"]!.GetValue<bool>(), Is.True);
            Assert.That(mount["subPath"], Is.Null, "a sub path is never updated");
            Assert.That(made.Variables(name)["SIDECAR_KAFKA_CREDENTIALS"], Is.EqualTo(mount["mountPath"]!.GetValue<string>()));
            Assert.That(made.Variables(name)["SIDECAR_KAFKA_SECURITY_PROTOCOL"], Is.EqualTo("SASL_SSL"));
            Assert.That(made.Variables(name)["SIDECAR_KAFKA_SASL_MECHANISM"], Is.EqualTo("SCRAM-SHA-512"));
        }

        Assert.That(made.Text, Does.Not.Contain("secretKeyRef"));
    }

    [Test]
    public async Task A_digest_wins_over_a_tag_and_the_librarys_version_is_the_default()
    {
        var charts = await OncePerRun.Charts;
        var digest = "sha256:" + new string('a', 64);
        var made = await charts.RenderAsync(
            charts.All, Rig.Charts.Both, $"sidecars: {{agent: {{image: {{tag: \"7\", digest: \"{digest}\"}}}}}}");
        Assert.That(made.Container("sidecar-agent")["image"]!.GetValue<string>(), Is.EqualTo($"sidecar-agent@{digest}"));
        Assert.That(made.Container("sidecar-relay")["image"]!.GetValue<string>(), Is.EqualTo("sidecar-outbox-relay:0.1.0"));
    }

    [Test]
    public async Task A_volume_whose_name_looks_like_a_number_stays_a_name()
    {
        var charts = await OncePerRun.Charts;
        var made = await charts.RenderAsync(charts.All, Rig.Charts.Both,
            "sidecars: {relay: {postgres: {existingSecret: null}, sqlite: {path: /data/app.db, volume: \"1\"}}}");
        var mounts = made.Container("sidecar-relay")["volumeMounts"];
        Assert.That(Manifests.Named(mounts, "1")!["mountPath"]!.GetValue<string>(), Is.EqualTo("/data"));
    }

    [Test]
    public async Task The_podinfo_is_a_whole_folder_since_a_sub_path_is_never_updated()
    {
        var charts = await OncePerRun.Charts;
        var made = await charts.RenderAsync(charts.All, Rig.Charts.Both);
        var mount = Manifests.Named(made.Container("sidecar-agent")["volumeMounts"], "sidecar-podinfo")!;
        var folder = mount["mountPath"]!.GetValue<string>();
        Assert.That(mount["subPath"], Is.Null);
        Assert.That(made.Variables("sidecar-agent")["SIDECAR_ANNOTATIONS"], Is.EqualTo(folder + "/annotations"));
    }

    private static IEnumerable<string> Names(JsonNode pod, string list) =>
        (pod["spec"]![list]?.AsArray() ?? []).Select(item => item!["name"]!.GetValue<string>());
}
