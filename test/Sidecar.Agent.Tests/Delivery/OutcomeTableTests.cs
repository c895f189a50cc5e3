using Sidecar.Agent.Contracts;
using Sidecar.Agent.Delivery;
using Sidecar.Agent.Dispatch;

namespace Sidecar.Agent.Tests.Delivery;

/// <summary>
/// What follows from each status and each verdict, measured with handlers on three gRPC libraries that are not ours. Each
/// fixture prints its table; one whose library is not installed here is skipped, and says so.
/// </summary>
[TestFixture("node")]
[TestFixture("python")]
[TestFixture("go")]
internal sealed class OutcomeTableTests(string kind)
{
    private const string TypedMethod = "/acme.orders.v1.OrderEventsService/HandleOrderPlaced";
    private static readonly DeliveryOptions Rules = new() { OnExhausted = OnExhausted.DeadLetter };

    // What the agent promises, in one place: the status as its server names it, and the end.
    private static readonly (string Said, AttemptEnd End)[] Expected =
    [
        ("nothing", AttemptEnd.Delivered),
        ("status=ALREADY_EXISTS", AttemptEnd.Delivered),
        ("status=INVALID_ARGUMENT", AttemptEnd.Rejected),
        ("status=FAILED_PRECONDITION", AttemptEnd.Rejected),
        ("status=OUT_OF_RANGE", AttemptEnd.Rejected),
        ("status=DATA_LOSS", AttemptEnd.Rejected),
        ("status=ABORTED", AttemptEnd.Failed),
        ("status=NOT_FOUND", AttemptEnd.Failed),
        ("status=UNKNOWN", AttemptEnd.Failed),
        ("status=INTERNAL", AttemptEnd.Failed),
        ("status=RESOURCE_EXHAUSTED", AttemptEnd.Failed),
        ("status=DEADLINE_EXCEEDED", AttemptEnd.Failed),
        ("status=CANCELLED", AttemptEnd.Failed),
        ("status=UNAVAILABLE", AttemptEnd.Unavailable),
        ("status=UNIMPLEMENTED", AttemptEnd.WrongApp),
        ("status=UNAUTHENTICATED", AttemptEnd.WrongApp),
        ("status=PERMISSION_DENIED", AttemptEnd.WrongApp),
        ("status=ABORTED;pushback=-1", AttemptEnd.Rejected),
        ("verdict=ACK", AttemptEnd.Delivered),
        ("verdict=RETRY;reason=later", AttemptEnd.Failed),
        ("verdict=REJECT;reason=never", AttemptEnd.Rejected),
    ];

    [Test]
    public async Task What_follows_from_each_status_and_verdict()
    {
        await using var server = await ForeignServer.StartAsync(kind);
        await using var generic = Client(server.Address, null);
        await using var typed = Client(server.Address, TypedMethod);
        await TestContext.Out.WriteLineAsync($"{kind,-34}{"generic",-14}{"typed",-14}{"first attempt",-14}last attempt");
        using (Assert.EnterMultipleScope())
        {
            foreach (var (said, end) in Expected)
            {
                var record = Records.Make([1], [], Records.Bytes(("test-behaviour", said)));
                var one = await generic.DeliverAsync(record, Records.First, default);
                var other = await typed.DeliverAsync(record, Records.First, default);
                var (first, last) = (NextStep.After(one.End, 1, 0, Rules), NextStep.After(one.End, Rules.Attempts, 0, Rules));
                await TestContext.Out.WriteLineAsync($"{said,-34}{one.End,-14}{other.End,-14}{first,-14}{last}");
                Assert.That((one.End, other.End), Is.EqualTo((end, end)), said);
            }
        }
    }

    private static GrpcDeliveryClient Client(string address, string? method) =>
        new(new DeliveryOptions { AppAddress = address, Method = method }, "orders", TimeProvider.System);
}
