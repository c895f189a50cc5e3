"""Receives events by the generic contract. Usage: pip install -r requirements.txt && python consumer.py [127.0.0.1:50051]"""
import signal
import sys
from concurrent import futures
from pathlib import Path

import grpc
from google.protobuf.message import DecodeError

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "protos"))
delivery, contract = grpc.protos_and_services("sidecar/delivery/v1/delivery.proto")
orders = grpc.protos("acme/orders/v1/order_events.proto")


class Consumer(contract.EventConsumerServiceServicer):
    def Deliver(self, request, context):
        event = request.event
        if event.type != "acme.orders.v1.OrderPlaced" or not event.HasField("data"):
            # The agent holds the event and says so: nothing is lost until a version that knows it is here.
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"no handler for {event.type or 'a tombstone'}")
        try:
            order = orders.OrderPlaced.FromString(event.data)
        except DecodeError as error:
            return delivery.DeliverResponse(result=delivery.Result(verdict="VERDICT_REJECT", reason=str(error)))
        print(f"{order.order_id} #{order.sequence} attempt {event.attempt}", flush=True)
        return delivery.DeliverResponse(result=delivery.Result(verdict="VERDICT_ACK"))


address = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50051"
server = grpc.server(futures.ThreadPoolExecutor(32), options=[("grpc.max_receive_message_length", 32 * 1024 * 1024)])
contract.add_EventConsumerServiceServicer_to_server(Consumer(), server)
server.add_insecure_port(address)
server.start()
print(f"listening on {address}", flush=True)
signal.signal(signal.SIGTERM, lambda *_: server.stop(10))
server.wait_for_termination()
