using System.Globalization;
using Npgsql;
using Sidecar.TestKit.Postgres;

namespace Sidecar.Faults.Tests.Rig;

/// <summary>What a relay found, and does not go on with until a person has accepted it.</summary>
internal static class Alarms
{
    /// <summary>
    /// Waits until the relay refuses to go on: an alarm of this kind is open, and <c>/readyz</c>, <c>outbox_waiting</c> and
    /// <c>status</c> say what has happened and to what.
    /// </summary>
    /// <returns>Its number.</returns>
    public static async Task<long> RefusesAsync(this Scenario scenario, RelayUnderTest relay, string names)
    {
        var said = await relay.WaitsForAsync("database", names);
        await TestContext.Out.WriteLineAsync(said);
        await using var connection = await Sql.OpenAsync(scenario.Database.AdminAddress);
        await using var command = new NpgsqlCommand("SELECT id, text FROM outbox.alarm WHERE accepted_at IS NULL", connection);
        await using var rows = await command.ExecuteReaderAsync();
        Assert.That(await rows.ReadAsync(), "an alarm is open");
        var (id, text) = (rows.GetInt64(0), rows.GetString(1));
        Assert.That(text, Does.Contain(names));
        Assert.That(await rows.ReadAsync(), Is.False, "one alarm is open");
        await scenario.StatusSaysAsync(text);
        return id;
    }

    /// <summary>A person accepts it by the command line.</summary>
    public static Task AcceptAsync(this Scenario scenario, long alarm) =>
        scenario.CommandAsync("alarms", "accept", alarm.ToString(CultureInfo.InvariantCulture), "--yes");
}
