using Sidecar.TestKit;
using Sidecar.TestKit.Processes;

namespace Sidecar.Charts.Tests.Node;

/// <summary>Ends of an agent that nobody could prepare for: nothing is lost, and what was under way may come again.</summary>
[TestFixture, Order(2)]
internal sealed class KillTests : ShopTests
{
    [Test, Order(1)]
    public async Task A_killed_agent_loses_nothing_and_comes_again()
    {
        var pod = (await Shop.PodsAsync())[0];
        AtLeastOnce(await UnderLoadAsync("agent killed on the node (SIGKILL)", async () =>
        {
            foreach (var process in pod.Processes(Agent)) Signals.Send(process, Signal.Kill);
            await RestartedAsync(pod.Name);
        }));
    }

    [Test, Order(2)]
    public async Task A_pod_that_is_deleted_with_one_second_of_grace_loses_nothing()
    {
        var pod = (await Shop.PodsAsync())[0];
        AtLeastOnce(await UnderLoadAsync("kubectl delete pod --grace-period=1", async () =>
        {
            await Rig.DoAsync("delete", "pod", pod.Name, "--grace-period=1", "--namespace", Shop.Space);
            await Shop.ReadyAsync(Replicas);
        }));
    }

    [Test, Order(3)]
    public async Task An_agent_that_the_kernel_kills_for_its_memory_loses_nothing()
    {
        var pod = (await Shop.PodsAsync())[0];
        var said = "";
        AtLeastOnce(await UnderLoadAsync(
            "agent OOM-killed",
            async () =>
            {
                await StarveAsync(pod);
                var after = (await Shop.PodsAsync()).First(one => one.Name == pod.Name);
                said = $"Last State: Terminated, Reason: {after.LastReason(Agent)}, Exit Code: {after.LastExitCode(Agent)}";
                Assert.That(after.LastReason(Agent), Is.EqualTo("OOMKilled"));
            },
            () => said));
    }

    /// <summary>
    /// Puts a process that takes all memory into the group of a pod's agent. The kernel kills what Kubernetes told it to kill
    /// first, which is the agent.
    /// </summary>
    private async Task StarveAsync(Pod pod)
    {
        var agent = pod.Processes(Agent)[0];
        var group = Path.Combine(pod.MemoryGroup(Agent), "cgroup.procs");
        var hog = new ProgramPath("/bin/sh", ["-c", "echo $$ >\"$1\"; exec tail /dev/zero", "sh", group], IsPublished: false);
        await using (ProgramProcess.Start(hog, []))
        {
            await Until.TrueAsync(() => !Directory.Exists($"/proc/{agent}"), Shop.Patience, "the kernel kills the agent");
        }

        await RestartedAsync(pod.Name);
    }

    private Task RestartedAsync(string name) => Until.TrueAsync(
        async () => (await Shop.PodsAsync()).FirstOrDefault(pod => pod.Name == name) is { IsReady: true } pod && pod.Restarts(Agent) > 0,
        Shop.Patience, "the agent runs again");
}
