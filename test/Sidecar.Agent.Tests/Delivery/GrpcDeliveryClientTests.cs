using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Sidecar.Agent.Contracts;
using Sidecar.Agent.Delivery;
using Sidecar.Delivery.V1;
using Sidecar.TestKit.Apps;

namespace Sidecar.Agent.Tests.Delivery;

/// <summary>One attempt against an application on Kestrel that does what it should not.</summary>
public sealed class GrpcDeliveryClientTests
{
    private const string Typed = "/acme.orders.v1.OrderEventsService/HandleOrderPlaced";
    private static readonly EventRecord Event = Records.With(("h", "v"));
    private MisbehavingApp app = null!;

    [SetUp]
    public async Task Start() => app = await MisbehavingApp.StartAsync();

    [TearDown]
    public async Task Stop() => await app.DisposeAsync();

    [Test]
    public async Task An_empty_answer_means_delivered() =>
        Assert.That(await DeliverAsync(), Is.EqualTo(AttemptOutcome.Delivered));

    [Test]
    public async Task The_application_receives_the_event_and_its_trace()
    {
        DeliverRequest? received = null;
        string? trace = null;
        string? timeout = null;
        app.Handler = async context =>
        {
            received = DeliverRequest.Parser.ParseFrom(await Answers.ReadMessageAsync(context));
            trace = context.Request.Headers["traceparent"];
            timeout = context.Request.Headers["grpc-timeout"];
            context.Request.Body = Stream.Null;
            await Answers.Status(StatusCode.OK, "")(context);
        };
        await DeliverAsync(record: Records.With(("traceparent", "00-aa-bb-01")));

        Assert.That(received!.Event.Data.ToStringUtf8(), Is.EqualTo("value"));
        Assert.That(received.Event.Subscription, Is.EqualTo("orders"));
        Assert.That(trace, Is.EqualTo("00-aa-bb-01"));
        Assert.That(timeout, Is.Not.Empty);
    }

    [Test]
    public async Task A_verdict_in_the_response_counts()
    {
        var delay = new Duration { Seconds = 2 };
        var result = new Result { Verdict = Verdict.Retry, Reason = "later", RetryAfter = delay };
        app.Handler = Answers.Ok(new DeliverResponse { Result = result }.ToByteArray());
        Assert.That(await DeliverAsync(), Is.EqualTo(
            new AttemptOutcome(AttemptEnd.Failed, StatusCode.OK, "later", TimeSpan.FromSeconds(2))));
    }

    [Test]
    public async Task A_typed_method_says_its_verdict_in_trailers_and_its_response_is_not_parsed()
    {
        app.Handler = Answers.Ok([0xff, 0xff, 0xff], ("sidecar-verdict", "Retry"), ("sidecar-retry-after", "1500ms"));
        var outcome = await DeliverAsync(delivery => delivery.Method = Typed);
        Assert.That((outcome.End, outcome.RetryAfter), Is.EqualTo((AttemptEnd.Failed, TimeSpan.FromSeconds(1.5))));
    }

    [Test]
    public async Task A_typed_method_receives_the_value_untouched()
    {
        byte[] received = [];
        app.Handler = async context =>
        {
            received = await Answers.ReadMessageAsync(context);
            await Answers.Status(StatusCode.AlreadyExists, "")(context);
        };
        await DeliverAsync(delivery => delivery.Method = Typed);
        Assert.That(received, Is.EqualTo("value"u8.ToArray()));

        await DeliverAsync(
            delivery => (delivery.Method, delivery.Framing) = (Typed, Framing.Confluent),
            Records.Make(null, [0, 0, 0, 0, 7, 0, 0x0a, 0x01, 0x78], []));
        Assert.That(received, Is.EqualTo(new byte[] { 0x0a, 0x01, 0x78 }));

        var unframed = await DeliverAsync(delivery => (delivery.Method, delivery.Framing) = (Typed, Framing.Confluent));
        Assert.That((unframed.End, app.Calls), Is.EqualTo((AttemptEnd.Unsendable, 2)));
        Assert.That(unframed.Reason, Does.Contain("framing confluent"));
    }

    [Test]
    public async Task A_hanging_application_meets_the_deadline()
    {
        app.Handler = Answers.Hang();
        var outcome = await DeliverAsync(delivery => delivery.Deadline = TimeSpan.FromMilliseconds(100));
        Assert.That((outcome.End, outcome.Status), Is.EqualTo((AttemptEnd.Failed, StatusCode.DeadlineExceeded)));
        Assert.That(outcome.Reason, Is.EqualTo("no answer within the deadline of 100 ms"));
    }

    [Test]
    public async Task A_call_that_we_cancel_never_happened()
    {
        var arrived = new TaskCompletionSource();
        app.Handler = Answers.Hang(arrived);
        using var cancellation = new CancellationTokenSource();
        await using var client = Client();
        var attempt = client.DeliverAsync(Event, Records.First, cancellation.Token);
        await arrived.Task;
        await cancellation.CancelAsync();
        Assert.That((await attempt).End, Is.EqualTo(AttemptEnd.Cancelled));
        Assert.That(await EndAsync(client, cancellation.Token), Is.EqualTo(AttemptEnd.Cancelled));
    }

    [Test]
    public async Task A_client_that_is_disposed_cancels_what_is_under_way_and_what_comes()
    {
        var arrived = new TaskCompletionSource();
        app.Handler = Answers.Hang(arrived);
        var client = Client();
        var attempt = client.DeliverAsync(Event, Records.First, default);
        await arrived.Task;
        await client.DisposeAsync();
        Assert.That((await attempt).End, Is.EqualTo(AttemptEnd.Cancelled));
        Assert.That(await EndAsync(client), Is.EqualTo(AttemptEnd.Cancelled));
    }

    [TestCase(StatusCode.Cancelled)]
    [TestCase((StatusCode)99)]
    public async Task A_status_that_only_the_application_can_have_made_up_counts(StatusCode status)
    {
        app.Handler = Answers.Status(status, "odd");
        Assert.That((await DeliverAsync()).End, Is.EqualTo(AttemptEnd.Failed));
    }

    [Test]
    public async Task A_dropped_connection_after_the_event_was_sent_is_an_interruption()
    {
        app.Handler = Answers.DropConnection();
        var outcome = await DeliverAsync();
        TestContext.Out.WriteLine(outcome);
        Assert.That(outcome.End, Is.EqualTo(AttemptEnd.Interrupted));
        Assert.That(outcome.Reason, Does.StartWith("the connection to "));
    }

    [TestCase(0x2, TestName = "Reset_with_INTERNAL_ERROR_counts")]
    [TestCase(0x8, TestName = "Reset_with_CANCEL_counts")]
    [TestCase(0xb, TestName = "Reset_with_ENHANCE_YOUR_CALM_counts")]
    public async Task A_reset_of_one_call(int errorCode)
    {
        app.Handler = Answers.ResetStream(errorCode);
        var outcome = await DeliverAsync();
        TestContext.Out.WriteLine(outcome);
        Assert.That(outcome.End, Is.EqualTo(AttemptEnd.Failed));
    }

    [Test]
    public async Task An_answer_without_a_status_counts()
    {
        app.Handler = Answers.NoStatus();
        var outcome = await DeliverAsync();
        TestContext.Out.WriteLine(outcome);
        Assert.That(outcome.End, Is.EqualTo(AttemptEnd.Failed));
    }

    [Test]
    public async Task A_response_beyond_the_limit_counts()
    {
        app.Handler = Answers.Ok(new byte[AppChannel.MaxResponseBytes + 1]);
        var outcome = await DeliverAsync();
        TestContext.Out.WriteLine(outcome);
        Assert.That((outcome.End, outcome.Status), Is.EqualTo((AttemptEnd.Failed, StatusCode.ResourceExhausted)));
    }

    [Test]
    public async Task A_response_that_is_not_one_of_the_contract_counts()
    {
        app.Handler = Answers.Ok([0xff, 0xff, 0xff]);
        Assert.That((await DeliverAsync()).End, Is.EqualTo(AttemptEnd.Failed));
    }

    [Test]
    public async Task Trailers_that_are_not_base64_make_the_answer_unreadable_and_count()
    {
        app.Handler = Answers.Status(StatusCode.InvalidArgument, "bad", ("grpc-status-details-bin", "a*b"));
        var outcome = await DeliverAsync();
        TestContext.Out.WriteLine(outcome);
        Assert.That(outcome.End, Is.EqualTo(AttemptEnd.Failed));
    }

    [TestCase(404, "text/html", AttemptEnd.WrongApp)]
    [TestCase(200, "text/html", AttemptEnd.WrongApp)]
    [TestCase(302, "text/html", AttemptEnd.WrongApp)]
    [TestCase(405, "text/html", AttemptEnd.WrongApp)]
    [TestCase(401, "text/html", AttemptEnd.WrongApp)]
    [TestCase(502, "text/html", AttemptEnd.Unavailable)]
    [TestCase(503, "text/html", AttemptEnd.Unavailable)]
    [TestCase(500, "text/html", AttemptEnd.Failed)]
    public async Task An_http_answer_that_is_not_grpc(int status, string contentType, AttemptEnd expected)
    {
        app.Handler = Answers.Http(status, contentType);
        var outcome = await DeliverAsync();
        TestContext.Out.WriteLine(outcome);
        Assert.That(outcome.End, Is.EqualTo(expected));
        Assert.That(outcome.Reason, Does.Contain(status == 200 ? contentType : status.ToString()));
    }

    [Test]
    public async Task A_server_that_speaks_only_http_1_is_the_wrong_application()
    {
        await using var old = await MisbehavingApp.StartAsync(protocols: HttpProtocols.Http1);
        var outcome = await DeliverAsync(delivery => delivery.AppAddress = old.Address);
        TestContext.Out.WriteLine(outcome);
        Assert.That(outcome.End, Is.EqualTo(AttemptEnd.WrongApp));
    }

    [Test]
    public async Task A_call_above_our_own_limit_is_not_made()
    {
        var record = Records.Make(null, new byte[65], []);
        var outcome = await DeliverAsync(delivery => delivery.MaxMessageBytes = 64, record);
        Assert.That((outcome.End, app.Calls), Is.EqualTo((AttemptEnd.TooLarge, 0)));
        Assert.That(outcome.Reason, Does.Contain("the limit is 64"));
    }

    [Test]
    public async Task A_header_name_that_is_not_utf8_cannot_be_sent_and_the_reason_shows_it()
    {
        var outcome = await DeliverAsync(record: Records.Make(null, [], [([0xff, 0x41], null)]));
        Assert.That((outcome.End, app.Calls), Is.EqualTo((AttemptEnd.Unsendable, 0)));
        Assert.That(outcome.Reason, Is.EqualTo("the name of header 1 is not UTF-8 (hex ff41)"));
    }

    private static async Task<AttemptEnd> EndAsync(
        GrpcDeliveryClient client, CancellationToken cancellation = default) =>
        (await client.DeliverAsync(Event, Records.First, cancellation)).End;

    private async Task<AttemptOutcome> DeliverAsync(Action<DeliveryOptions>? change = null, EventRecord? record = null)
    {
        await using var client = Client(change);
        return await client.DeliverAsync(record ?? Event, Records.First, default);
    }

    private GrpcDeliveryClient Client(Action<DeliveryOptions>? change = null)
    {
        var options = new DeliveryOptions { AppAddress = app.Address };
        change?.Invoke(options);
        return new GrpcDeliveryClient(options, "orders", TimeProvider.System);
    }
}
