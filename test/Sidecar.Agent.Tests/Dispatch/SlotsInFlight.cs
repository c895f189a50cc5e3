using System.Diagnostics.CodeAnalysis;
using Sidecar.Agent.Dispatch;

namespace Sidecar.Agent.Tests.Dispatch;

/// <summary>The slots of a dispatcher, driven by hand: those that wait, and those that have an event.</summary>
internal sealed class SlotsInFlight
{
    private readonly Dispatcher dispatcher;
    private readonly List<(DeliverySlot Slot, QueuedEvent Event)> inFlight = [];
    private readonly Dictionary<DeliverySlot, ValueTask<QueuedEvent?>> waiting = [];

    public SlotsInFlight(Dispatcher dispatcher, int count)
    {
        this.dispatcher = dispatcher;
        for (var slot = 0; slot < count; slot++)
        {
            Take(new DeliverySlot());
        }
    }

    /// <summary>One that has an event, chosen at random.</summary>
    public bool TryTakeOne(Random random, [NotNullWhen(true)] out DeliverySlot? slot, [NotNullWhen(true)] out QueuedEvent? queued)
    {
        (slot, queued) = (null, null);
        if (inFlight.Count == 0)
        {
            return false;
        }

        var index = random.Next(inFlight.Count);
        (slot, queued) = inFlight[index];
        inFlight.RemoveAt(index);
        return true;
    }

    public void Take(DeliverySlot slot) => waiting[slot] = dispatcher.TakeAsync(slot);

    /// <summary>Sees which waiting slots were given an event.</summary>
    public void Collect()
    {
        foreach (var (slot, wait) in waiting.ToList())
        {
            if (wait.IsCompleted)
            {
                waiting.Remove(slot);
                inFlight.Add((slot, wait.Result!));
            }
        }
    }
}
