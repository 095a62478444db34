/** Peers that are no clients. Whatever they send, the server lives on and serves the next one. */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { limits, rootPath } from '@ferry/protocol';
import { stat } from '@ferry/protocol/messages';
import { encodeFrame, frameHeaderBytes, Kind, writeFrameHeader } from '@ferry/protocol/wire';
import { logInto } from '../support/client.ts';
import { scratchFolder } from '../support/scratch.ts';
import { type Server, startServer } from '../support/server.ts';

async function openTls({ host, port }: Server): Promise<TLSSocket> {
  const socket = connectTls({ host, port, rejectUnauthorized: false, minVersion: 'TLSv1.3' });
  await once(socket, 'secureConnect');
  socket.on('error', () => {});
  return socket;
}

/** Sends bytes over TLS and waits until the server has closed. */
async function tell(server: Server, bytes: Buffer): Promise<Buffer> {
  const socket = await openTls(server);
  const answer: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => answer.push(chunk));
  socket.write(bytes);
  await once(socket, 'close');
  return Buffer.concat(answer);
}

/** Connections that say nothing, or only `said`; some may have to go at once. */
async function comeSilently(
  { host, port }: Server,
  count: number,
  localAddress: string,
  said?: Buffer,
): Promise<{ silent: () => number; close: () => void }> {
  const open = new Set<Socket>();
  const come = async (): Promise<void> => {
    const socket = connectTcp({ host, port, localAddress });
    open.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => open.delete(socket));
    socket.resume();
    await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
    if (said !== undefined) socket.write(said);
  };
  for (let left = count; left > 0; left -= 100)
    await Promise.all(Array.from({ length: Math.min(100, left) }, come));
  return {
    silent: () => open.size,
    close: () => {
      for (const socket of open) socket.destroy();
    },
  };
}

async function isWell(server: Server): Promise<void> {
  const { channel } = await logInto(server);
  await channel.call(stat, { path: rootPath });
  channel.close();
  // A worker that died would have been replaced by now, and nobody would notice.
  assert.doesNotMatch(server.log(), / died /);
}

function headerOnly(length: number, kind: number): Buffer {
  const header = Buffer.alloc(frameHeaderBytes);
  writeFrameHeader(header, 0, kind, 1, length);
  return header;
}

/** Bytes that depend on the seed alone. */
function noise(seed: string, length: number): Buffer {
  return createHash('shake256', { outputLength: length }).update(seed).digest();
}

describe('a hostile peer', () => {
  it('that speaks no TLS is closed (PROT-19)', async (t) => {
    const server = await startServer(t, { dir: scratchFolder(t), args: ['--open'] });
    const greetings = [
      'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
      'SSH-2.0-OpenSSH_9.9\r\n',
      '\x16\x03\x01\xff\xff',
    ];
    for (const bytes of [...greetings.map((text) => Buffer.from(text, 'latin1'))]) {
      const socket = connectTcp(server.port, server.host);
      socket.on('error', () => {});
      socket.resume();
      socket.end(bytes);
      await once(socket, 'close');
    }
    await server.logged(/refused: the TLS handshake failed \[CONNECTION_LOST\]/);
    await isWell(server);
  });

  it('that sends garbage inside TLS is closed (PROT-01, PROT-05)', async (t) => {
    const seed = randomBytes(4).toString('hex');
    t.diagnostic(`seed: ${seed} (noise inside TLS)`);
    const server = await startServer(t, { dir: scratchFolder(t), args: ['--open'] });
    const bombs = Buffer.concat([Buffer.alloc(2000, 0x91), Buffer.from([0x90])]);
    const hostile: [string, Buffer][] = [
      ['a frame of 4 GiB (PROT-01)', headerOnly(0xffff_fff0, Kind.hello)],
      ['a hello over the strangers’ limit', headerOnly(5000, Kind.hello)],
      ['a block before login', headerOnly(1000, Kind.block)],
      ['a frame shorter than its header', Buffer.alloc(9)],
      ['nested arrays (PROT-05)', encodeFrame(Kind.hello, 1, bombs)],
      ['a hello of nothing', encodeFrame(Kind.hello, 1, Buffer.from([0x90]))],
      ['an attach of nothing', encodeFrame(Kind.attach, 1, Buffer.from([0xc1]))],
      ['a reply to nobody', encodeFrame(Kind.reply, 1, Buffer.from([0x90]))],
      ['an unknown kind', encodeFrame(0xee as Kind, 1, Buffer.alloc(0))],
      ['noise', Buffer.concat([Buffer.from([0, 0]), noise(seed, 3000)])],
    ];
    for (const [what, bytes] of hostile) {
      await t.test(what, async () => {
        await tell(server, bytes);
      });
    }
    await isWell(server);
  });

  it('that hangs up in the middle of a frame harms nothing (PROT-04)', async (t) => {
    const server = await startServer(t, { dir: scratchFolder(t), args: ['--open'] });
    const socket = await openTls(server);
    socket.end(headerOnly(500, Kind.hello));
    socket.resume();
    await once(socket, 'close');
    await server.logged(/refused: /);
    await isWell(server);
  });

  it('that comes in numbers and says nothing keeps no honest client out (PROT-18)', async (t) => {
    const server = await startServer(t, { dir: scratchFolder(t), args: ['--open'] });
    const { silent, close } = await comeSilently(server, limits.strangers + 200, '127.0.0.9');
    t.after(close);
    for (let i = 0; i < 20; i++) await isWell(server);
    assert.ok(silent() < limits.strangers + 200, 'nobody had to go');
    assert.ok(silent() > limits.strangers / 2, 'more had to go than there had to');
  });

  it('that comes in numbers, begins to say something and stops keeps no honest client out (PROT-03)', async (t) => {
    const server = await startServer(t, { dir: scratchFolder(t), args: ['--open'] });
    const clientHello = Buffer.from('160301020001', 'hex');
    const { close } = await comeSilently(server, limits.strangers + 200, '127.0.0.9', clientHello);
    t.after(close);
    for (let i = 0; i < 20; i++) await isWell(server);
  });

  it('does not keep honest clients out that come in numbers', async (t) => {
    const server = await startServer(t, { dir: scratchFolder(t), args: ['--open'] });
    const sessions = await Promise.all(Array.from({ length: 300 }, () => logInto(server)));
    assert.equal(sessions.length, 300);
    for (const { channel } of sessions) channel.close();
  });

  it('is offered neither an old TLS nor a session to resume (PROT-20, PROT-27, AUTH-18)', async (t) => {
    const server = await startServer(t, { dir: scratchFolder(t), args: ['--open'] });
    const { host, port } = server;
    const old = connectTls({ host, port, rejectUnauthorized: false, maxVersion: 'TLSv1.2' });
    const [error] = (await once(old, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    const first = await openTls(server);
    const sessions: Buffer[] = [];
    first.on('session', (session: Buffer) => sessions.push(session));
    first.resume();
    first.end(headerOnly(500, Kind.hello));
    await once(first, 'close');
    for (const session of sessions) {
      const second = connectTls({ host, port, rejectUnauthorized: false, session });
      await once(second, 'secureConnect');
      assert.equal(second.isSessionReused(), false);
      second.destroy();
    }
  });
});
