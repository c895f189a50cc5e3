using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Acme.Orders.V1;
using Google.Protobuf;
using Grpc.Core;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.Delivery;
using Sidecar.TestKit.Apps;

namespace Sidecar.Agent.Tests.Delivery;

/// <summary>
/// The delivery client against applications on libraries that are not ours: grpc-js and grpcio. Each test runs in both
/// ways to call an application.
/// </summary>
[TestFixture("node")]
[TestFixture("python")]
public sealed class ForeignServerTests(string kind)
{
    private const string TypedMethod = "/acme.orders.v1.OrderEventsService/HandleOrderPlaced";
    // By their numbers.
    private static readonly string[] StatusNames =
    [
        "ok", "cancelled", "unknown", "invalid_argument", "deadline_exceeded", "not_found", "already_exists",
        "permission_denied", "resource_exhausted", "failed_precondition", "aborted", "out_of_range", "unimplemented",
        "internal", "unavailable", "data_loss", "unauthenticated",
    ];

    private static readonly byte[] Order = new OrderPlaced { OrderId = "o-1", TotalCents = 4200 }.ToByteArray();
    private static readonly byte[] Key = [0, 0xff, (byte)'k'];
    private ForeignServer server = null!;
    private GrpcDeliveryClient generic = null!;
    private GrpcDeliveryClient typed = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await ForeignServer.StartAsync(kind);
        generic = Client(server.Address, null);
        typed = Client(server.Address, TypedMethod);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        await (generic?.DisposeAsync() ?? default);
        await (typed?.DisposeAsync() ?? default);
        await (server?.DisposeAsync() ?? default);
    }

    [Test]
    public async Task An_event_is_delivered([Values] bool isTyped) =>
        Assert.That(await DeliverAsync(isTyped, "nothing"), Is.EqualTo(AttemptOutcome.Delivered));

    [Test]
    public async Task Every_status_is_classified_the_same_trailers_only_or_not()
    {
        TestContext.Out.WriteLine($"{kind,-22}{"trailers only",-14}{"headers first",-14}{"typed",-14}");
        using (Assert.EnterMultipleScope())
        {
            for (var number = 1; number < StatusNames.Length; number++)
            {
                var status = (StatusCode)number;
                var behaviour = $"status={StatusNames[number].ToUpperInvariant()};message=grüße 100%";
                var bare = await DeliverAsync(false, behaviour);
                var whole = await DeliverAsync(false, behaviour + ";headers-first");
                var byMethod = await DeliverAsync(true, behaviour);
                TestContext.Out.WriteLine($"{StatusNames[number],-22}{bare.End,-14}{whole.End,-14}{byMethod.End,-14}");
                var expected = Classification.Of(
                    new EndedCall(CallEnd.Answered, status, "grüße 100%", default, default));
                Assert.That((bare, whole, byMethod), Is.EqualTo((expected, expected, expected)), StatusNames[number]);
            }
        }
    }

    [Test]
    public async Task The_event_arrives_as_it_is()
    {
        var outcome = await generic.DeliverAsync(FullEvent("echo"), Records.First, default);
        var seen = JsonNode.Parse(outcome.Reason!)!.AsObject();
        var left = (int)seen["left_ms"]!;
        seen.Remove("left_ms");
        Assert.That(outcome.End, Is.EqualTo(AttemptEnd.Rejected));
        Assert.That(left, Is.InRange(1, 30_000), "the application sees the deadline");
        var expected = new JsonObject
        {
            ["id"] = "e-1", ["source"] = "/orders", ["type"] = "acme.Placed", ["subject"] = "größe",
            ["time"] = new JsonObject { ["seconds"] = "1777863721", ["nanos"] = 500_000_000 },
            ["content_type"] = "application/protobuf", ["key"] = "00ff6b", ["data"] = Digest(Order),
            ["headers"] = HeadersAsJson("echo"),
            ["position"] = new JsonObject { ["topic"] = "orders.v1", ["partition"] = 3, ["offset"] = "42" },
            ["subscription"] = "orders", ["attempt"] = 1, ["delivery_id"] = "0000000000abcdef",
            ["traceparent"] = "00-aa-bb-01",
        };
        Assert.That(JsonNode.DeepEquals(seen, expected), $"seen\n{seen}\nexpected\n{expected}");
    }

    [Test]
    public async Task A_typed_method_receives_the_message_and_the_attributes()
    {
        var outcome = await typed.DeliverAsync(FullEvent("echo"), Records.First, default);
        var seen = JsonNode.Parse(outcome.Reason!)!.AsObject();
        var left = (int)seen["left_ms"]!;
        seen.Remove("left_ms");
        Assert.That(outcome.End, Is.EqualTo(AttemptEnd.Rejected));
        Assert.That(left, Is.InRange(1, 30_000), "the application sees the deadline");
        var expected = new JsonObject
        {
            ["order_id"] = "o-1", ["total_cents"] = "4200", ["id"] = "e-1", ["type"] = "acme.Placed",
            ["source"] = "/orders", ["topic"] = "orders.v1", ["partition"] = "3", ["offset"] = "42", ["attempt"] = "1",
            ["delivery_id"] = "0000000000abcdef", ["key"] = "00ff6b", ["tombstone"] = null, ["omitted"] = null,
            ["headers"] = HeadersAsJson("echo"), ["traceparent"] = "00-aa-bb-01",
        };
        Assert.That(JsonNode.DeepEquals(seen, expected), $"seen\n{seen}\nexpected\n{expected}");
    }

    [Test]
    public async Task Null_and_empty_stay_apart([Values] bool isTyped)
    {
        var headers = Records.Bytes(("test-behaviour", "echo"));
        var nothing = await SeenAsync(isTyped, Records.Make(null, null, headers));
        var empty = await SeenAsync(isTyped, Records.Make([], [], headers));
        Assert.That((nothing["key"], (string?)empty["key"]), Is.EqualTo(((JsonNode?)null, "")));
        Assert.That(
            isTyped ? (string?)nothing["tombstone"] : nothing["data"]?.ToString(), Is.EqualTo(isTyped ? "true" : null));
        Assert.That((string?)empty[isTyped ? "tombstone" : "data"], Is.EqualTo(isTyped ? null : Digest([])));
    }

    [Test]
    public async Task A_verdict_with_delay_and_reason([Values] bool isTyped) =>
        Assert.That(
            await DeliverAsync(isTyped, "verdict=RETRY;after=1500;reason=later"),
            Is.EqualTo(new AttemptOutcome(AttemptEnd.Failed, StatusCode.OK, "later", TimeSpan.FromSeconds(1.5))));

    [TestCase("details=1500;pushback=700", 1500)]
    [TestCase("pushback=700", 700)]
    public async Task The_delay_that_the_trailers_ask_for(string hints, int milliseconds)
    {
        foreach (var first in (string[])["", ";headers-first"])
        {
            var outcome = await DeliverAsync(false, $"status=ABORTED;{hints}{first}");
            Assert.That((outcome.End, outcome.RetryAfter), Is.EqualTo(
                (AttemptEnd.Failed, TimeSpan.FromMilliseconds(milliseconds))));
        }
    }

    [Test]
    public async Task The_deadline_holds_and_the_connection_lives_on([Values] bool isTyped)
    {
        var deadline = TimeSpan.FromMilliseconds(300);
        await using var hasty =
            Client(server.Address, isTyped ? TypedMethod : null, delivery => delivery.Deadline = deadline);
        var outcome = await hasty.DeliverAsync(Event("sleep"), Records.First, default);
        Assert.That((outcome.End, outcome.Status), Is.EqualTo((AttemptEnd.Failed, StatusCode.DeadlineExceeded)));
        Assert.That(await EndAsync(hasty), Is.EqualTo(AttemptEnd.Delivered));
    }

    [Test]
    public async Task A_value_of_20_MB_arrives_whole()
    {
        var value = new byte[20_000_000];
        new Random(7).NextBytes(value);
        var seen = await SeenAsync(false, Records.Make(null, value, Records.Bytes(("test-behaviour", "echo"))));
        Assert.That((string?)seen["data"], Is.EqualTo(Digest(value)));
    }

    [Test]
    public async Task The_applications_own_limit_counts_as_a_failed_attempt()
    {
        await using var stock = await ForeignServer.StartAsync(kind, "--stock");
        await using var client = Client(stock.Address, null);
        var outcome = await client.DeliverAsync(Records.Make(null, new byte[5_000_000], []), Records.First, default);
        TestContext.Out.WriteLine(outcome);
        Assert.That((outcome.End, outcome.Status), Is.EqualTo((AttemptEnd.Failed, StatusCode.ResourceExhausted)));
        Assert.That(await EndAsync(client), Is.EqualTo(AttemptEnd.Delivered));
    }

    [Test]
    public async Task Metadata_as_large_as_we_send_it_is_taken()
    {
        var headers = Records.Bytes(
            ("test-behaviour", "verdict=REJECT;reason=taken"),
            ("baggage", new string('b', 600)),
            ("h", new string('h', 3300)));
        var outcome = await typed.DeliverAsync(Records.Make(new byte[200], Order, headers), Records.First, default);
        Assert.That(outcome.Reason, Is.EqualTo("taken"), "the list of headers arrived, with the behaviour in it");
    }

    [Test]
    public async Task A_process_that_dies_of_an_event_is_an_interruption_and_then_unreachable([Values] bool isTyped)
    {
        await using var mortal = await ForeignServer.StartAsync(kind);
        await using var client = Client(mortal.Address, isTyped ? TypedMethod : null);
        var died = await client.DeliverAsync(Event("die"), Records.First, default);
        var after = await client.DeliverAsync(Event("nothing"), Records.First, default);
        TestContext.Out.WriteLine($"{died}\n{after}");
        Assert.That((died.End, after.End), Is.EqualTo((AttemptEnd.Interrupted, AttemptEnd.Unreachable)));
    }

    [Test]
    public async Task An_application_that_starts_late_gets_the_first_event_after_it()
    {
        var address = MisbehavingApp.FreeAddress();
        await using var client = Client(address, null);
        for (var attempt = 0; attempt < 5; attempt++)
        {
            Assert.That(await EndAsync(client), Is.EqualTo(AttemptEnd.Unreachable));
        }

        await using var late = await ForeignServer.StartAsync(kind, "--port", address.Split(':')[1]);
        Assert.That(await EndAsync(client), Is.EqualTo(AttemptEnd.Delivered));
    }

    [Test]
    public async Task Thousands_of_events_at_once_are_all_delivered_and_no_ping_is_punished()
    {
        const int Events = 5000;
        var delivered = 0;
        await Parallel.ForEachAsync(
            Enumerable.Range(0, Events),
            new ParallelOptions { MaxDegreeOfParallelism = 64 },
            async (_, _) =>
            {
                var outcome = await DeliverAsync(false, "nothing");
                Interlocked.Add(ref delivered, outcome.End == AttemptEnd.Delivered ? 1 : 0);
            });
        Assert.That(delivered, Is.EqualTo(Events));
    }

    private static GrpcDeliveryClient Client(string address, string? method, Action<DeliveryOptions>? change = null)
    {
        var options = new DeliveryOptions { AppAddress = address, Method = method };
        change?.Invoke(options);
        return new GrpcDeliveryClient(options, "orders", TimeProvider.System);
    }

    private static async Task<AttemptEnd> EndAsync(GrpcDeliveryClient client) =>
        (await client.DeliverAsync(Event("nothing"), Records.First, default)).End;

    private static EventRecord Event(string behaviour) =>
        Records.Make(Key, Order, Records.Bytes(("test-behaviour", behaviour)));

    private static EventRecord FullEvent(string behaviour) => Records.Make(Key, Order, FullHeaders(behaviour));

    private static (byte[] Name, byte[]? Value)[] FullHeaders(string behaviour) =>
    [
        .. Records.Bytes(
            ("test-behaviour", behaviour), ("ce_id", "e-1"), ("ce_source", "/orders"), ("ce_type", "acme.Placed"),
            ("ce_subject", "größe"), ("ce_time", "2026-05-04T03:02:01.5Z"), ("content-type", "application/protobuf"),
            ("traceparent", "00-aa-bb-01"), ("twice", "1"), ("twice", "2")),
        ("null"u8.ToArray(), null),
        ("binary"u8.ToArray(), [0xff, 0x00]),
        ("empty"u8.ToArray(), []),
    ];

    private static JsonArray HeadersAsJson(string behaviour) =>
        [.. FullHeaders(behaviour).Select(header => new JsonArray(
            Encoding.UTF8.GetString(header.Name),
            header.Value is null ? null : JsonValue.Create(Convert.ToHexStringLower(header.Value))))];

    private static string Digest(byte[] bytes) =>
        $"{bytes.Length}:{Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]}";

    private async Task<JsonObject> SeenAsync(bool isTyped, EventRecord record)
    {
        var outcome = await (isTyped ? typed : generic).DeliverAsync(record, Records.First, default);
        Assert.That(outcome.End, Is.EqualTo(AttemptEnd.Rejected), outcome.Reason);
        return JsonNode.Parse(outcome.Reason!)!.AsObject();
    }

    private async Task<AttemptOutcome> DeliverAsync(bool isTyped, string behaviour) =>
        await (isTyped ? typed : generic).DeliverAsync(Event(behaviour), Records.First, default);
}
