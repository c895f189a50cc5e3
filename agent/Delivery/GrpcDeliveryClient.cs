using System.Runtime.CompilerServices;
using Grpc.Core;
using Microsoft.Extensions.ObjectPool;
using Sidecar.Agent.Contracts;
using Sidecar.Delivery.V1;

namespace Sidecar.Agent.Delivery;

/// <summary>
/// Step 5 of the line: one gRPC attempt with a deadline, one outcome. It holds the connections to one subscription's
/// application; any number of attempts may be under way at a time. An application that was away is found again by the
/// next attempt. While an attempt is under way the record must not be released; once it has ended, nothing reads it.
/// </summary>
public sealed class GrpcDeliveryClient : IDeliveryClient
{
    /// <summary>Requests that are kept for the next call.</summary>
    private const int MaxPooledCalls = 256;

    private readonly IContract contract;
    private readonly Method<OutgoingCall, DeliverResponse> method;
    private readonly AppChannel channel;
    private readonly DeliveryOptions options;
    private readonly TimeProvider time;
    private readonly ObjectPool<OutgoingCall> calls;
    private volatile bool disposed;

    /// <summary>Connects with the first attempt, not here.</summary>
    /// <param name="options">How to deliver; validated.</param>
    /// <param name="subscription">The name that the application is told.</param>
    /// <param name="time">Deadlines are counted on it. It must run with real time: so does the client library.</param>
    public GrpcDeliveryClient(DeliveryOptions options, string subscription, TimeProvider time)
    {
        this.options = options;
        this.time = time;
        contract = options.Method is { } typed
            ? new TypedMethod(typed, options.Framing, options.MaxMessageBytes)
            : new GenericContract(subscription, options.MaxMessageBytes);
        method = MethodOf(contract);
        channel = new AppChannel(options.AppAddress);
        calls = new DefaultObjectPool<OutgoingCall>(new NewCall(contract), MaxPooledCalls);
    }

    /// <summary>Who may move the deadline of an attempt; null: nobody.</summary>
    public DeliveryIds? Deadlines { get; init; }

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<AttemptOutcome> DeliverAsync(
        EventRecord record, Attempt attempt, CancellationToken cancellation)
    {
        var outgoing = calls.Get();
        using var moving = options.MaxDeadline is { } longest
            ? Deadlines?.Begin(attempt.DeliveryId, (options.Deadline, longest), time, cancellation)
            : null;
        try
        {
            if (contract.Prepare(record, attempt, out var prepared) is { } refused)
            {
                calls.Return(outgoing);
                return refused;
            }

            outgoing.Begin(record, attempt, prepared);
            var deadline = time.GetUtcNow().UtcDateTime + (moving is null ? options.Deadline : options.MaxDeadline!.Value);
            var call = channel.Calls.AsyncUnaryCall(
                method, null, new CallOptions(prepared.Metadata, deadline, moving?.Token ?? cancellation), outgoing);

            // A refusal is an everyday answer: thrown and caught, it would cost as much as the call.
            await ((Task)call.ResponseAsync).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (call.ResponseAsync.Exception?.InnerException is RpcException failure)
            {
                var sent = outgoing.End();
                return moving is { HasPassed: true } && !cancellation.IsCancellationRequested
                    ? Overdue(failure)
                    : Classify(failure, sent, cancellation);
            }

            var response = await call.ResponseAsync.ConfigureAwait(false);
            var verdict = contract.ReadAnswer(response, call, attempt.DeliveryId);
            outgoing.End();

            // Only here is it certain that the library has done with the request.
            calls.Return(outgoing);
            return Classification.Of(new EndedCall(CallEnd.Answered, StatusCode.OK, "", verdict, default));
        }
#pragma warning disable CA1031 // The promise of this class: whatever happens to an attempt is an outcome of it.
        catch (Exception surprise)
#pragma warning restore CA1031
        {
            outgoing.End();
            return disposed || cancellation.IsCancellationRequested
                ? new AttemptOutcome(AttemptEnd.Cancelled, StatusCode.Cancelled, "cancelled", null)
                : new AttemptOutcome(
                    AttemptEnd.Failed,
                    StatusCode.Unknown,
                    Reason.Bound($"{surprise.GetType().Name}: {surprise.Message}"),
                    null);
        }
    }

    /// <summary>Closes the connections. Attempts that are under way end as cancelled.</summary>
    public ValueTask DisposeAsync()
    {
        disposed = true;
        channel.Dispose();
        return ValueTask.CompletedTask;
    }

    // Made once: the client library keeps what it derives from a method by the object.
    private static Method<OutgoingCall, DeliverResponse> MethodOf(IContract contract)
    {
        var name = contract.MethodName;
        var slash = name.LastIndexOf('/');
        return new Method<OutgoingCall, DeliverResponse>(
            MethodType.Unary,
            name[1..slash],
            name[(slash + 1)..],
            Marshallers.Create<OutgoingCall>(OutgoingCall.Write, _ => throw new NotSupportedException("only sent")),
            Marshallers.Create<DeliverResponse>(
                (_, _) => throw new NotSupportedException("only received"), contract.Parse));
    }

    private static AttemptOutcome Overdue(RpcException failure) => Classification.Of(new EndedCall(
        CallEnd.Answered, StatusCode.DeadlineExceeded, "no answer within the deadline, which the handler did not extend (any more)",
        default, RetryHint.Of(failure.Trailers)));

    private AttemptOutcome Classify(RpcException failure, bool sent, CancellationToken cancellation)
    {
        var status = failure.Status;
        var cancelledByUs = (cancellation.IsCancellationRequested || disposed)
            && (status.StatusCode == StatusCode.Cancelled || status.DebugException is not null);
        var end = cancelledByUs ? CallEnd.CancelledByUs : TransportFault.Of(status, sent);
        return Classification.Of(new EndedCall(
            end,
            status.StatusCode,
            Describe(end, status),
            contract.ReadRefusal(failure.Trailers),
            RetryHint.Of(failure.Trailers)));
    }

    private string Describe(CallEnd end, in Status status) => end switch
    {
        CallEnd.Answered or CallEnd.Garbled
            when status.StatusCode == StatusCode.DeadlineExceeded && status.Detail.Length == 0 =>
            $"no answer within the deadline of {options.Deadline.TotalMilliseconds:0} ms",
        CallEnd.Answered => status.Detail,
        CallEnd.Garbled => TransportFault.Explain(status.DebugException) ?? status.Detail,
        CallEnd.CancelledByUs => "cancelled",
        CallEnd.NotProcessed => $"not delivered to {options.AppAddress}: {Cause(status)}",
        CallEnd.Lost => $"the connection to {options.AppAddress} was lost after the event was sent: {Cause(status)}",
        CallEnd.NotGrpc => $"what listens at {options.AppAddress} does not speak gRPC: {Cause(status)}",
    };

    private static string Cause(in Status status) =>
        TransportFault.Explain(status.DebugException)
        ?? (status.Detail.Length > 0 ? status.Detail : "no connection within the deadline");

    private sealed class NewCall(IContract contract) : PooledObjectPolicy<OutgoingCall>
    {
        public override OutgoingCall Create() => new(contract);

        public override bool Return(OutgoingCall obj) => true;
    }
}
