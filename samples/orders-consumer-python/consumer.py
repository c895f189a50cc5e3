"""Receives events by the generic contract. Usage: python3 consumer.py [127.0.0.1:50051]

Needs grpcio, protobuf and protoc (Debian: python3-grpcio python3-protobuf protobuf-compiler
libprotobuf-dev).
"""
import signal
import subprocess
import sys
import tempfile
from concurrent import futures
from pathlib import Path

import grpc
from google.protobuf.message import DecodeError

# The messages are made from the contract at each start; a service of yours would make them in its build.
protos, made = Path(__file__).resolve().parents[2] / "protos", tempfile.mkdtemp()
files = ("sidecar/delivery/v1/delivery.proto", "sidecar/options/v1/options.proto", "acme/orders/v1/order_events.proto")
subprocess.run(["protoc", f"-I{protos}", f"--python_out={made}", *files], check=True)
sys.path.insert(0, made)
from acme.orders.v1.order_events_pb2 import OrderPlaced  # noqa: E402
from sidecar.delivery.v1.delivery_pb2 import DeliverRequest, DeliverResponse, Result  # noqa: E402


def deliver(request, context):
    event = request.event
    if event.type != "acme.orders.v1.OrderPlaced" or not event.HasField("data"):
        # The agent holds the event and says so: nothing is lost until a version that knows it is here.
        context.abort(grpc.StatusCode.UNIMPLEMENTED, f"no handler for {event.type or 'a tombstone'}")
    try:
        order = OrderPlaced.FromString(event.data)
    except DecodeError as error:
        return DeliverResponse(result=Result(verdict="VERDICT_REJECT", reason=str(error)))
    print(f"{order.order_id} #{order.sequence} attempt {event.attempt}", flush=True)
    return DeliverResponse(result=Result(verdict="VERDICT_ACK"))


address = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50051"
server = grpc.server(futures.ThreadPoolExecutor(32), options=[("grpc.max_receive_message_length", 32 * 1024 * 1024)])
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("sidecar.delivery.v1.EventConsumerService", {
    "Deliver": grpc.unary_unary_rpc_method_handler(deliver, DeliverRequest.FromString, DeliverResponse.SerializeToString),
}),))
server.add_insecure_port(address)
server.start()
print(f"listening on {address}", flush=True)
signal.signal(signal.SIGTERM, lambda *_: server.stop(10))
server.wait_for_termination()
