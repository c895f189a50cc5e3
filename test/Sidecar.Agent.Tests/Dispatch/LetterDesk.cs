using System.Collections.Concurrent;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.DeadLetter;

namespace Sidecar.Agent.Tests.Dispatch;

/// <summary>A Kafka for dead letters that answers as it is told.</summary>
internal sealed class LetterDesk : IDeadLetterProducer
{
    public ConcurrentQueue<(TopicPosition Position, LetterDetail Detail)> Sent { get; } = new();

    public ConcurrentQueue<(string Topic, bool MayCreate)> LookedFor { get; } = new();

    /// <summary>What is answered to the n-th letter, from 1.</summary>
    public Func<int, LetterDetail, Task<ProduceOutcome>> Answer { get; set; } =
        (_, _) => Task.FromResult(new ProduceOutcome(ProduceEnd.Acknowledged, ""));

    public ConcurrentQueue<(TopicPosition Position, string Topic, Resend Resend)> Resent { get; } = new();

    /// <summary>What is answered to the n-th resend, from 1.</summary>
    public Func<int, Task<ProduceOutcome>> AnswerResend { get; set; } =
        count => Task.FromResult(new ProduceOutcome(ProduceEnd.Acknowledged, "") { Offset = count - 1 });

    public string? TopicProblem { get; set; }

    /// <summary>Looks for topics end with this.</summary>
    public Task Looking { get; set; } = Task.CompletedTask;

    public Task<ProduceOutcome> SendAsync(EventRecord record, LetterAddress address, Provenance provenance, LetterDetail detail)
    {
        Sent.Enqueue((record.Position, detail));
        return Answer(Sent.Count, detail);
    }

    public Task<ProduceOutcome> ResendAsync(EventRecord record, LetterAddress address, Resend resend)
    {
        Resent.Enqueue((record.Position, address.Topic, resend));
        return AnswerResend(Resent.Count);
    }

    public async Task<string?> EnsureTopicAsync(string topic, bool mayCreate)
    {
        LookedFor.Enqueue((topic, mayCreate));
        await Looking;
        return TopicProblem;
    }
}
