using System.Data;
using System.Data.Common;
using Google.Protobuf;

namespace Sidecar.Client.Publishing;

/// <summary>
/// Publishes events in the caller's own transaction: they reach Kafka if it commits, and never if it does not. One
/// statement each, on the caller's connection. Events of one key go out in the order of these calls.
/// </summary>
/// <remarks>
/// All methods throw <see cref="InvalidOperationException"/> where the transaction has ended, the message's option
/// <c>(sidecar.options.v1.event)</c> cannot be used, or the database has no outbox; <see cref="NotSupportedException"/>
/// for a database that is not supported; and what the database driver throws. The transaction is not touched by a
/// failure of ours; the caller rolls it back.
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
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(options);
        return InsertAsync(transaction, OutboxRow.Of(message, options), cancellationToken);
    }

    /// <summary>Publishes an event in its own bytes, as it is; a null value is a tombstone.</summary>
    public static Task PublishAsync(
        this DbTransaction transaction, OutboxEvent outboxEvent, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(outboxEvent);
        return InsertAsync(transaction, OutboxRow.Of(outboxEvent), cancellationToken);
    }

    /// <inheritdoc cref="PublishAsync(DbTransaction, IMessage, CancellationToken)"/>
    public static void Publish(this DbTransaction transaction, IMessage message) =>
        transaction.Publish(message, AsTheMessageSays);

    /// <inheritdoc cref="PublishAsync(DbTransaction, IMessage, PublishOptions, CancellationToken)"/>
    public static void Publish(this DbTransaction transaction, IMessage message, PublishOptions options)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(options);
        Insert(transaction, OutboxRow.Of(message, options));
    }

    /// <inheritdoc cref="PublishAsync(DbTransaction, OutboxEvent, CancellationToken)"/>
    public static void Publish(this DbTransaction transaction, OutboxEvent outboxEvent)
    {
        ArgumentNullException.ThrowIfNull(outboxEvent);
        Insert(transaction, OutboxRow.Of(outboxEvent));
    }

    private static async Task InsertAsync(DbTransaction transaction, OutboxRow row, CancellationToken cancellationToken)
    {
        var connection = ConnectionOf(transaction);
        var dialect = OutboxDialect.Of(connection);
        var command = CommandFor(transaction, connection, dialect, row);
        await using (command.ConfigureAwait(false))
        {
            try
            {
                await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (DbException error) when (dialect.IsMissingTable(error))
            {
                throw NoOutbox(dialect, error);
            }
        }
    }

    private static void Insert(DbTransaction transaction, OutboxRow row)
    {
        var connection = ConnectionOf(transaction);
        var dialect = OutboxDialect.Of(connection);
        using var command = CommandFor(transaction, connection, dialect, row);
        try
        {
            command.ExecuteNonQuery();
        }
        catch (DbException error) when (dialect.IsMissingTable(error))
        {
            throw NoOutbox(dialect, error);
        }
    }

    private static DbConnection ConnectionOf(DbTransaction transaction)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        return transaction.Connection is { State: ConnectionState.Open } connection
            ? connection
            : throw new InvalidOperationException(
                "The transaction has ended or its connection is closed: publish before the commit, inside the " +
                "transaction that writes the data.");
    }

    private static DbCommand CommandFor(
        DbTransaction transaction, DbConnection connection, OutboxDialect dialect, OutboxRow row)
    {
        if (row.Topic.Length == 0)
        {
            throw new InvalidOperationException("The event has no topic.");
        }

        var command = connection.CreateCommand();
        command.Transaction = transaction;
        // The dialects' texts are constants; what comes from the caller goes as parameters.
#pragma warning disable CA2100
        command.CommandText = dialect.InsertSql;
#pragma warning restore CA2100
        Add(command, "@topic", row.Topic);
        Add(command, "@key", row.Key);
        Add(command, "@value", row.Value);
        Add(command, "@headers", row.Headers);
        Add(command, "@created_ms", row.CreatedMs);
        return command;
    }

    private static void Add(DbCommand command, string name, object? value)
    {
        var parameter = command.CreateParameter();
        parameter.ParameterName = name;
        parameter.Value = value ?? DBNull.Value;
        command.Parameters.Add(parameter);
    }

    private static InvalidOperationException NoOutbox(OutboxDialect dialect, DbException error) =>
        new($"The database has no outbox. Create it once: {dialect.CreateWith}", error);
}
