using System.Net.Sockets;
using Grpc.Core;
using Sidecar.Agent.Delivery;

namespace Sidecar.Agent.Health;

/// <summary>What one look has shown, with words for people.</summary>
internal readonly record struct HealthLook(HealthSign Sign, string Detail);

/// <summary>
/// The boundary to the application's health: looks, in each of the three ways. It never throws for anything that the
/// application or the network can do.
/// </summary>
internal sealed class HealthProbe(HealthTarget target, TimeProvider time) : IDisposable
{
    /// <summary>How long an answer may take.</summary>
    public static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(1);

    private readonly AppChannel channel = new(target.Address);

    /// <summary>
    /// Listens until the stream ends. Tells each status that comes; returns what ended it, or the first answer that is no
    /// status of the application.
    /// </summary>
    public async Task<HealthLook> WatchAsync(Action<HealthLook> tell, CancellationToken stop)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await using var patience = time.CreateTimer(_ => silence.Cancel(), null, AnswerTimeout, Timeout.InfiniteTimeSpan);
        try
        {
            var options = new CallOptions(cancellationToken: silence.Token);
            using var call = channel.Calls.AsyncServerStreamingCall(HealthCall.Watch, null, options, target.Setting.Service);
            while (await call.ResponseStream.MoveNext(silence.Token))
            {
                patience.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                var look = Of(call.ResponseStream.Current.Status);
                if (look.Sign == HealthSign.UnknownService)
                {
                    return look;
                }

                tell(look);
            }

            return new HealthLook(HealthSign.Ended, "the stream of its health has ended");
        }
        catch (RpcException failure)
        {
            return silence.IsCancellationRequested ? Late : Of(failure);
        }
        catch (OperationCanceledException)
        {
            return Late;
        }
    }

    /// <summary>Asks once.</summary>
    public async Task<HealthLook> CheckAsync(CancellationToken stop)
    {
        try
        {
            var deadline = time.GetUtcNow().UtcDateTime + AnswerTimeout;
            using var call = channel.Calls.AsyncUnaryCall(
                HealthCall.Check, null, new CallOptions(null, deadline, stop), target.Setting.Service);
            return Of((await call.ResponseAsync).Status);
        }
        catch (RpcException failure)
        {
            return Of(failure);
        }
    }

    /// <summary>Opens a connection and closes it.</summary>
    public async Task<HealthLook> ConnectAsync(CancellationToken stop)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await using var patience = time.CreateTimer(_ => silence.Cancel(), null, AnswerTimeout, Timeout.InfiniteTimeSpan);
        try
        {
            using var socket = await AppSocket.ConnectAsync(target.Address, silence.Token);
            return new HealthLook(HealthSign.Serving, "");
        }
        catch (SocketException)
        {
            return Nobody;
        }
        catch (OperationCanceledException)
        {
            return Late;
        }
    }

    public void Dispose() => channel.Dispose();

    private HealthLook Nobody => new(HealthSign.Absent, $"nothing answers at {target.Address}; no attempts are spent");

    private HealthLook Late => new(
        HealthSign.Slow, $"no answer about its health from {target.Address} within {AnswerTimeout.TotalSeconds:0} s");

    private HealthLook Of(ServingStatus status) => status switch
    {
        ServingStatus.Serving => new HealthLook(HealthSign.Serving, ""),
        ServingStatus.ServiceUnknown => Stranger,
        ServingStatus.NotServing or ServingStatus.Unknown =>
            new HealthLook(HealthSign.NotServing, $"it says that it is {(status == ServingStatus.Unknown ? "UNKNOWN" : "NOT_SERVING")}"),
    };

    private HealthLook Stranger => new(
        HealthSign.UnknownService,
        target.Setting.Service.Length == 0
            ? "its grpc.health.v1 does not know the application as a whole. Name a service by health: grpc:NAME"
            : $"its grpc.health.v1 does not know the service {target.Setting.Service}. Mend the name in health");

    private HealthLook Of(RpcException failure) => TransportFault.Of(failure.Status, sent: true) switch
    {
        CallEnd.Answered => OfStatus(failure.Status),
        CallEnd.NotProcessed => Nobody,
        CallEnd.Lost => new HealthLook(HealthSign.Ended, $"the connection to {target.Address} was lost"),
        CallEnd.NotGrpc => new HealthLook(HealthSign.Unsupported, $"what listens at {target.Address} does not speak gRPC"),
        CallEnd.Garbled or CallEnd.CancelledByUs => new HealthLook(
            HealthSign.Slow, TransportFault.Explain(failure.Status.DebugException) ?? failure.Status.Detail),
    };

    private HealthLook OfStatus(in Status status) => status.StatusCode switch
    {
        StatusCode.Unimplemented or StatusCode.Unauthenticated or StatusCode.PermissionDenied => new HealthLook(
            HealthSign.Unsupported, $"it answers {status.StatusCode} to grpc.health.v1. Set health to tcp or off"),
        StatusCode.NotFound => Stranger,
        StatusCode.Unavailable => new HealthLook(HealthSign.NotServing, $"it answers UNAVAILABLE about its health: {status.Detail}"),
        StatusCode.DeadlineExceeded => Late,
        _ => new HealthLook(HealthSign.Slow, $"it answers {status.StatusCode} about its health: {status.Detail}"),
    };
}
