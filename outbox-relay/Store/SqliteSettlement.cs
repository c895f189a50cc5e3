using Microsoft.Data.Sqlite;
using Sidecar.OutboxRelay.Contracts;

namespace Sidecar.OutboxRelay.Store;

/// <summary>Writes what a window came to: one transaction, refused as a whole where the lease is another's.</summary>
internal sealed class SqliteSettlement(SqliteConnection connection, SqliteLease lease) : IDisposable
{
    private readonly SqliteCommand delete = SqliteLease.Prepare(
        connection, "DELETE FROM outbox_event WHERE id BETWEEN $first AND $last", "$first", "$last");

    private readonly SqliteCommand hold = Hold(connection);

    public void Dispose()
    {
        delete.Dispose();
        hold.Dispose();
    }

    /// <summary>False: the lease is another's, and nothing was changed.</summary>
    public bool Write(Fence fence, TimeSpan length, Settlement settlement)
    {
        using var transaction = connection.BeginTransaction(deferred: false);
        if (!lease.Renew(fence, length, transaction))
        {
            return false;
        }

        delete.Transaction = transaction;
        hold.Transaction = transaction;
        foreach (var (first, last) in Runs.Of(settlement.Done))
        {
            Delete(first, last);
        }

        // A row whose topic is waited for stays where it is: it is not read while the topic is not there.
        foreach (var held in settlement.Held.Where(held => held.Kind != HeldKind.Waiting))
        {
            hold.Parameters["$id"].Value = held.Id;
            hold.Parameters["$reason"].Value = held.Reason;
            hold.Parameters["$behind"].Value = held.Kind == HeldKind.Behind ? 1 : 0;
            if (hold.ExecuteNonQuery() == 1)
            {
                Delete(held.Id, held.Id);
            }
        }

        transaction.Commit();
        return true;
    }

    private void Delete(long first, long last)
    {
        delete.Parameters["$first"].Value = first;
        delete.Parameters["$last"].Value = last;
        delete.ExecuteNonQuery();
    }

    // What a row stood behind may have gone back into the line since it was read: then it stays there too, and is read again.
    private static SqliteCommand Hold(SqliteConnection connection)
    {
        var command = SqliteLease.Prepare(
            connection,
            """
            INSERT INTO outbox_held(id, topic, key, value, headers, created_ms, reason, held_ms)
            SELECT id, topic, CAST(key AS BLOB), value, headers, created_ms, $reason,
                   CAST(unixepoch('subsec') * 1000 AS INTEGER)
              FROM outbox_event e
             WHERE id = $id AND (NOT $behind OR EXISTS(
                     SELECT 1 FROM outbox_held h WHERE h.topic = e.topic AND h.key = CAST(e.key AS BLOB) AND h.id < e.id))
            """,
            "$id", "$reason", "$behind");
        command.Parameters["$reason"].SqliteType = SqliteType.Text;
        return command;
    }
}

/// <summary>
/// Ascending ids as runs without a hole, so that a deletion touches the rows that were read and no other.
/// </summary>
public static class Runs
{
    /// <summary>First and last id of each run.</summary>
    public static IEnumerable<(long First, long Last)> Of(IReadOnlyList<long> ids)
    {
        for (var i = 0; i < ids.Count;)
        {
            var start = i++;
            while (i < ids.Count && ids[i] == ids[i - 1] + 1)
            {
                i++;
            }

            yield return (ids[start], ids[i - 1]);
        }
    }
}
