/** Peers that are no clients. Whatever they send, the server lives on and serves the next one. */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { describe, it } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { limits, rootPath } from '@ferry/protocol';
import { stat } from '@ferry/protocol/messages';
import { encodeFrame, frameHeaderBytes, Kind, writeFrameHeader } from '@ferry/protocol/wire';
import { logInto } from '../support/client.ts';
import { withCode } from '../support/code.ts';
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

  it('that comes in numbers and says nothing cannot keep its places', async (t) => {
    const server = await startServer(t, { dir: scratchFolder(t), args: ['--open'] });
    const silent = await Promise.all(
      Array.from({ length: limits.strangers + limits.strangersWaiting }, async () => {
        const socket = connectTcp(server.port, server.host);
        socket.on('error', () => {});
        await once(socket, 'connect');
        return socket;
      }),
    );
    await assert.rejects(logInto(server), withCode('CONNECT_FAILED'));
    for (const socket of silent) socket.destroy();
    // Their ends reach the server in their own time.
    for (let inside = false; !inside; ) {
      inside = await isWell(server).then(
        () => true,
        (error: unknown) => !withCode('CONNECT_FAILED')(error),
      );
    }
  });

  it('does not keep honest clients out that come in numbers', async (t) => {
    const server = await startServer(t, { dir: scratchFolder(t), args: ['--open'] });
    const sessions = await Promise.all(Array.from({ length: 3 * limits.strangers }, () => logInto(server)));
    assert.equal(sessions.length, 3 * limits.strangers);
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
