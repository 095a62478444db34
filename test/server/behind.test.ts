/**
 * A server behind a balancer that says whose connection it passes on (PROXY protocol, version 2): what is said is believed of the
 * balancer alone, and whoever offends pays for it, not all who come that way.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { after, describe, it } from 'node:test';
import { tokenBytes } from '@ferry/protocol/messages';
import { parseBehind } from '../../packages/server/src/config.ts';
import { headBytes, originOf, restBytes } from '../../packages/server/src/worker/forwarded.ts';
import { logInto, newDevice, type Where } from '../support/client.ts';
import { withCode } from '../support/code.ts';
import { randomFrom, runs, seed } from '../support/random.ts';
import { type Afterwards, scratchFolder } from '../support/scratch.ts';
import { type Server, startServer } from '../support/server.ts';

const signature = '0d0a0d0a000d0a515549540a';

/** As haproxy writes it. */
function header(host: string, port: number, more = Buffer.alloc(0)): Buffer {
  const isV6 = host.includes(':');
  const address = isV6
    ? Buffer.from(
        host
          .split(':')
          .map((group) => Number.parseInt(group, 16))
          .flatMap((group) => [group >> 8, group & 255]),
      )
    : Buffer.from(host.split('.').map(Number));
  const ports = Buffer.from([port >> 8, port & 255, 0x1c, 0xd1]);
  const rest = Buffer.concat([address, address, ports, more]);
  return Buffer.concat([
    Buffer.from(`${signature}21${isV6 ? '21' : '11'}`, 'hex'),
    Buffer.from([rest.length >> 8, rest.length & 255]),
    rest,
  ]);
}

const local = Buffer.from(`${signature}20000000`, 'hex');

describe('what a balancer says', () => {
  const read = (bytes: Buffer): ReturnType<typeof originOf> => {
    const [head, rest] = [bytes.subarray(0, headBytes), bytes.subarray(headBytes)];
    assert.equal(restBytes(head), rest.length);
    return originOf(head, rest);
  };

  it('is an address of either kind, with whatever it says besides', () => {
    const extras = Buffer.from('0300040123456703000401234567', 'hex');
    assert.deepEqual(read(header('203.0.113.7', 40_000, extras)), { host: '203.0.113.7', port: 40_000 });
    const v6 = '2001:db8:0:0:0:0:0:1';
    assert.deepEqual(read(header(v6, 1)), { host: v6, port: 1 });
    assert.equal(read(local), undefined);
  });

  it('is refused when it is anything else', () => {
    const random = randomFrom(seed);
    const good = header('203.0.113.7', 40_000);
    for (let i = 0; i < runs(500); i++) {
      const bad = Buffer.from(good);
      const at = random(14);
      bad[at] = (bad[at] ?? 0) ^ (1 << random(8));
      let origin: ReturnType<typeof originOf>;
      try {
        restBytes(bad.subarray(0, headBytes));
        origin = originOf(bad.subarray(0, headBytes), bad.subarray(headBytes));
      } catch (error) {
        withCode('MALFORMED')(error);
        continue;
      }
      // One bit makes PROXY a LOCAL.
      assert.equal(origin, undefined, `bit of byte ${at} (seed ${seed})`);
    }
    const long = Buffer.from(good);
    long.writeUInt16BE(2049, 14);
    assert.throws(() => restBytes(long.subarray(0, headBytes)), withCode('MALFORMED'));
    const short = header('2001:db8:0:0:0:0:0:1', 1);
    assert.throws(
      () => originOf(short.subarray(0, headBytes), short.subarray(headBytes, -10)),
      withCode('MALFORMED'),
    );
  });
});

it('--behind takes addresses and networks, and nothing else', () => {
  const list = parseBehind(['10.0.0.5', '10.1.0.0/16', 'fd00::/64']);
  assert.deepEqual(
    ['10.0.0.5', '10.0.0.6', '10.1.2.3'].map((address) => list.check(address)),
    [true, false, true],
  );
  assert.deepEqual(
    ['fd00::9', 'fd01::9'].map((address) => list.check(address, 'ipv6')),
    [true, false],
  );
  for (const bad of ['', 'balancer', '10.0.0.5/33', '10.0.0.0/', '10.0.0.5:7377', 'fd00::/129'])
    assert.throws(() => parseBehind([bad]), withCode('USAGE'), bad);
});

/** Passes on what comes, after these bytes and in pieces of this size; gone after the test. */
async function startForwarder(
  afterwards: Afterwards,
  to: Server,
  { first, piece = 4096 }: { readonly first: () => Buffer; readonly piece?: number },
): Promise<Where> {
  const open = new Set<Socket>();
  const forwarder = createServer((client) => {
    const upstream = connectTcp(to.port, to.host);
    upstream.setNoDelay(true);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }
    const bytes = first();
    for (let at = 0; at < bytes.length; at += piece) upstream.write(bytes.subarray(at, at + piece));
    client.pipe(upstream).pipe(client);
  });
  forwarder.listen(0, '127.0.0.1');
  await once(forwarder, 'listening');
  afterwards.after(() => {
    for (const socket of open) socket.destroy();
    forwarder.close();
  });
  const address = forwarder.address();
  assert.ok(address !== null && typeof address === 'object');
  return { host: '127.0.0.1', port: address.port };
}

describe('a server behind a balancer', async () => {
  const server = await startServer(
    { after },
    { dir: scratchFolder({ after }), args: ['--behind', '127.0.0.1', '--open'] },
  );
  const through = (first: () => Buffer, piece?: number): Promise<Where> =>
    startForwarder({ after }, server, piece === undefined ? { first } : { first, piece });

  it('knows whose connection it is, however the bytes come', async () => {
    for (const [host, piece] of [
      ['203.0.113.7', 4096],
      ['203.0.113.8', 1],
      ['2001:db8:0:0:0:0:0:1', 5],
    ] as const) {
      const where = await through(() => header(host, 40_000), piece);
      const { channel } = await logInto(where);
      const shown = host.includes(':') ? `\\[${host}\\]` : host.replaceAll('.', '\\.');
      await server.logged(new RegExp(`${shown}:40000`));
      channel.close();
    }
  });

  it('takes nobody from the balancer of whom it does not say where they come from', async () => {
    for (const first of [() => Buffer.alloc(0), () => Buffer.from('PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n')]) {
      await assert.rejects(logInto(await through(first)), withCode('CONNECT_FAILED'));
      await server.logged(/did not say whose connection it is/);
    }
  });

  // Last but one: so many refusals fill the log.
  it('lets pay who offends, and nobody else who comes that way', async () => {
    const [bad, good] = await Promise.all(
      ['203.0.113.66', '203.0.113.67'].map((host) => through(() => header(host, 40_000))),
    );
    assert.ok(bad && good);
    const guess = { device: newDevice(), token: randomBytes(tokenBytes) };
    for (let i = 0; i < 10; i++) await assert.rejects(logInto(bad, guess));
    await assert.rejects(logInto(bad), withCode('AUTH_THROTTLED'));
    const { channel } = await logInto(good);
    channel.close();
  });

  it('does not mind that the balancer looks whether it is there', async () => {
    const socket = connectTcp(server.port, server.host);
    socket.end(local);
    socket.resume();
    await once(socket, 'close');
    const { channel } = await logInto(await through(() => header('203.0.113.9', 1)));
    channel.close();
  });
});
