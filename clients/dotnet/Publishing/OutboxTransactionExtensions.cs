using System.Data.Common;
using Google.Protobuf;

namespace Sidecar.Client.Publishing;

/// <summary>
/// Publishes events in the caller's own transaction: they reach Kafka if it commits, and never if it does not. One
/// statement for a call, on the caller's connection; many events take a few. Events of one key go out in the order of
/// these calls, and of the events in a call.
/// </summary>
/// <remarks>
/// <para>
/// The transaction is one of Npgsql or Microsoft.Data.Sqlite, however it was come by: by hand, with Dapper, or from EF
/// Core by <c>database.CurrentTransaction!.GetDbTransaction()</c>. A transaction that wraps one of these to measure or
/// log works where its connection makes the driver's own parameters.
/// </para>
/// <para>
/// All methods throw <see cref="InvalidOperationException"/> where the transaction has ended, the message's option
/// <c>(sidecar.options.v1.event)</c> cannot be used, the database has no outbox, or the role may not publish;
/// <see cref="NotSupportedException"/> for a database that is not supported; and what the database driver throws. After
/// a failure the caller rolls the transaction back; PostgreSQL lets nothing else be done with it.
/// </para>
/// </remarks>
public static class OutboxTransactionExtensions
{
    private static readonly PublishOptions AsTheMessageSays = new();

    /// <summary>Publishes a message to the topic, and with the key, that its own option names.</summary>
    public static Task PublishAsync(
        this DbTransaction transaction, IMessage message, CancellationToken cancellationToken = default) =>
        transaction.PublishAsync(message, AsTheMessageSays, cancellationToken);

    /// <summary>Publishes a message with another topic or key, or with further headers.</summary>
    public static Task PublishAsync(
        this DbTransaction transaction,
        IMessage message,
        PublishOptions options,
        CancellationToken cancellationToken = default) =>
        new OutboxWriter(transaction).WriteAsync([RowOf(message, options)], cancellationToken);

    /// <summary>Publishes messages in their order; what <paramref name="options"/> says holds for each.</summary>
    public static Task PublishAsync(
        this DbTransaction transaction,
        IEnumerable<IMessage> messages,
        PublishOptions? options = null,
        CancellationToken cancellationToken = default) =>
        new OutboxWriter(transaction).WriteAsync(RowsOf(messages, options), cancellationToken);

    /// <summary>Publishes an event in its own bytes, as it is; a null value is a tombstone.</summary>
    public static Task PublishAsync(
        this DbTransaction transaction, OutboxEvent outboxEvent, CancellationToken cancellationToken = default) =>
        new OutboxWriter(transaction).WriteAsync([RowOf(outboxEvent)], cancellationToken);

    /// <summary>Publishes events in their own bytes, in their order.</summary>
    public static Task PublishAsync(
        this DbTransaction transaction,
        IEnumerable<OutboxEvent> outboxEvents,
        CancellationToken cancellationToken = default) =>
        new OutboxWriter(transaction).WriteAsync(RowsOf(outboxEvents), cancellationToken);

    /// <inheritdoc cref="PublishAsync(DbTransaction, IMessage, CancellationToken)"/>
    public static void Publish(this DbTransaction transaction, IMessage message) =>
        transaction.Publish(message, AsTheMessageSays);

    /// <inheritdoc cref="PublishAsync(DbTransaction, IMessage, PublishOptions, CancellationToken)"/>
    public static void Publish(this DbTransaction transaction, IMessage message, PublishOptions options) =>
        new OutboxWriter(transaction).Write([RowOf(message, options)]);

    /// <inheritdoc cref="PublishAsync(DbTransaction, IEnumerable{IMessage}, PublishOptions, CancellationToken)"/>
    public static void Publish(
        this DbTransaction transaction, IEnumerable<IMessage> messages, PublishOptions? options = null) =>
        new OutboxWriter(transaction).Write(RowsOf(messages, options));

    /// <inheritdoc cref="PublishAsync(DbTransaction, OutboxEvent, CancellationToken)"/>
    public static void Publish(this DbTransaction transaction, OutboxEvent outboxEvent) =>
        new OutboxWriter(transaction).Write([RowOf(outboxEvent)]);

    /// <inheritdoc cref="PublishAsync(DbTransaction, IEnumerable{OutboxEvent}, CancellationToken)"/>
    public static void Publish(this DbTransaction transaction, IEnumerable<OutboxEvent> outboxEvents) =>
        new OutboxWriter(transaction).Write(RowsOf(outboxEvents));

    private static OutboxRow RowOf(IMessage message, PublishOptions options)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(options);
        return Checked(OutboxRow.Of(message, options));
    }

    private static OutboxRow RowOf(OutboxEvent outboxEvent)
    {
        ArgumentNullException.ThrowIfNull(outboxEvent);
        return Checked(OutboxRow.Of(outboxEvent));
    }

    private static OutboxRow[] RowsOf(IEnumerable<IMessage> messages, PublishOptions? options)
    {
        ArgumentNullException.ThrowIfNull(messages);
        return [.. messages.Select(message => RowOf(message, options ?? AsTheMessageSays))];
    }

    private static OutboxRow[] RowsOf(IEnumerable<OutboxEvent> outboxEvents)
    {
        ArgumentNullException.ThrowIfNull(outboxEvents);
        return [.. outboxEvents.Select(RowOf)];
    }

    private static OutboxRow Checked(OutboxRow row) =>
        row.Topic.Length > 0 ? row : throw new InvalidOperationException("The event has no topic.");
}
