// An application on @grpc/grpc-js that behaves as each event tells it; see ../README.md.
'use strict';

const crypto = require('node:crypto');
const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const protos = path.join(__dirname, '../../../protos');
const definition = loader.loadSync(
  ['sidecar/delivery/v1/delivery.proto', 'acme/orders/v1/order_events.proto'],
  { includeDirs: [protos], keepCase: true, longs: String, enums: String, defaults: false });
const { sidecar, acme } = grpc.loadPackageDefinition(definition);

function behaviourOf(headers) {
  const said = (headers || []).find(header => header.name === 'test-behaviour');
  if (!said || !said.value) return {};
  const pairs = said.value.toString('utf8').split(';').map(pair => pair.split('='));
  return Object.fromEntries(pairs.map(([name, ...value]) => [name, value.join('=') || true]));
}

// A message with one or two fields of bytes or text, as protobuf writes it.
function message(...fields) {
  return Buffer.concat(fields.flatMap(([number, value]) => {
    const bytes = Buffer.from(value);
    return [Buffer.from([(number << 3) | 2, bytes.length]), bytes];
  }));
}

function varint(value) {
  const bytes = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
  return [...bytes, value];
}

function retryInfo(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  const nanos = (milliseconds % 1000) * 1e6;
  const delay = Buffer.from([0x08, ...varint(seconds), 0x10, ...varint(nanos)]);
  const any = message([1, 'type.googleapis.com/google.rpc.RetryInfo'], [2, message([1, delay])]);
  return Buffer.concat([Buffer.from([0x08, 0x0a]), message([2, 'again later'], [3, any])]);
}

function digest(bytes) {
  if (bytes == null) return null;
  return `${bytes.length}:${crypto.createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`;
}

function seenByCaller(call) {
  const left = call.getDeadline();
  return {
    left_ms: Math.round((left instanceof Date ? left.getTime() : left) - Date.now()),
    traceparent: call.metadata.get('traceparent')[0],
  };
}

// Everything that fails or never answers; true: the call has been dealt with.
function misbehave(call, callback, behaviour) {
  if (behaviour.die) process.kill(process.pid, 'SIGKILL');
  if (behaviour.die || behaviour.sleep) return true;
  if (behaviour['headers-first']) call.sendMetadata(new grpc.Metadata());
  if (!behaviour.status) return false;
  const metadata = new grpc.Metadata();
  if (behaviour.details) metadata.set('grpc-status-details-bin', retryInfo(Number(behaviour.details)));
  if (behaviour.pushback) metadata.set('grpc-retry-pushback-ms', behaviour.pushback);
  callback({ code: grpc.status[behaviour.status], details: behaviour.message || '', metadata });
  return true;
}

function deliver(call, callback) {
  const event = call.request.event;
  const behaviour = behaviourOf(event.headers);
  if (misbehave(call, callback, behaviour)) return;
  if (behaviour.echo) {
    const reason = JSON.stringify({
      id: event.id, source: event.source, type: event.type, subject: event.subject, time: event.time,
      content_type: event.content_type, key: event.key?.toString('hex') ?? null, data: digest(event.data),
      headers: event.headers.map(header => [header.name, header.value?.toString('hex') ?? null]),
      position: event.position, subscription: event.subscription, attempt: event.attempt,
      delivery_id: event.delivery_id, ...seenByCaller(call),
    });
    callback(null, { result: { verdict: 'VERDICT_REJECT', reason } });
  } else if (behaviour.verdict) {
    const after = Number(behaviour.after || 0);
    callback(null, {
      result: {
        verdict: 'VERDICT_' + behaviour.verdict, reason: behaviour.reason || '',
        retry_after: behaviour.after && { seconds: Math.floor(after / 1000), nanos: (after % 1000) * 1e6 },
      },
    });
  } else {
    callback(null, {});
  }
}

const HeaderList = definition['sidecar.delivery.v1.HeaderList'];

function handleOrderPlaced(call, callback) {
  const packed = call.metadata.get('sidecar-headers-bin')[0];
  const headers = packed ? HeaderList.deserialize(packed).headers : [];
  const behaviour = behaviourOf(headers);
  if (misbehave(call, callback, behaviour)) return;
  const trailers = new grpc.Metadata();
  if (behaviour.echo) {
    const text = name => call.metadata.get(name)[0] ?? null;
    trailers.set('sidecar-verdict', 'reject');
    trailers.set('sidecar-reason', JSON.stringify({
      order_id: call.request.order_id ?? null, total_cents: call.request.total_cents ?? null,
      id: text('ce-id'), type: text('ce-type'), source: text('ce-source'), topic: text('sidecar-topic'),
      partition: text('sidecar-partition'), offset: text('sidecar-offset'), attempt: text('sidecar-attempt'),
      delivery_id: text('sidecar-delivery-id'), key: text('sidecar-key-bin')?.toString('hex') ?? null,
      tombstone: text('sidecar-tombstone'), omitted: text('sidecar-headers-omitted'),
      headers: headers.map(header => [header.name, header.value?.toString('hex') ?? null]), ...seenByCaller(call),
    }));
  } else if (behaviour.verdict) {
    trailers.set('sidecar-verdict', behaviour.verdict);
    if (behaviour.after) trailers.set('sidecar-retry-after', behaviour.after);
    if (behaviour.reason) trailers.set('sidecar-reason', behaviour.reason);
  }
  callback(null, {}, trailers);
}

function option(name) {
  const at = process.argv.indexOf(name);
  return at < 0 ? null : process.argv[at + 1] ?? '';
}

const limit = process.argv.includes('--stock') ? {} : { 'grpc.max_receive_message_length': -1 };
const server = new grpc.Server(limit);
server.addService(sidecar.delivery.v1.EventConsumerService.service, { Deliver: deliver });
server.addService(acme.orders.v1.OrderEventsService.service, { HandleOrderPlaced: handleOrderPlaced });
server.bindAsync(`127.0.0.1:${option('--port') || 0}`, grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(`listening ${port}`);
});
process.stdin.resume().on('end', () => process.exit(0));
