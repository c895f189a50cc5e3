"""An application on grpcio that behaves as each event tells it; see ../README.md."""

import hashlib
import json
import os
import signal
import sys
import threading
from concurrent import futures

import grpc

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "protos"))

from acme.orders.v1 import order_events_pb2 as orders  # noqa: E402
from google.protobuf import any_pb2, duration_pb2  # noqa: E402
from sidecar.delivery.v1 import delivery_pb2 as delivery  # noqa: E402

CALLS_AT_A_TIME = 64


def behaviour_of(headers):
    for header in headers:
        if header.name == "test-behaviour":
            pairs = (pair.partition("=") for pair in header.value.decode().split(";"))
            return {name: value or "true" for name, _, value in pairs}
    return {}


def duration(milliseconds):
    return duration_pb2.Duration(seconds=milliseconds // 1000, nanos=milliseconds % 1000 * 1_000_000)


def field(number, content):
    """One field of bytes below 128, as protobuf writes it."""
    return bytes([number << 3 | 2, len(content)]) + content


def retry_info(milliseconds):
    info = field(1, duration(milliseconds).SerializeToString())
    detail = any_pb2.Any(type_url="type.googleapis.com/google.rpc.RetryInfo", value=info)
    return bytes([0x08, 0x0A]) + field(2, b"again later") + field(3, detail.SerializeToString())


def digest(message, name):
    if not message.HasField(name):
        return None
    content = getattr(message, name)
    return "%d:%s" % (len(content), hashlib.sha256(content).hexdigest()[:16])


def pairs_of(headers):
    return [[header.name, header.value.hex() if header.HasField("value") else None] for header in headers]


def seen_by_caller(context):
    metadata = dict(context.invocation_metadata())
    seen = {"left_ms": round(context.time_remaining() * 1000)}
    return {**seen, "traceparent": metadata["traceparent"]} if "traceparent" in metadata else seen


def misbehave(context, behaviour):
    """Everything that fails or never answers."""
    if "die" in behaviour:
        os.kill(os.getpid(), signal.SIGKILL)
    if "sleep" in behaviour:
        ended = threading.Event()
        if context.add_callback(ended.set):
            ended.wait()
    if "headers-first" in behaviour:
        context.send_initial_metadata(())
    if "status" in behaviour:
        trailers = []
        if "details" in behaviour:
            trailers.append(("grpc-status-details-bin", retry_info(int(behaviour["details"]))))
        if "pushback" in behaviour:
            trailers.append(("grpc-retry-pushback-ms", behaviour["pushback"]))
        context.set_trailing_metadata(trailers)
        context.abort(grpc.StatusCode[behaviour["status"]], behaviour.get("message", ""))


def deliver(request, context):
    event = request.event
    behaviour = behaviour_of(event.headers)
    misbehave(context, behaviour)
    if "echo" in behaviour:
        position = event.position
        seen = {
            "id": event.id, "source": event.source, "type": event.type, "subject": event.subject,
            "time": {"seconds": str(event.time.seconds), "nanos": event.time.nanos} if event.HasField("time") else None,
            "content_type": event.content_type, "key": event.key.hex() if event.HasField("key") else None,
            "data": digest(event, "data"), "headers": pairs_of(event.headers),
            "position": {"topic": position.topic, "partition": position.partition, "offset": str(position.offset)},
            "subscription": event.subscription, "attempt": event.attempt, "delivery_id": event.delivery_id,
        }
        reason = json.dumps({**seen, **seen_by_caller(context)})
        return delivery.DeliverResponse(result=delivery.Result(verdict="VERDICT_REJECT", reason=reason))
    if "verdict" in behaviour:
        result = delivery.Result(verdict="VERDICT_" + behaviour["verdict"], reason=behaviour.get("reason", ""))
        if "after" in behaviour:
            result.retry_after.CopyFrom(duration(int(behaviour["after"])))
        return delivery.DeliverResponse(result=result)
    return delivery.DeliverResponse()


def handle_order_placed(request, context):
    metadata = dict(context.invocation_metadata())
    headers = delivery.HeaderList.FromString(metadata.get("sidecar-headers-bin", b"")).headers
    behaviour = behaviour_of(headers)
    misbehave(context, behaviour)
    if "echo" in behaviour:
        key = metadata.get("sidecar-key-bin")
        seen = {
            "order_id": request.order_id or None,
            "total_cents": str(request.total_cents) if request.total_cents else None,
            "id": metadata.get("ce-id"), "type": metadata.get("ce-type"), "source": metadata.get("ce-source"),
            "topic": metadata.get("sidecar-topic"), "partition": metadata.get("sidecar-partition"),
            "offset": metadata.get("sidecar-offset"), "attempt": metadata.get("sidecar-attempt"),
            "delivery_id": metadata.get("sidecar-delivery-id"), "key": None if key is None else key.hex(),
            "tombstone": metadata.get("sidecar-tombstone"), "omitted": metadata.get("sidecar-headers-omitted"),
            "headers": pairs_of(headers),
        }
        reason = json.dumps({**seen, **seen_by_caller(context)})
        context.set_trailing_metadata((("sidecar-verdict", "reject"), ("sidecar-reason", reason)))
    elif "verdict" in behaviour:
        trailers = [("sidecar-verdict", behaviour["verdict"])]
        trailers += [("sidecar-retry-after", behaviour["after"])] if "after" in behaviour else []
        trailers += [("sidecar-reason", behaviour["reason"])] if "reason" in behaviour else []
        context.set_trailing_metadata(trailers)
    return orders.HandleOrderPlacedResponse()


def unary(function, request, response):
    return grpc.unary_unary_rpc_method_handler(function, request.FromString, response.SerializeToString)


def main():
    port = sys.argv[sys.argv.index("--port") + 1] if "--port" in sys.argv else "0"
    options = [] if "--stock" in sys.argv else [("grpc.max_receive_message_length", -1)]
    server = grpc.server(futures.ThreadPoolExecutor(CALLS_AT_A_TIME), options=options)
    server.add_generic_rpc_handlers((
        grpc.method_handlers_generic_handler(
            "sidecar.delivery.v1.EventConsumerService",
            {"Deliver": unary(deliver, delivery.DeliverRequest, delivery.DeliverResponse)}),
        grpc.method_handlers_generic_handler(
            "acme.orders.v1.OrderEventsService",
            {"HandleOrderPlaced": unary(handle_order_placed, orders.OrderPlaced, orders.HandleOrderPlacedResponse)}),
    ))
    bound = server.add_insecure_port("127.0.0.1:" + port)
    server.start()
    print("listening %d" % bound, flush=True)
    sys.stdin.read()
    os._exit(0)


main()
