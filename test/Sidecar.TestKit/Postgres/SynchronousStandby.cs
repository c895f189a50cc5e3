namespace Sidecar.TestKit.Postgres;

/// <summary>
/// Streaming standbys of a <see cref="LocalPostgres"/>: made by a base backup over SQL, since not every distribution
/// brings <c>pg_basebackup</c>.
/// </summary>
public static class SynchronousStandby
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    /// <summary>Makes a standby that streams from this server; the caller disposes it.</summary>
    /// <param name="primary">It runs, and goes on running.</param>
    /// <param name="synchronous">
    /// Commits on the primary wait for the standby; else they do not, and a promotion may lack some.
    /// </param>
    public static async Task<LocalPostgres> StandbyAsync(this LocalPostgres primary, bool synchronous = true)
    {
        var name = $"standby_{Guid.NewGuid():N}"[..16];
        var standby = await LocalPostgres.PrepareAsync(primary.Distribution, primary.Options);
        try
        {
            await BackUpAsync(primary, standby, name);
            await standby.StartAgainAsync();
            await Until.TrueAsync(() => StreamsAsync(primary, name), Timeout, "the standby streams");
            if (synchronous) await primary.WaitForStandbyAsync(name);
            return standby;
        }
        catch
        {
            await standby.DisposeAsync();
            throw;
        }
    }

    /// <summary>The standby becomes a server of its own, that takes writes on return.</summary>
    public static async Task PromoteAsync(this LocalPostgres standby)
    {
        await standby.ExecuteAsync("SELECT pg_promote(true, 60)");
        await Until.TrueAsync(
            async () => !await Sql.ScalarAsync<bool>(standby.ConnectionString, "SELECT pg_is_in_recovery()"),
            Timeout,
            "the promoted standby takes writes");
    }

    /// <summary>
    /// From now on the standby falls behind. (Pausing its processes would not do: what is under way to them waits in the
    /// kernel's buffers, and is there when they go on.)
    /// </summary>
    public static async Task StopStreamingAsync(this LocalPostgres standby)
    {
        await standby.ExecuteAsync("ALTER SYSTEM SET primary_conninfo = ''");
        await standby.ExecuteAsync("SELECT pg_reload_conf()");
        await Until.TrueAsync(
            async () => await Sql.ScalarAsync<long>(
                standby.ConnectionString, "SELECT count(*) FROM pg_stat_wal_receiver") == 0,
            Timeout, "the standby receives nothing more");
    }

    private static async Task BackUpAsync(LocalPostgres primary, LocalPostgres standby, string name)
    {
        await using var connection = await Sql.OpenAsync(primary.ConnectionString);
        // The slot keeps the WAL that the standby will ask for, from before the copy on.
        await connection.ExecuteAsync($"SELECT pg_create_physical_replication_slot('{name}', true)");
        await connection.ExecuteAsync($"SELECT pg_backup_start('{name}', true)");
        await ServerAccount.RunAsAsync("cp", "-a", primary.DataFolder, standby.DataFolder);
        var label = await connection.ScalarAsync<string>("SELECT labelfile FROM pg_backup_stop(false)");
        foreach (var own in (string[])["postmaster.pid", "postmaster.opts"])
            File.Delete(Path.Combine(standby.DataFolder, own));
        EmptyOfFiles(Path.Combine(standby.DataFolder, "pg_wal"));
        foreach (var slot in Directory.EnumerateDirectories(Path.Combine(standby.DataFolder, "pg_replslot")).ToList())
            Directory.Delete(slot, recursive: true);
        await File.WriteAllTextAsync(Path.Combine(standby.DataFolder, "backup_label"), label);
        await File.WriteAllTextAsync(Path.Combine(standby.DataFolder, "standby.signal"), "");
        var source = $"host=127.0.0.1 port={primary.Port} user=postgres application_name={name}";
        await File.AppendAllTextAsync(
            Path.Combine(standby.DataFolder, "postgresql.auto.conf"),
            $"primary_conninfo = '{source}'\nprimary_slot_name = '{name}'\nsynchronous_standby_names = ''\n");
        await ServerAccount.OwnAsync(standby.DataFolder);
    }

    private static void EmptyOfFiles(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder)) File.Delete(file);
    }

    private static async Task<bool> StreamsAsync(LocalPostgres primary, string name) =>
        await Sql.ScalarAsync<string>(
            primary.ConnectionString, $"SELECT state FROM pg_stat_replication WHERE application_name = '{name}'")
        == "streaming";

    private static async Task WaitForStandbyAsync(this LocalPostgres primary, string name)
    {
        await primary.ExecuteAsync($"ALTER SYSTEM SET synchronous_standby_names = '{name}'");
        await primary.ExecuteAsync("SELECT pg_reload_conf()");
        await Until.TrueAsync(
            async () => await Sql.ScalarAsync<string>(
                primary.ConnectionString,
                $"SELECT sync_state FROM pg_stat_replication WHERE application_name = '{name}'") == "sync",
            Timeout,
            "the primary waits for the standby");
    }
}
