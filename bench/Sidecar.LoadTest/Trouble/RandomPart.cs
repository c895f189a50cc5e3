using Grpc.Core;

namespace Sidecar.LoadTest.Trouble;

/// <summary>
/// Everything at once: the application asks for a retry, refuses, hangs, and crashes, two agents share the partitions, and
/// one of them is killed by turns. Each event must come to one end, delivered or dead-lettered.
/// </summary>
internal static class RandomPart
{
    private const int RetryPercent = 10;
    private const int RejectPercent = 1;
    private const int HangPercent = 1;
    private const string Group = "random";
    private const string Fields = "deadline=500ms; attempts=40; backoff=5ms..100ms; retry-budget=off; on-exhausted=dead-letter";
    private static readonly TimeSpan CrashInterval = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Away = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Work = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static async Task<Section> RunAsync(TroubleOptions options, Bed bed)
    {
        var events = options.RandomEvents;
        var chance = new Random(options.Seed);
        var rejected = Enumerable.Range(0, events).Select(_ => chance.Next(100) < RejectPercent).ToArray();
        var deliverable = rejected.Count(one => !one);
        bed.Load(0, events);
        await using var app = await bed.ListenAsync(events, index => AnswerAsync(index, rejected, chance));
        await using var steady = await bed.StartAgentAsync(Group, Fields);
        var (crashes, kills) = (0, 0);
        var began = TimeProvider.System.GetTimestamp();
        Started? other = await bed.StartAgentAsync(Group, Fields);
        while (app.Tally.Table.Delivered < deliverable)
        {
            await NextAsync(app, deliverable);
            if (app.Tally.Table.Delivered >= deliverable) break;
            await app.GoAsync();
            crashes++;
            if (crashes % 2 == 0)
            {
                await other.Process.KillAsync();
                kills++;
                await other.DisposeAsync();
                other = await bed.StartAgentAsync(Group, Fields);
            }

            await Task.Delay(Away, TimeProvider.System);
            await app.ComeAsync();
            Console.Error.WriteLine(
                $"loadtest: {app.Tally.Table.Delivered:N0} of {deliverable:N0} delivered, {crashes} crashes, {kills} kills");
        }

        var letters = await LettersAsync(bed, events, events - deliverable);
        var took = TimeProvider.System.GetElapsedTime(began);
        await steady.StopAsync();
        await other.StopAsync();
        await other.DisposeAsync();
        var both = letters.Seen.Count(index => app.Tally.Has(index));
        var wrong = letters.Seen.Count(index => !rejected[index]);
        var table = Accounts.Of(app.Tally, deliverable);
        return new Section($"{events:N0} events, everything at random, seed {options.Seed} ({Fields})", [
            new($"{RetryPercent} % retry, {RejectPercent} % reject, {HangPercent} % hang; crashes of the application", $"{crashes}"),
            new("kills (SIGKILL) of one of the two agents", $"{kills}"),
            new("took", $"{took.TotalSeconds:N0} s"),
            new("to be delivered; delivered", $"{deliverable:N0}; {table.Delivered:N0}"),
            new("to be dead-lettered; dead-lettered; repeats of them",
                $"{events - deliverable:N0}; {letters.Seen.Count:N0}; {letters.Repeats:N0}"),
            new("delivered and dead-lettered", $"{both:N0}", "0"),
            new("dead-lettered without a reason to be", $"{wrong:N0}", "0"),
            new("neither", $"{events - table.Delivered - letters.Seen.Count + both:N0}", "0"),
        ], table) { AllowsRepeats = true };
    }

    private static async ValueTask<StatusCode?> AnswerAsync(int index, bool[] rejected, Random chance)
    {
        await Task.Delay(Work, TimeProvider.System);
        int drawn;
        lock (chance) drawn = chance.Next(100);
        if (drawn < HangPercent) return null;
        if (drawn < HangPercent + RetryPercent) return StatusCode.Aborted;
        return rejected[index] ? StatusCode.InvalidArgument : StatusCode.OK;
    }

    private static async Task NextAsync(TroubledApp app, long deliverable)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(since) < CrashInterval && app.Tally.Table.Delivered < deliverable)
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
    }

    private static async Task<(HashSet<int> Seen, long Repeats)> LettersAsync(Bed bed, int events, int expected)
    {
        var topic = bed.OwnTopic(Group, "dlq");
        using var admin = bed.Kafka.Admin();
        var partitions = admin.GetMetadata(topic, Patience).Topics[0].Partitions.Count;
        var since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var tally = new Tally(events, Bed.Keys);
            TopicLoader.ReadBack(bed.Kafka, topic, partitions, tally);
            var table = tally.Table;
            if (table.Delivered >= expected || TimeProvider.System.GetElapsedTime(since) > Patience)
                return ([.. Enumerable.Range(0, events).Where(tally.Has)], table.Duplicates);
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
        }
    }
}
