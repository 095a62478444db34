import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as rest } from 'node:timers/promises';
import { createSecureContext } from 'node:tls';
import { Worker } from 'node:worker_threads';
import { Code, FerryError } from '@ferry/protocol';
import { acceptTls, dial, type Link, memoryLinks } from '@ferry/protocol/link';
import { fingerprintOf } from '@ferry/protocol/session';
import { readOrMakeIdentity } from '@ferry/server/access/identity';
import { linkSuite } from '../suites/link.suite.ts';
import { type ConnectionPlan, startFaultProxy } from '../support/fault-proxy.ts';
import { randomFrom } from '../support/random.ts';

linkSuite('memory', async () => memoryLinks());
linkSuite('memory, slow and in small pieces', async () =>
  memoryLinks({ latencyMs: 2, pieceBytes: 5000, capacityBytes: 200_000 }),
);

const home = mkdtempSync(join(tmpdir(), 'ferry-link-'));
const identity = readOrMakeIdentity(join(home, 'identity.pem'), Date.now());
const secureContext = createSecureContext({ key: identity.key, cert: identity.cert, minVersion: 'TLSv1.3' });
process.on('exit', () => rmSync(home, { recursive: true, force: true }));

async function overTls(
  check: (spki: Buffer) => void = () => {},
  plan?: ConnectionPlan,
): Promise<{ a: Link; b: Link; done: () => void }> {
  const { promise: accepted, resolve } = Promise.withResolvers<Link>();
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    acceptTls(socket, secureContext).then(resolve, () => socket.destroy());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const proxy =
    plan && (await startFaultProxy({ port: address.port, plan: () => plan, random: randomFrom(1) }));
  const done = (): void => {
    server.close();
    void proxy?.close();
  };
  try {
    const a = await dial({ host: '127.0.0.1', port: proxy?.port ?? address.port, check });
    return { a, b: await accepted, done };
  } catch (error) {
    done();
    throw error;
  }
}

linkSuite('TLS over loopback', () => overTls());

test('the key that is checked is the certificate’s, before any byte is sent; a refused one ends it (AUTH-16)', async () => {
  let shown: string | undefined;
  const { a, done } = await overTls((spki) => {
    shown = fingerprintOf(spki);
  });
  assert.equal(shown, identity.fingerprint);
  a.abort(new FerryError(Code.CANCELLED, 'over'));
  done();
  const refuse = (): never => {
    throw new FerryError(Code.PIN_MISMATCH, 'not you');
  };
  await assert.rejects(
    overTls(refuse),
    (error) => error instanceof FerryError && error.code === Code.PIN_MISMATCH,
  );
});

for (const way of ['up', 'down'] as const) {
  test(`a flipped bit on its way ${way} ends both sides at once (XFER-01)`, { timeout: 20_000 }, async () => {
    // Beyond the handshake, in the content of a record.
    const plan = { [way]: { faults: [{ kind: 'flip', at: 8000, bit: 3 }] } } as const;
    const { a, b, done } = await overTls(() => {}, plan);
    const got: Buffer[] = [];
    const ended = [a, b].map(
      (link) =>
        new Promise((resolve) => {
          link.start({ onData: (bytes) => got.push(Buffer.from(bytes)), onDrain: () => {}, onEnd: resolve });
        }),
    );
    (way === 'up' ? a : b).send(Buffer.alloc(10_000, 'x'));
    await Promise.all(ended);
    assert.ok(Buffer.concat(got).every((byte) => byte === 'x'.charCodeAt(0)));
    done();
  });
}

test('what arrives on either side of TLS comes in one buffer that is used again', async () => {
  const { a, b, done } = await overTls();
  const seen = new Set<ArrayBufferLike>();
  const { promise: got, resolve: onAll } = Promise.withResolvers<void>();
  let count = 0;
  const each = 200_000;
  const ended = [a, b].map(
    (link) =>
      new Promise((onEnd) => {
        const onData = (bytes: Buffer): void => {
          seen.add(bytes.buffer);
          count += bytes.length;
          if (count === 2 * each) onAll();
        };
        link.start({ onData, onDrain: () => {}, onEnd });
      }),
  );
  for (const link of [a, b]) link.send(Buffer.alloc(each));
  await got;
  assert.equal(seen.size, 1);
  a.close();
  await Promise.all(ended);
  done();
});

test('a dead line ends both sides', async () => {
  const { a, b, cut } = memoryLinks();
  const ended = [a, b].map(
    (link) =>
      new Promise<FerryError | undefined>((resolve) => {
        link.start({ onData: () => {}, onDrain: () => {}, onEnd: resolve });
      }),
  );
  cut();
  for (const end of await Promise.all(ended)) assert.equal(end?.code, Code.CONNECTION_LOST);
});

test('a record that is damaged before anybody listens ends the link (it ended the program)', async () => {
  const { promise: gone, resolve: onGone } = Promise.withResolvers<void>();
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.once('close', () => onGone());
    acceptTls(socket, secureContext).then(
      () => socket.write(Buffer.concat([Buffer.from([0x17, 3, 3, 0, 32]), Buffer.alloc(32)])),
      () => socket.destroy(),
    );
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const link = await dial({ host: '127.0.0.1', port: address.port, check: () => {} });
  link.resume();
  await gone;
  const ended = new Promise<FerryError | undefined>((resolve) => {
    link.start({ onData: () => {}, onDrain: () => {}, onEnd: resolve });
  });
  assert.equal((await ended)?.code, Code.CONNECTION_LOST);
  server.close();
});

/** Takes two connections and, until it is told, no more: the system drops what asks for another. */
const fullServer = `
const { workerData, parentPort } = require('node:worker_threads');
const server = require('node:net').createServer((socket) => socket.destroy());
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  parentPort.postMessage(server.address().port);
  Atomics.wait(workerData, 0, 0);
});`;

/** Sockets of this machine that ask for that port and have no answer. */
function asking(port: number): number {
  const wanted = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')} 02 `;
  return readFileSync('/proc/net/tcp', 'utf8').split(wanted).length - 1;
}

const noProc = existsSync('/proc/net/tcp') ? false : 'sockets cannot be counted here';

test('who does not answer is asked by another socket each second, and none is left behind', {
  skip: noProc,
}, async (t) => {
  const held = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(fullServer, { eval: true, workerData: held });
  t.after(() => worker.terminate());
  const [port] = (await once(worker, 'message')) as [number];
  const crowd = [1, 2].map(() => connect({ port, host: '127.0.0.1' }));
  t.after(() => {
    for (const socket of crowd) socket.destroy();
  });
  await Promise.all(crowd.map((socket) => once(socket, 'connect')));
  const given = new AbortController();
  const dialling = dial({ host: '127.0.0.1', port, check: () => {}, signal: given.signal });
  const taken = assert.rejects(
    dial({ host: '127.0.0.1', port, check: () => {} }),
    // What answers in the end speaks no TLS: no socket that still asks is waited for.
    (error: FerryError) => error.code === Code.CONNECT_FAILED,
  );
  while (asking(port) < 4) await rest(20);
  given.abort();
  await assert.rejects(dialling, (error: FerryError) => error.code === Code.CANCELLED);
  while (asking(port) > 2) await rest(20);
  Atomics.store(held, 0, 1);
  Atomics.notify(held, 0);
  await taken;
  assert.equal(asking(port), 0);
});
