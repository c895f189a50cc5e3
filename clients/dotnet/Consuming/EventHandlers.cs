using System.Collections.Concurrent;
using Google.Protobuf;
using Sidecar.Client.Schema;

namespace Sidecar.Client.Consuming;

/// <summary>Which handler an event goes to. Filled while the application starts, read by every delivery.</summary>
internal sealed class EventHandlers
{
    private readonly ConcurrentDictionary<string, EventHandler> _byType = new(StringComparer.Ordinal);
    private EventHandler? _tombstones;
    private EventHandler? _others;

    internal delegate Task<Verdict> EventHandler(EventContext context, CancellationToken cancellationToken);

    /// <summary>Whether the gRPC service has been mapped: once, whatever the number of handlers.</summary>
    public bool IsMapped { get; set; }

    public void Add(string type, EventHandler handler)
    {
        if (!_byType.TryAdd(type, handler))
        {
            throw new InvalidOperationException($"The event type '{type}' has a handler already.");
        }
    }

    /// <summary>For a message type: its bytes are parsed first, and what cannot be parsed is rejected.</summary>
    public void Add<TMessage>(string? type, Func<TMessage, EventContext, CancellationToken, Task<Verdict>> handler)
        where TMessage : class, IMessage<TMessage>, new()
    {
        var descriptor = new TMessage().Descriptor;
        var parser = new MessageParser<TMessage>(() => new TMessage());
        Add(type ?? EventSchema.TypeOf(descriptor), (context, cancellationToken) =>
        {
            TMessage message;
            try
            {
                message = parser.ParseFrom((context.Data ?? default).Span);
            }
            catch (InvalidProtocolBufferException error)
            {
                return Task.FromResult(Verdict.Reject($"The data is not a {descriptor.FullName}: {error.Message}"));
            }

            return handler(message, context, cancellationToken);
        });
    }

    public void SetTombstones(EventHandler handler) => _tombstones = _tombstones is null
        ? handler
        : throw new InvalidOperationException("Tombstones have a handler already.");

    public void SetOthers(EventHandler handler) => _others = _others is null
        ? handler
        : throw new InvalidOperationException("The events of other types have a handler already.");

    /// <summary>
    /// Null: nobody handles it. A tombstone has no message to parse, so it never goes to a type's handler.
    /// </summary>
    public EventHandler? Find(string type, bool isTombstone) => isTombstone
        ? _tombstones ?? _others
        : _byType.GetValueOrDefault(type) ?? _others;

    /// <summary>For the person who reads why an event is held.</summary>
    public string Describe(string type, bool isTombstone) => isTombstone
        ? "This application has no handler for tombstones. Map one (MapTombstones), or filter them out in the " +
          "subscription."
        : $"This application has no handler for the event type '{type}'; it has: " +
          $"{string.Join(", ", _byType.Keys.Order(StringComparer.Ordinal))}. Map it (MapEvent, or MapOtherEvents for " +
          "all that remain), or filter it out in the subscription.";
}
