using Acme.Orders.V1;
using Google.Protobuf.Reflection;
using Sidecar.Delivery.V1;
using Sidecar.Options.V1;

namespace Sidecar.Protos.Tests;

/// <summary>
/// What protos/README.md says of the contracts, held against the messages that were generated from them.
/// </summary>
[TestFixture]
public sealed class ShapeTests
{
    [Test]
    public void The_number_of_the_event_option_never_changes() =>
        Assert.That(OptionsExtensions.Event.FieldNumber, Is.EqualTo(51419));

    [Test]
    public void The_option_of_a_message_can_be_read_at_run_time()
    {
        var options = OrderPlaced.Descriptor.GetOptions().GetExtension(OptionsExtensions.Event);

        Assert.That(options.Topic, Is.EqualTo("orders.v1"));
        Assert.That(options.KeyField, Is.EqualTo("order_id"));
        Assert.That(options.Type, Is.EqualTo("acme.orders.v1.OrderPlaced"));
    }

    [Test]
    public void The_service_has_one_event_a_batch_and_a_stream()
    {
        var service = DeliveryReflection.Descriptor.Services.Single();

        Assert.That(service.FullName, Is.EqualTo("sidecar.delivery.v1.EventConsumerService"));
        Assert.That(service.Methods.Select(Describe), Is.EqualTo((string[])[
            "Deliver: DeliverRequest -> DeliverResponse",
            "DeliverBatch: DeliverBatchRequest -> DeliverBatchResponse",
            "DeliverStream: stream DeliverStreamRequest -> stream DeliverStreamResponse",
        ]));
    }

    [Test]
    public void An_event_has_the_fields_that_are_documented() =>
        Assert.That(Fields(Event.Descriptor), Is.EqualTo((string[])[
            "1 id", "2 source", "3 type", "4 subject", "5 time", "6 content_type", "7 key", "8 data", "9 headers",
                "10 position",
            "11 subscription", "12 attempt", "13 first_seen_time", "14 delivery_id",
        ]));

    [Test]
    public void A_result_has_the_fields_that_are_documented() =>
        Assert.That(Fields(Result.Descriptor),
            Is.EqualTo((string[])["1 delivery_id", "2 verdict", "3 retry_after", "4 reason"]));

    [Test]
    public void Absent_key_data_and_header_value_differ_from_empty_ones()
    {
        Assert.That(Event.Descriptor.FindFieldByName("key").HasPresence, Is.True);
        Assert.That(Event.Descriptor.FindFieldByName("data").HasPresence, Is.True);
        Assert.That(Header.Descriptor.FindFieldByName("value").HasPresence, Is.True);
    }

    [Test]
    public void No_answer_at_all_means_delivered() => Assert.That(new DeliverResponse().CalculateSize(), Is.Zero);

    [Test]
    public void The_verdicts_are_ack_retry_and_reject() =>
        Assert.That(DeliveryReflection.Descriptor.EnumTypes.Single().Values
            .Select(value => $"{value.Number} {value.Name}"),
            Is.EqualTo((string[])["0 VERDICT_UNSPECIFIED", "1 VERDICT_ACK", "2 VERDICT_RETRY", "3 VERDICT_REJECT"]));

    private static string Describe(MethodDescriptor method) =>
        $"{method.Name}: {(method.IsClientStreaming ? "stream " : "")}{method.InputType.Name} -> "
        + $"{(method.IsServerStreaming ? "stream " : "")}{method.OutputType.Name}";

    private static IEnumerable<string> Fields(MessageDescriptor message) =>
        message.Fields.InFieldNumberOrder().Select(field => $"{field.FieldNumber} {field.Name}");
}
