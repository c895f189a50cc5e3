using System.Data;
using System.Data.Common;

namespace Sidecar.Client.Publishing;

/// <summary>
/// Writes rows in their order, in as few statements as the limits allow: none has more bytes than
/// <see cref="LargestStatementBytes"/>, unless a single event has, or more events than the dialect's limit.
/// </summary>
internal readonly struct OutboxWriter
{
    /// <summary>The most bytes of events that go into one statement, where there are several.</summary>
    public const int LargestStatementBytes = 8 * 1024 * 1024;

    private readonly DbTransaction _transaction;
    private readonly DbConnection _connection;
    private readonly OutboxDialect _dialect;

    /// <exception cref="InvalidOperationException">The transaction has ended.</exception>
    /// <exception cref="NotSupportedException">The database is not one that we know.</exception>
    public OutboxWriter(DbTransaction transaction)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        _transaction = transaction;
        _connection = ConnectionOf(transaction);
        _dialect = OutboxDialects.Of(_connection);
    }

    public async Task WriteAsync(OutboxRow[] rows, CancellationToken cancellationToken)
    {
        for (int start = 0, count; start < rows.Length; start += count)
        {
            count = CountForStatement(rows.AsSpan(start));
            var command = Command(rows.AsSpan(start, count));
            await using (command.ConfigureAwait(false))
            {
                try
                {
                    await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
                }
                catch (Exception error) when (_dialect.Explain(error) is { } text)
                {
                    throw new InvalidOperationException(text, error);
                }
            }
        }
    }

    public void Write(OutboxRow[] rows)
    {
        for (int start = 0, count; start < rows.Length; start += count)
        {
            count = CountForStatement(rows.AsSpan(start));
            using var command = Command(rows.AsSpan(start, count));
            try
            {
                command.ExecuteNonQuery();
            }
            catch (Exception error) when (_dialect.Explain(error) is { } text)
            {
                throw new InvalidOperationException(text, error);
            }
        }
    }

    private int CountForStatement(ReadOnlySpan<OutboxRow> rows)
    {
        var (count, bytes) = (1, rows[0].Bytes);
        while (count < rows.Length && count < _dialect.LargestStatementEvents
            && (bytes += rows[count].Bytes) <= LargestStatementBytes)
        {
            count++;
        }

        return count;
    }

    private DbCommand Command(ReadOnlySpan<OutboxRow> rows)
    {
        var command = _connection.CreateCommand();
        try
        {
            command.Transaction = _transaction;
        }
        catch (InvalidOperationException error)
        {
            command.Dispose();
            throw Ended(error);
        }

        _dialect.Write(command, rows);
        return command;
    }

    // Drivers say it in three ways: there is no connection any more, asking for it throws, or using the transaction does.
    private static DbConnection ConnectionOf(DbTransaction transaction)
    {
        try
        {
            return transaction.Connection is { State: ConnectionState.Open } connection ? connection : throw Ended(null);
        }
        catch (ObjectDisposedException error)
        {
            throw Ended(error);
        }
    }

    private static InvalidOperationException Ended(Exception? error) => new(
        "The transaction has ended or its connection is closed: publish before the commit, inside the transaction that " +
        "writes the data.", error);
}
