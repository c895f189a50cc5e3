using System.Text.RegularExpressions;
using Acme.Orders.V1;
using Npgsql;
using Sidecar.Client.Tests.Publishing;
using Sidecar.TestKit;
using Sidecar.TestKit.Postgres;
using Sidecar.TestKit.Processes;

namespace Sidecar.Client.Tests.Samples;

/// <summary>The samples that publish, each in a process of its own, as people run them.</summary>
internal sealed partial class PublishTests
{
    private static readonly Dictionary<string, string?> NoEnvironment = [];

    private PostgresOutbox _outbox = null!;

    [SetUp]
    public async Task Open() => _outbox = await PostgresOutbox.CreateAsync(SharedPostgres.Ends[0]);

    [Test]
    public async Task The_shell_lines_of_the_readme_publish_with_psql()
    {
        if (!Tool.Answers("psql", "--version"))
        {
            Assert.Ignore("there is no psql (Debian: postgresql-client)");
        }

        var block = ShellBlocks().Matches(await File.ReadAllTextAsync(Repository.At("samples", "README.md")))
            .Select(match => match.Groups["lines"].Value).Single(lines => lines.Contains("psql ", StringComparison.Ordinal));
        await Tool.RunAsync("sh", ["-ec", block], new Dictionary<string, string?> { ["DATABASE"] = Uri() });

        var row = (await _outbox.RowsAsync("orders.v1")).Single();
        Assert.That(row.Key, Is.EqualTo("order-psql"u8.ToArray()));
        Assert.That(row.Value, Is.EqualTo("""{"total_cents": 1999}"""u8.ToArray()));
        Assert.That(row.Headers, Is.EquivalentTo(new[]
        {
            new[] { "ce_type", "acme.orders.v1.OrderPlaced" }, ["content-type", "application/json"],
        }));
    }

    [Test]
    public async Task The_producer_in_Python_publishes_each_change_with_its_row()
    {
        var python = Array.Find(["python3", "/usr/bin/python3"],
            program => Tool.Answers(program, "-c", "import psycopg2, google.protobuf"));
        if (python is null || !Tool.Answers("protoc", "-I", ".", "-o", "/dev/null", "google/protobuf/descriptor.proto"))
        {
            Assert.Ignore("Python lacks psycopg2 or protobuf, or there is no protoc with its own files " +
                "(Debian: python3-psycopg2 python3-protobuf protobuf-compiler libprotobuf-dev)");
        }

        var program = Repository.At("samples", "orders-producer-python", "producer.py");
        await Tool.RunAsync(python!, [program, Uri(), "3", "2"], NoEnvironment);

        await AssertOrdersAsync(orders: 3, changes: 2);
    }

    [Test]
    public async Task The_producer_in_NET_publishes_on_PostgreSQL_and_rolls_back_some()
    {
        var producer = Programs.Built("samples/Orders.Producer", "orders-producer");
        string[] arguments =
            [.. producer.Arguments, "--postgres", _outbox.ConnectionString, "--orders", "3", "--events", "2", "--rollback-every", "2"];
        var output = await Tool.RunAsync(producer.File, arguments, NoEnvironment);

        Assert.That(output, Does.Contain("rolled-back"));
        await AssertOrdersAsync(orders: 3, changes: 2);
    }

    private async Task AssertOrdersAsync(int orders, int changes)
    {
        var events = (await _outbox.RowsAsync("orders.v1")).Select(row => OrderPlaced.Parser.ParseFrom(row.Value)).ToList();
        var expected =
            from change in Enumerable.Range(1, changes)
            from order in Enumerable.Range(1, orders)
            select ($"order-{order:D4}", change);
        Assert.That(events.Select(order => (order.OrderId, order.Sequence)), Is.EqualTo(expected));
        Assert.That(
            await Sql.ScalarAsync<long>(_outbox.ConnectionString, "SELECT sum(changes) FROM orders"),
            Is.EqualTo(orders * changes));
    }

    private string Uri()
    {
        var at = new NpgsqlConnectionStringBuilder(_outbox.ConnectionString);
        var password = at.Password is { Length: > 0 } word ? $":{System.Uri.EscapeDataString(word)}" : "";
        return $"postgresql://{System.Uri.EscapeDataString(at.Username!)}{password}@{at.Host}:{at.Port}/{at.Database}";
    }

    [GeneratedRegex("^```sh\n(?<lines>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline, 1000)]
    private static partial Regex ShellBlocks();
}
