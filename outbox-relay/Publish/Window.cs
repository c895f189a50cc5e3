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
        OnReport = report => Report(report.Error, report.Partition.Value);
    }

    /// <summary>The row that it was made of.</summary>
    public OutboxRow Row { get; }

    /// <summary>What is sent.</summary>
    public Message<byte[]?, byte[]?> Message { get; }

    /// <summary>What became of it, so far.</summary>
    public RecordEnd End { get; private set; }

    /// <summary>
    /// The broker counted more bytes than its topic takes; in a batch of several, it may mean the batch.
    /// </summary>
    public bool IsTooLarge { get; private set; }

    /// <summary>Where it was placed; only where it is acknowledged.</summary>
    public int Partition { get; private set; }

    /// <summary>Kafka's words where it did not end well.</summary>
    public string? Error { get; private set; }

    internal Action<DeliveryReport<byte[]?, byte[]?>> OnReport { get; }

    /// <summary>Takes the producer's word for it and counts down the window.</summary>
    /// <param name="error">How it ended.</param>
    /// <param name="partition">Where it was placed; only where it is acknowledged.</param>
    public void Report(Error error, int partition = 0)
    {
        Partition = partition;
        End = RecordEnds.Of(error.Code);
        IsTooLarge = error.Code is ErrorCode.MsgSizeTooLarge or ErrorCode.RecordListTooLarge;
        Error = error.IsError ? $"{error.Reason} ({error.Code})" : null;
        window!.Take(End);
    }

    internal void Begin(Window inWindow)
    {
        window = inWindow;
        End = RecordEnd.Unknown;
        IsTooLarge = false;
        Error = null;
    }
}

/// <summary>Rows that are sent together and settled together. One counter and one task for all of them.</summary>
public sealed class Window
{
    private readonly TaskCompletionSource reported = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource decided = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int outstanding;
    private volatile bool hasFailed;

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
            End();
        }
    }

    /// <summary>What is sent, in order.</summary>
    public IReadOnlyList<OutgoingRecord> Records { get; }

    /// <summary>Rows that were set aside before they were sent.</summary>
    public IReadOnlyList<HeldRow> Held { get; }

    /// <summary>Ends when there is a report for every record; never faults.</summary>
    public Task Reported => reported.Task;

    /// <summary>
    /// Ends when every record is acknowledged or the first has failed: a broken producer may leave others without a
    /// report for ever. Never faults.
    /// </summary>
    public Task Decided => decided.Task;

    /// <summary>A record was reported that is not acknowledged.</summary>
    public bool HasFailed => hasFailed;

    internal void Take(RecordEnd end)
    {
        if (end != RecordEnd.Acknowledged)
        {
            hasFailed = true;
            decided.TrySetResult();
        }

        if (Interlocked.Decrement(ref outstanding) == 0)
        {
            End();
        }
    }

    private void End()
    {
        reported.SetResult();
        decided.TrySetResult();
    }
}
