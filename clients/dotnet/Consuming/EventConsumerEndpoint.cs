using System.Net;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sidecar.Delivery.V1;

namespace Sidecar.Client.Consuming;

/// <summary>
/// The generic contract, hosted: takes events one by one, in batches or as a stream, and gives each to its handler.
/// The agent keeps the order (it sends the next event of a key only when the one before it has ended), so events
/// that are here at once are handled at once.
/// </summary>
/// <remarks>
/// An event that no handler takes fails its whole call with UNIMPLEMENTED, which the agent holds and reports: the
/// usual cause is a producer that is ahead of this application, and nothing is lost until the application follows.
/// </remarks>
internal sealed class EventConsumerEndpoint(
    EventHandlers handlers,
    IServiceScopeFactory scopes,
    IOptions<SidecarConsumerOptions> options,
    ILogger<EventConsumerEndpoint> logger) : EventConsumerService.EventConsumerServiceBase
{
    public override async Task<DeliverResponse> Deliver(DeliverRequest request, ServerCallContext context)
    {
        RefuseStrangers(context);
        var delivered = EventOf(request.Event);
        var verdict = await HandleAsync(delivered, FindHandler(delivered), context.CancellationToken);
        return new DeliverResponse { Result = verdict.ToResult(delivered.DeliveryId) };
    }

    public override async Task<DeliverBatchResponse> DeliverBatch(
        DeliverBatchRequest request, ServerCallContext context)
    {
        RefuseStrangers(context);
        // All handlers are found before any is called: a batch is refused whole or handled whole.
        var found = request.Events.Select(delivered => (Event: delivered, Handler: FindHandler(delivered))).ToList();
        var results = new Result[found.Count];
        await Parallel.ForAsync(0, found.Count, AtOnce(context), async (i, _) =>
            results[i] = await ResultOfAsync(found[i].Event, found[i].Handler, context.CancellationToken));
        return new DeliverBatchResponse { Results = { results } };
    }

    public override async Task DeliverStream(
        IAsyncStreamReader<DeliverStreamRequest> requestStream,
        IServerStreamWriter<DeliverStreamResponse> responseStream,
        ServerCallContext context)
    {
        RefuseStrangers(context);
        using var writing = new SemaphoreSlim(1);
        // Handlers run under the call's own token, not the loop's: when one event ends the stream, those that have
        // begun still finish and give their results.
        await Parallel.ForEachAsync(requestStream.ReadAllAsync(), AtOnce(context), async (request, _) =>
        {
            var delivered = EventOf(request.Event);
            var result = await ResultOfAsync(delivered, FindHandler(delivered), context.CancellationToken);
            await writing.WaitAsync(context.CancellationToken);
            try
            {
                await responseStream.WriteAsync(
                    new DeliverStreamResponse { Result = result }, context.CancellationToken);
            }
            finally
            {
                writing.Release();
            }
        });
    }

    /// <summary>One event among several: what it throws is its own result, and no other's.</summary>
    private async Task<Result> ResultOfAsync(
        Event delivered, EventHandlers.EventHandler handler, CancellationToken cancellationToken)
    {
        try
        {
            return (await HandleAsync(delivered, handler, cancellationToken)).ToResult(delivered.DeliveryId);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            var position = delivered.Position ?? new Position();
            Log.HandlerFailed(
                logger, error, delivered.Type, position.Topic, position.Partition, position.Offset, delivered.Attempt);
            return Verdict.Of(error).ToResult(delivered.DeliveryId);
        }
    }

    private async Task<Verdict> HandleAsync(
        Event delivered, EventHandlers.EventHandler handler, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var context = new EventContext(delivered, isTombstone: !delivered.HasData, scope.ServiceProvider);
        return await handler(context, cancellationToken)
            ?? throw new InvalidOperationException($"The handler of '{delivered.Type}' gave no verdict.");
    }

    private EventHandlers.EventHandler FindHandler(Event delivered) =>
        handlers.Find(delivered.Type, isTombstone: !delivered.HasData) ?? throw new RpcException(new Status(
            StatusCode.Unimplemented, handlers.Describe(delivered.Type, isTombstone: !delivered.HasData)));

    private ParallelOptions AtOnce(ServerCallContext context) => new()
    {
        MaxDegreeOfParallelism = options.Value.MaxConcurrentEventsPerCall,
        CancellationToken = context.CancellationToken,
    };

    /// <summary>
    /// The service is reachable on every port of the application; events come from this machine only.
    /// </summary>
    private void RefuseStrangers(ServerCallContext context)
    {
        var remote = context.GetHttpContext().Connection.RemoteIpAddress;
        if (remote is not null && !IPAddress.IsLoopback(remote) && !options.Value.AllowRemoteAgents)
        {
            throw new RpcException(new Status(
                StatusCode.PermissionDenied, "Events are taken from this machine only (AllowRemoteAgents)."));
        }
    }

    private static Event EventOf(Event? delivered) => delivered ?? throw new RpcException(
        new Status(StatusCode.InvalidArgument, "The request has no event."));
}
