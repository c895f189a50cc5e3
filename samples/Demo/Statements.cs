using System.Text.Json;
using Sidecar.Demo.Narration;
using Sidecar.Demo.Tally;

namespace Sidecar.Demo;

/// <summary>Takes down what the producer and the consumer say, one JSON object a line.</summary>
internal sealed class Statements(Ledger ledger, Narrator narrator)
{
    private const int ExamplesShown = 3;

    private int _examples;

    public void OfProducer(string line)
    {
        var said = JsonDocument.Parse(line).RootElement;
        if (said.GetProperty("outcome").GetString() == "committed")
        {
            ledger.AddCommitted(StepOf(said));
        }
        else
        {
            ledger.AddRolledBack();
        }
    }

    public void OfConsumer(string line)
    {
        var said = JsonDocument.Parse(line).RootElement;
        var (step, attempt) = (StepOf(said), said.GetProperty("attempt").GetInt32());
        if (said.GetProperty("answer").GetString() != "ack")
        {
            ledger.AddRetried();
            return;
        }

        ledger.AddDelivered(step);
        if (attempt > 1 && Interlocked.Increment(ref _examples) <= ExamplesShown)
        {
            narrator.Example($"{step} failed on purpose, and was delivered by attempt {attempt}");
        }
    }

    private static OrderStep StepOf(JsonElement said) =>
        new(said.GetProperty("order").GetString()!, said.GetProperty("sequence").GetInt32());
}
