"""Writes orders, and publishes an event for each change in the same transaction, on PostgreSQL.

Usage: python3 producer.py postgresql://user:password@host/database [orders] [events for each]

Needs psycopg2, protobuf and protoc (Debian: python3-psycopg2 python3-protobuf protobuf-compiler
libprotobuf-dev), and the outbox:
outbox-relay init --apply --postgres postgresql://...
"""
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg2

# The messages are made from the contract at each start; a service of yours would make them in its build.
protos, made = Path(__file__).resolve().parents[2] / "protos", tempfile.mkdtemp()
files = ("sidecar/options/v1/options.proto", "acme/orders/v1/order_events.proto")
subprocess.run(["protoc", f"-I{protos}", f"--python_out={made}", *files], check=True)
sys.path.insert(0, made)
from acme.orders.v1.order_events_pb2 import OrderPlaced  # noqa: E402

HEADERS = '{"ce_type": "acme.orders.v1.OrderPlaced", "content-type": "application/protobuf"}'

if len(sys.argv) < 2:
    sys.exit(__doc__)
orders = int(sys.argv[2]) if len(sys.argv) > 2 else 100
events = int(sys.argv[3]) if len(sys.argv) > 3 else 5
connection = psycopg2.connect(sys.argv[1])
with connection, connection.cursor() as cursor:
    cursor.execute("CREATE TABLE IF NOT EXISTS orders"
                   "(id TEXT PRIMARY KEY, total_cents INTEGER NOT NULL, changes INTEGER NOT NULL)")

for sequence in range(1, events + 1):
    for number in range(1, orders + 1):
        order = OrderPlaced(order_id=f"order-{number:04}", customer_id=f"customer-{number % 17}",
                            total_cents=1000 * sequence + number, sequence=sequence)
        # One transaction: it commits at the end of the block, or is rolled back if anything in it fails.
        with connection, connection.cursor() as cursor:
            cursor.execute("INSERT INTO orders VALUES (%s, %s, 1) ON CONFLICT (id) DO UPDATE "
                           "SET total_cents = excluded.total_cents, changes = orders.changes + 1",
                           (order.order_id, order.total_cents))
            cursor.execute("SELECT outbox.publish('orders.v1', %s, %s::bytea, %s)",
                           (order.order_id, order.SerializeToString(), HEADERS))
        print(f"{order.order_id} #{sequence} committed", flush=True)
