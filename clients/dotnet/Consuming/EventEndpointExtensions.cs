using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Sidecar.Client.Consuming;

/// <summary>One line for each type of event that the application handles.</summary>
/// <remarks>
/// A handler that throws has failed its attempt, and the agent sends the event again. All methods throw
/// <see cref="InvalidOperationException"/> where <c>AddSidecarConsumer</c> was not called or a type is mapped twice.
/// </remarks>
public static class EventEndpointExtensions
{
    /// <summary>
    /// Handles the events of a message's type (its option's <c>type</c>, or its full name), parsed. Data that cannot
    /// be parsed is rejected with the reason.
    /// </summary>
    public static IEndpointRouteBuilder MapEvent<TMessage>(
        this IEndpointRouteBuilder endpoints, Func<TMessage, EventContext, CancellationToken, Task<Verdict>> handler)
        where TMessage : class, IMessage<TMessage>, new()
    {
        HandlersOf(endpoints).Add(type: null, handler);
        return endpoints;
    }

    /// <summary>
    /// As the other, for events that carry another type; the empty type is that of records without one.
    /// </summary>
    public static IEndpointRouteBuilder MapEvent<TMessage>(
        this IEndpointRouteBuilder endpoints,
        string type,
        Func<TMessage, EventContext, CancellationToken, Task<Verdict>> handler)
        where TMessage : class, IMessage<TMessage>, new()
    {
        HandlersOf(endpoints).Add(type, handler);
        return endpoints;
    }

    /// <summary>Handles the events of one type in their own bytes (<see cref="EventContext.Data"/>).</summary>
    public static IEndpointRouteBuilder MapEvent(
        this IEndpointRouteBuilder endpoints, string type, Func<EventContext, CancellationToken, Task<Verdict>> handler)
    {
        HandlersOf(endpoints).Add(type, new EventHandlers.EventHandler(handler));
        return endpoints;
    }

    /// <summary>Handles the records whose value is null, of whatever type.</summary>
    public static IEndpointRouteBuilder MapTombstones(
        this IEndpointRouteBuilder endpoints, Func<EventContext, CancellationToken, Task<Verdict>> handler)
    {
        HandlersOf(endpoints).SetTombstones(new EventHandlers.EventHandler(handler));
        return endpoints;
    }

    /// <summary>
    /// Handles all that no other handler takes. Without it such events are held, and nothing is lost: the agent says
    /// that this application has no handler for them.
    /// </summary>
    public static IEndpointRouteBuilder MapOtherEvents(
        this IEndpointRouteBuilder endpoints, Func<EventContext, CancellationToken, Task<Verdict>> handler)
    {
        HandlersOf(endpoints).SetOthers(new EventHandlers.EventHandler(handler));
        return endpoints;
    }

    private static EventHandlers HandlersOf(IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var handlers = endpoints.ServiceProvider.GetService<EventHandlers>()
            ?? throw new InvalidOperationException("Call builder.AddSidecarConsumer() before builder.Build().");
        if (!handlers.IsMapped)
        {
            endpoints.MapGrpcService<EventConsumerEndpoint>().WithMetadata(new NoBodyLimit());
            handlers.IsMapped = true;
        }

        return handlers;
    }

    /// <summary>
    /// Kestrel would cut a body at 30 MB, without a reason; gRPC's own limit answers RESOURCE_EXHAUSTED.
    /// </summary>
    private sealed class NoBodyLimit : IRequestSizeLimitMetadata
    {
        public long? MaxRequestBodySize => null;
    }
}
