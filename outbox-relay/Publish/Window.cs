using Confluent.Kafka;
using Sidecar.OutboxRelay.Contracts;

namespace Sidecar.OutboxRelay.Publish;

/// <summary>One row on its way to Kafka. Its report is written once, by the producer's thread.</summary>
public sealed class OutgoingRecord
{
    private Window? window;

    public OutgoingRecord(OutboxRow row, Message<byte[]?, byte[]?> message)
    {
        Row = row;
        Message = message;
        OnReport = report => Report(report.Error);
    }

    /// <summary>The row that it was made of.</summary>
    public OutboxRow Row { get; }

    /// <summary>What is sent.</summary>
    public Message<byte[]?, byte[]?> Message { get; }

    /// <summary>What became of it, so far.</summary>
    public RecordEnd End { get; private set; }

    /// <summary>Kafka's words where it did not end well.</summary>
    public string? Error { get; private set; }

    internal Action<DeliveryReport<byte[]?, byte[]?>> OnReport { get; }

    /// <summary>Takes the producer's word for it and counts down the window.</summary>
    public void Report(Error error)
    {
        End = RecordEnds.Of(error.Code);
        Error = error.IsError ? $"{error.Reason} ({error.Code})" : null;
        window!.CountDown();
    }

    internal void Begin(Window inWindow)
    {
        window = inWindow;
        End = RecordEnd.Unknown;
        Error = null;
    }
}

/// <summary>Rows that are sent together and settled together. One counter and one task for all of them.</summary>
public sealed class Window
{
    private readonly TaskCompletionSource reported = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int outstanding;

    /// <param name="records">What is sent, in order.</param>
    /// <param name="held">Rows that were set aside before they were sent.</param>
    public Window(IReadOnlyList<OutgoingRecord> records, IReadOnlyList<HeldRow> held)
    {
        Records = records;
        Held = held;
        outstanding = records.Count;
        foreach (var record in records)
        {
            record.Begin(this);
        }

        if (outstanding == 0)
        {
            reported.SetResult();
        }
    }

    /// <summary>What is sent, in order.</summary>
    public IReadOnlyList<OutgoingRecord> Records { get; }

    /// <summary>Rows that were set aside before they were sent.</summary>
    public IReadOnlyList<HeldRow> Held { get; }

    /// <summary>Ends when there is a report for every record; never faults.</summary>
    public Task Reported => reported.Task;

    /// <summary>Every record is acknowledged.</summary>
    public bool AllAcknowledged => Reported.IsCompleted && Records.All(record => record.End == RecordEnd.Acknowledged);

    internal void CountDown()
    {
        if (Interlocked.Decrement(ref outstanding) == 0)
        {
            reported.SetResult();
        }
    }
}
