using System.Data.Common;

namespace Sidecar.Client.Publishing;

/// <summary>
/// How events are put into the outbox of one kind of database. It is chosen by the names of the driver's types, so that
/// the client links no database driver.
/// </summary>
/// <param name="connectionType">The full name of the driver's connection.</param>
/// <param name="parameterType">
/// The full name of its parameters. A connection that wraps another one makes the parameters of that one.
/// </param>
internal abstract class OutboxDialect(string connectionType, string parameterType)
{
    public string ConnectionType => connectionType;

    public string ParameterType => parameterType;

    /// <summary>The most events that go into one statement.</summary>
    public abstract int LargestStatementEvents { get; }

    /// <summary>The statement that puts these rows into the outbox in their order.</summary>
    /// <param name="command">New, and of the caller's transaction.</param>
    /// <param name="rows">At least one, at most <see cref="LargestStatementEvents"/>.</param>
    public abstract void Write(DbCommand command, ReadOnlySpan<OutboxRow> rows);

    /// <summary>What to do about an error where that is known; null: the driver's own words say it.</summary>
    public abstract string? Explain(Exception error);

    protected static DbParameter Add(DbCommand command, object? value)
    {
        var parameter = command.CreateParameter();
        parameter.Value = value ?? DBNull.Value;
        command.Parameters.Add(parameter);
        return parameter;
    }
}
