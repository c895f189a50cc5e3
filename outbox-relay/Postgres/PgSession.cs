using Npgsql;
using NpgsqlTypes;
using Sidecar.OutboxRelay.Contracts;

namespace Sidecar.OutboxRelay.Postgres;

/// <summary>
/// One connection to the outbox with the statements that are prepared on it, and what was found when it was opened. It
/// never survives a fault: whoever owns it opens another.
/// </summary>
internal sealed class PgSession : IDisposable
{
    // The plans that read the log by its indexes are the right ones however many rows the statistics know of, so the
    // planner is asked once, and not tempted. What this session was told to be written stays written after a crash.
    private const string Settings =
        """
        SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_bitmapscan = off;
        SET enable_sort = off; SET enable_incremental_sort = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
        SET enable_material = off; SET jit = off; SET max_parallel_workers_per_gather = 0;
        SET default_transaction_isolation = 'read committed';
        SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
        """;

    private readonly Dictionary<string, NpgsqlBatch> prepared = [];

    private PgSession(NpgsqlDataSource source, NpgsqlConnection connection, PgAddress address)
    {
        (Source, Connection, Address) = (source, connection, address);
    }

    /// <summary>Where it leads to.</summary>
    public PgAddress Address { get; }

    /// <summary>Further connections to the same database, for a moment.</summary>
    public NpgsqlDataSource Source { get; }

    /// <summary>For a connection that replicates, to the very server that this one is connected to. It may hold a password.</summary>
    public string ReplicationAddress => PgSource.ForReplication(Address, Connection);

    /// <summary>The one connection.</summary>
    public NpgsqlConnection Connection { get; }

    /// <summary>The outbox's id.</summary>
    public string Outbox { get; private set; } = "";

    /// <summary>How many lanes there are.</summary>
    public int Buckets { get; private set; }

    /// <summary>The newest alarm that said that the database's past is another; 0: none ever did.</summary>
    public long PastAlarm { get; private set; }

    /// <summary>Connects, and checks that this is an outbox that the relay may work on.</summary>
    public static async Task<StoreAnswer<PgSession>> OpenAsync(PgAddress address, TimeSpan statementTimeout)
    {
        var made = PgSource.Create(address, statementTimeout);
        NpgsqlConnection? connection = null;
        try
        {
            connection = await made.OpenConnectionAsync();
            var session = new PgSession(made, connection, address);
            if (await session.CheckAsync() is { } problem)
            {
                session.Dispose();
                return problem;
            }

            await session.ExecuteAsync(Settings);
            return session;
        }
        catch (Exception e) when (PgFaults.IsOne(e))
        {
            connection?.Dispose();
            made.Dispose();
            return PgFaults.Explain(e, address.Shown);
        }
    }

    /// <summary>The statements under a name, prepared at their first use; they go to the server in one round trip.</summary>
    /// <param name="name">One name, one text.</param>
    /// <param name="statements">Each with the types of its parameters.</param>
    public async ValueTask<NpgsqlBatch> PrepareAsync(string name, params (string Sql, NpgsqlDbType[] Types)[] statements)
    {
        if (prepared.TryGetValue(name, out var found))
        {
            return found;
        }

        var batch = new NpgsqlBatch(Connection);
        foreach (var (sql, types) in statements)
        {
            var command = new NpgsqlBatchCommand(sql);
            foreach (var type in types)
            {
                command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = type });
            }

            batch.BatchCommands.Add(command);
        }

        await batch.PrepareAsync();
        prepared.Add(name, batch);
        return batch;
    }

    /// <summary>A statement that is used once.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using var command = new NpgsqlCommand(sql, Connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var batch in prepared.Values)
        {
            batch.Dispose();
        }

        Connection.Dispose();
        Source.Dispose();
    }

    private async Task<StoreProblem?> CheckAsync() => await CheckServerAsync() ?? await CheckOutboxAsync();

    private async Task<StoreProblem?> CheckServerAsync()
    {
        await using var command = new NpgsqlCommand(
            "SELECT pg_is_in_recovery(), to_regclass('outbox.config') IS NOT NULL, " +
            "current_setting('server_version_num')::integer, current_setting('transaction_read_only') = 'on'", Connection);
        await using var row = await command.ExecuteReaderAsync();
        await row.ReadAsync();
        if (row.GetBoolean(0))
        {
            return new StoreProblem(
                StoreFault.NoDatabase, $"{Address.Shown} is a read-only standby: the relay waits for a primary");
        }

        if (row.GetBoolean(3))
        {
            return new StoreProblem(
                StoreFault.NoDatabase, $"{Address.Shown} is a primary that takes no writes from this role " +
                "(default_transaction_read_only is on): turn it off for the database or for the role");
        }

        if (row.GetInt32(2) < OldestServer)
        {
            return new StoreProblem(
                StoreFault.OtherSchema, $"{Address.Shown} is PostgreSQL {row.GetInt32(2) / 10_000}; 15 is the oldest that works");
        }

        return row.GetBoolean(1)
            ? null
            : new StoreProblem(StoreFault.NoSchema, $"{Address.Shown} lacks the outbox's schema: run `outbox-relay init --apply`");
    }

    private async Task<StoreProblem?> CheckOutboxAsync()
    {
        await using var command = new NpgsqlCommand(
            "SELECT uuid::text, schema_version, oldest_relay, buckets, system_id, " +
            "(SELECT system_identifier::text FROM pg_control_system()), " +
            $"(SELECT coalesce(max(id), 0) FROM outbox.alarm WHERE kind IN ('{PgAlarms.History}', '{PgAlarms.Cluster}')) " +
            "FROM outbox.config", Connection);
        var config = await command.ExecuteReaderAsync();
        await config.ReadAsync();
        (Outbox, Buckets, PastAlarm) = (config.GetString(0), config.GetInt16(3), config.GetInt64(6));
        var version = config.GetInt32(1);
        if (version < PgSchema.Version || config.GetInt32(2) > PgSchema.Version)
        {
            await config.DisposeAsync();
            return new StoreProblem(
                StoreFault.OtherSchema,
                $"{Address.Shown} has outbox schema version {version}; this program needs {PgSchema.Version}: " +
                (version < PgSchema.Version ? "run `outbox-relay init --apply`" : "run a later outbox-relay"));
        }

        var (there, here) = (config.GetString(4), config.GetString(5));
        await config.DisposeAsync();
        if (there != here)
        {
            await PgAlarms.RaiseAsync(
                Connection, PgAlarms.Cluster, here,
                $"the outbox comes from the cluster {there} and is now in {here}: its transaction numbers mean nothing here");
        }

        return (await PgAlarms.FirstAsync(Connection))?.Problem(Address);
    }

    private const int OldestServer = 150_000;
}
