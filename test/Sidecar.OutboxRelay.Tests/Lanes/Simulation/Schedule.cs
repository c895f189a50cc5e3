namespace Sidecar.OutboxRelay.Tests.Lanes.Simulation;

/// <summary>What one schedule came to.</summary>
/// <param name="Violation">What is wrong; null: nothing.</param>
internal readonly record struct ScheduleResult(string? Violation, int Rows, int Repeats, int Steps);

/// <summary>
/// One random order of everything that writers, relays, the network and the database can do; then a time of peace, after
/// which everything must have arrived.
/// </summary>
internal sealed class Schedule
{
    private const int Writers = 3;
    private const int MostRelays = 4;
    private const int RoundsOfPeace = 60;

    private readonly World world;
    private readonly List<ModelRelay> relays = [];
    private readonly List<ModelRelay> gone = [];
    private int steps;
    private int made;

    private Schedule(ulong seed, Mutant mutant)
    {
        world = new World(seed, mutant);
        var locks = new ModelWriter?[World.Keys];
        for (var i = 0; i < Writers; i++)
        {
            world.Writers.Add(new ModelWriter(world.Server, world.Outbox, locks, mutant));
        }
    }

    public static ScheduleResult Run(ulong seed, Mutant mutant)
    {
        var schedule = new Schedule(seed, mutant);
        var violation = schedule.Run();
        var rows = schedule.world.Writers.Sum(writer => writer.Rows.Count);
        return new ScheduleResult(violation, rows, schedule.world.Kafka.Repeats, schedule.steps);
    }

    private string? Run()
    {
        for (var first = 1 + world.Dice.Next(3); first > 0; first--)
        {
            Start();
        }

        var last = 60 + world.Dice.Next(120);
        while (steps < last && Broken is null)
        {
            steps++;
            world.Pass(world.Dice.Next(3));
            Step(world.Dice.Next(100));
        }

        return Broken ?? MakePeace() ?? Audit();
    }

    private string? Broken => world.Violation ?? world.Kafka.Violation;

    private void Step(int chance)
    {
        var dice = world.Dice;
        switch (chance)
        {
            case < 40:
                world.Writers[dice.Next(Writers)].Step(dice, finish: false);
                break;
            case < 90:
                if (relays.Count > 0 && relays[dice.Next(relays.Count)] is var relay && relay.PausedUntilMs <= world.NowMs)
                {
                    relay.Step();
                    Bury(relay);
                }

                break;
            case < 92:
                world.SendLeftOver();
                break;
            case < 94:
                world.Outbox.Rotate();
                break;
            case < 96:
                Empty(dice.Next(ModelOutbox.Slots));
                break;
            default:
                Disturb(dice.Next(world.HasFaults ? 10 : 3));
                break;
        }
    }

    private void Disturb(int chance)
    {
        var dice = world.Dice;
        var victim = relays.Count > 0 ? relays[dice.Next(relays.Count)] : null;
        switch (chance)
        {
            case 0 or 1:
                Start();
                break;
            case 2:
                victim?.Stop();
                break;
            case 3 or 4 or 5 when victim is not null:
                Crash(victim);
                break;
            case 6 or 7 when victim is not null:
                victim.PausedUntilMs = world.NowMs + dice.Next(2 * world.LeaseMs);
                break;
            case 8:
                world.Server.Crash(dice);
                world.Writers.ForEach(writer => writer.Reset());
                relays.ForEach(relay => relay.LoseConnection());
                break;
            case 9:
                world.Server.ClockMs += dice.OneIn(2) ? -100_000 : 1000;
                break;
            default:
                break;
        }
    }

    private void Start()
    {
        if (relays.Count < MostRelays)
        {
            relays.Add(new ModelRelay(world, new Guid(++made, 0, 0, new byte[8])));
        }
    }

    private void Crash(ModelRelay relay)
    {
        relay.Crash();
        relays.Remove(relay);
        gone.Add(relay);
    }

    private void Bury(ModelRelay relay)
    {
        if (relay.HasStopped)
        {
            relays.Remove(relay);
            gone.Add(relay);
            world.Outbox.Relays.RemoveAll(row => row.Id == relay.Id);
        }
    }

    private void Empty(int slot)
    {
        if (!world.Outbox.TryEmpty(slot, out var lost))
        {
            world.Violation ??= $"slot {slot} holds other rows than were settled";
        }
        else if (lost)
        {
            world.Violation ??= $"slot {slot} was emptied with rows that Kafka does not have";
        }
    }

    private string? MakePeace()
    {
        while (world.Writers.Exists(writer => !writer.IsIdle))
        {
            world.Writers.ForEach(writer => writer.Step(world.Dice, finish: true));
        }

        foreach (var relay in relays.ToList().Where(relay => relay.PausedUntilMs > world.NowMs && world.Dice.OneIn(2)))
        {
            Crash(relay);
        }

        Start();
        for (var round = 0; round < RoundsOfPeace; round++)
        {
            world.Pass(world.LeaseMs * 6 / 10);
            foreach (var relay in relays.ToList())
            {
                relay.Work();
                Bury(relay);
            }

            while (world.LeftUnderWay.Count > 0)
            {
                world.SendLeftOver();
            }

            if (Broken is not null || IsAllSettled())
            {
                return Broken;
            }

            if (relays.Count == 0)
            {
                Start();
            }
        }

        return $"rows lie there, and nothing moves: {string.Join(", ", Unsent)}; lanes: {string.Join(", ", world.Outbox.Lanes)}; " +
            string.Join(", ", relays);
    }

    private IEnumerable<string> Unsent => world.Writers.SelectMany(writer => writer.Rows).Where(row => !row.IsInKafka)
        .Select(row => $"{row.Id} of transaction {row.Xid} in lane {row.Bucket}");

    private bool IsAllSettled() =>
        world.Writers.TrueForAll(writer => writer.Rows.TrueForAll(row => row.IsInKafka)) &&
        world.Outbox.Log.TrueForAll(row => !row.IsThere || world.Outbox.Lanes[row.Bucket].Progress.Has(row.Xid, row.Id));

    private string? Audit()
    {
        for (var slot = 0; slot < ModelOutbox.Slots; slot++)
        {
            if (!world.Outbox.IsProven(slot))
            {
                return $"slot {slot} holds other rows than the ledger says";
            }
        }

        return relays.Concat(gone).Select(relay => relay.Audit()).FirstOrDefault(finding => finding is not null);
    }
}
