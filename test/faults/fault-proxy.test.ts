/** The failing line itself: each fault comes at its byte and changes nothing else. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { test } from 'node:test';
import { seededBytes } from '../support/content.ts';
import { type ConnectionPlan, type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { randomFrom } from '../support/random.ts';

const sent = seededBytes(300_000, 7);

type Echoed = {
  readonly bytes: Buffer;
  readonly ended: string;
  readonly ms: number;
  readonly proxy: FaultProxy;
};

/** Sends all of it through the proxy to somebody who sends it back. */
async function echo(plan: ConnectionPlan): Promise<Echoed> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const proxy = await startFaultProxy({ port: address.port, plan: () => plan, random: randomFrom(1) });
  const began = performance.now();
  const socket = connect(proxy.port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.end(sent);
  const ended = await new Promise<string>((resolve) => {
    socket.on('end', () => resolve('end'));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
  });
  const ms = performance.now() - began;
  socket.destroy();
  await proxy.close();
  server.close();
  return { bytes: Buffer.concat(chunks), ended, ms, proxy };
}

test('a line without faults carries everything both ways and counts it', async () => {
  const { bytes, ended, proxy } = await echo({ up: { slices: 2000 }, down: { slices: 10_000 } });
  assert.ok(bytes.equals(sent));
  assert.equal(ended, 'end');
  assert.deepEqual(proxy.bytes, { up: sent.length, down: sent.length });
  assert.deepEqual(proxy.happened, { reset: 0, end: 0, stall: 0, flip: 0 });
});

test('a flipped bit changes that bit alone', async () => {
  const { bytes } = await echo({ up: { faults: [{ kind: 'flip', at: 123_456, bit: 3 }] } });
  const expected = Buffer.from(sent);
  expected[123_456] = (expected[123_456] ?? 0) ^ 8;
  assert.ok(bytes.equals(expected));
});

test('a cut lets through what comes before it and nothing after, as a reset or as an end', async () => {
  const reset = await echo({ down: { faults: [{ kind: 'reset', at: 100_000 }] } });
  assert.equal(reset.ended, 'ECONNRESET');
  assert.equal(reset.proxy.bytes.down, 100_000);
  const end = await echo({ down: { faults: [{ kind: 'end', at: 100_000 }] } });
  assert.equal(end.ended, 'end');
  assert.ok(end.bytes.equals(sent.subarray(0, 100_000)));
});

test('a stalled and a slow line take their time and lose nothing', async () => {
  const stalled = await echo({ up: { faults: [{ kind: 'stall', at: 5, ms: 200 }] } });
  assert.ok(stalled.ms >= 199);
  assert.ok(stalled.bytes.equals(sent));
  const slow = await echo({ down: { bytesPerSecond: 1_000_000 } });
  assert.ok(slow.ms >= 290);
  assert.ok(slow.bytes.equals(sent));
});
