using Sidecar.OutboxRelay.Postgres;
using Sidecar.OutboxRelay.Tests.Fixtures;
using Sidecar.TestKit.Postgres;

namespace Sidecar.OutboxRelay.Tests.Postgres;

/// <summary>Where the sequence stands, as polls see it while it moves.</summary>
[TestFixtureSource(typeof(SharedPostgres), nameof(SharedPostgres.Ends))]
internal sealed class PositionTests(PostgresEnd end)
{
    private const int Writers = 2;
    private const int Looks = 40_000;

    private const string CountFalls =
        """
        CREATE FUNCTION falls(look text, looks integer) RETURNS integer LANGUAGE plpgsql AS $$
        DECLARE seen bigint; before bigint := 0; falls integer := 0;
        BEGIN
          FOR i IN 1 .. looks LOOP
            EXECUTE look INTO seen;
            falls := falls + (seen < before)::integer;
            before := seen;
          END LOOP;
          RETURN falls;
        END $$
        """;

    [Test]
    public async Task A_look_never_shows_an_id_that_was_not_given_out_yet()
    {
        var outbox = await OutboxDatabase.MakeAsync(end);
        await outbox.ExecuteAsync(CountFalls);
        using var enough = new CancellationTokenSource();
        var writers = Enumerable.Range(0, Writers).Select(_ => Task.Run(async () =>
        {
            while (!enough.IsCancellationRequested)
            {
                await outbox.ExecuteAsync("SELECT count(nextval('outbox.log_id')) FROM generate_series(1, 100000)");
            }
        })).ToList();

        // A value that was too high shows as a fall at the next look.
        var look = PgPollVariant.Position.Replace("'", "''", StringComparison.Ordinal);
        var falls = await outbox.ScalarAsync<int>($"SELECT falls('{look}', {Looks})");
        await enough.CancelAsync();
        await Task.WhenAll(writers);
        Assert.That(falls, Is.Zero);
    }
}
