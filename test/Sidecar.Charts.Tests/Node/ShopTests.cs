using Sidecar.TestKit;

namespace Sidecar.Charts.Tests.Node;

/// <summary>What tests of the installed example service have in common: three replicas, and a load with an account.</summary>
internal abstract class ShopTests
{
    protected const int Replicas = 3;
    protected const string Agent = "sidecar-agent";

    /// <summary>Events for each second while something happens to the pods.</summary>
    private const int PerSecond = 2_000;

    private static int runs;

    protected NodeRig Rig { get; private set; } = null!;

    protected Servers Servers { get; private set; } = null!;

    protected Shop Shop { get; private set; } = null!;

    [OneTimeSetUp]
    public async Task InstallAsync()
    {
        var scene = await Scene.GetAsync();
        (Rig, Servers, Shop) = (scene.Rig, scene.Servers, scene.Shop);
        await Shop.InstallAsync(Replicas);
        await Shop.ReadyAsync(Replicas);
    }

    /// <summary>Does something between two seconds of load before and after, and waits for the account.</summary>
    protected async Task<Account> UnderLoadAsync(string step, Func<Task> deed, Func<string>? remark = null)
    {
        var run = $"run-{Interlocked.Increment(ref runs)}";
        await using (var customers = Customers.Start(Servers, run, PerSecond))
        {
            await Until.TrueAsync(() => customers.Written >= 2 * PerSecond, Shop.Patience, "the load has begun");
            await deed();
            var then = customers.Written;
            await Until.TrueAsync(() => customers.Written >= then + (2 * PerSecond), Shop.Patience, "the load goes on");
        }

        var account = await Shop.SettledAsync(run);
        Report.Add(step, account, remark?.Invoke() ?? "");
        return account;
    }

    protected static void Right(Account account) => Assert.That(account.Table.IsRight, Is.True, $"\n{account.Table}");

    /// <summary>Repeats are allowed, which only a crash may cause.</summary>
    protected static void AtLeastOnce(Account account) => Assert.That(account.Table.IsAtLeastOnce, Is.True, $"\n{account.Table}");
}
