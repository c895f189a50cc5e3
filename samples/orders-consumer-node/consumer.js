// Receives events by the generic contract. Usage: npm install && node consumer.js [127.0.0.1:50051]
const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const protos = path.join(__dirname, '../../protos');
const load = (file) => grpc.loadPackageDefinition(
  loader.loadSync(file, { includeDirs: [protos], longs: String, enums: String, oneofs: true }));
const contract = load('sidecar/delivery/v1/delivery.proto').sidecar.delivery.v1;
// The request message of the team's own method is also how its events are read.
const OrderPlaced = load('acme/orders/v1/order_events.proto')
  .acme.orders.v1.OrderEventsService.service.HandleOrderPlaced.requestDeserialize;

function deliver({ request: { event } }, answer) {
  if (event.type !== 'acme.orders.v1.OrderPlaced' || event.data === undefined) {
    // The agent holds the event and says so: nothing is lost until a version that knows it is here.
    return answer({ code: grpc.status.UNIMPLEMENTED, details: `no handler for ${event.type || 'a tombstone'}` });
  }
  let order;
  try {
    order = OrderPlaced(event.data);
  } catch (error) {
    return answer(null, { result: { verdict: 'VERDICT_REJECT', reason: String(error) } });
  }
  console.log(`${order.orderId} #${order.sequence} attempt ${event.attempt}`);
  answer(null, { result: { verdict: 'VERDICT_ACK' } });
}

const server = new grpc.Server({ 'grpc.max_receive_message_length': 32 * 1024 * 1024 });
server.addService(contract.EventConsumerService.service, { Deliver: deliver });
const address = process.argv[2] || '127.0.0.1:50051';
server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
  console.log(`listening on ${address}`);
});
process.on('SIGTERM', () => server.tryShutdown(() => process.exit(0)));
