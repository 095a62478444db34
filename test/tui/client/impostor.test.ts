/** Somebody else answers in the server's place. Nothing of what the client has to say reaches them. */

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import type { AddressInfo, Socket } from 'node:net';
import { after, test } from 'node:test';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import { BlockPool } from '@ferry/protocol/content';
import { dial } from '@ferry/protocol/link';
import { type Fingerprint, fingerprintOf } from '@ferry/protocol/session';
import { makeCertificate } from '../../../packages/server/src/access/certificate.ts';
import { deviceKey } from '../../../packages/tui/src/client/device-key.ts';
import { Session, type SessionSpec } from '../../../packages/tui/src/client/session.ts';
import { withCode } from '../../support/code.ts';
import { runs } from '../../support/random.ts';
import { scratchFolder } from '../../support/scratch.ts';

const newCertificate = () => makeCertificate('ferryd', new Date(0), new Date(4e12));
const real = newCertificate();

function fingerprintIn({ cert }: { cert: string }): Fingerprint {
  return fingerprintOf(new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' }));
}

type Impostor = {
  readonly port: number;
  /** Bytes that came out of TLS, of all connections. */
  readonly heard: () => number;
  /** Connections that it answered with its own key. */
  readonly dialled: () => number;
  /** Handshakes that both sides have finished. */
  readonly handshakes: () => number;
  /** Those of them that went on with an earlier session. */
  readonly resumed: () => number;
  /** Resolves when every connection so far has ended, and with it all that could have arrived. */
  readonly quiet: () => Promise<void>;
};

/** Ends TLS with its own key, as one who sits on the line would, and listens. */
async function startImpostor(options: TlsOptions = {}): Promise<Impostor> {
  let heard = 0;
  let dialled = 0;
  let handshakes = 0;
  let resumed = 0;
  const open = new Set<Socket>();
  const server: Server = createServer({ ...newCertificate(), ALPNProtocols: ['ferry/1'], ...options });
  server.on('connection', (socket: Socket) => {
    dialled += 1;
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    handshakes += 1;
    if (socket.isSessionReused()) resumed += 1;
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      heard += bytes.length;
    });
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  after(() => server.close());
  return {
    port: (server.address() as AddressInfo).port,
    heard: () => heard,
    dialled: () => dialled,
    handshakes: () => handshakes,
    resumed: () => resumed,
    quiet: async () => {
      while (open.size > 0) await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

function specFor(port: number, home: string, fingerprint: Fingerprint): SessionSpec {
  return {
    host: '127.0.0.1',
    port,
    fingerprint,
    device: deviceKey(`${home}/device.key`),
    token: Buffer.alloc(16, 7),
    client: 'test',
    pool: new BlockPool(),
  };
}

const silent = { event: () => {}, end: () => {} };

test('an impostor hears nothing: every login stops at the handshake (AUTH-16)', async (t) => {
  const impostor = await startImpostor();
  const spec = specFor(impostor.port, scratchFolder(t), fingerprintIn(real));
  const logins = runs(1000);
  const together = 20;
  for (let i = 0; i < logins; i += together) {
    const tries = Array.from({ length: together }, () => Session.open(spec, silent));
    await Promise.all(tries.map((login) => assert.rejects(login, withCode('PIN_MISMATCH'))));
  }
  await impostor.quiet();
  t.diagnostic(
    `count: interposed handshakes ${impostor.dialled()}, bytes that the impostor got ${impostor.heard()}`,
  );
  assert.equal(impostor.dialled(), logins);
  assert.equal(impostor.heard(), 0);
});

test('the same impostor hears a client that takes any key: the count can be other than 0', async (t) => {
  const own = newCertificate();
  const impostor = await startImpostor(own);
  const over = new AbortController();
  const spec = specFor(impostor.port, scratchFolder(t), fingerprintIn(own));
  const login = assert.rejects(Session.open(spec, silent, { signal: over.signal }), withCode('CANCELLED'));
  while (impostor.heard() === 0) await new Promise((resolve) => setImmediate(resolve));
  over.abort();
  await login;
});

test('a server that offers only an older TLS is refused (AUTH-19)', async (t) => {
  const impostor = await startImpostor({ ...real, maxVersion: 'TLSv1.2' });
  const spec = specFor(impostor.port, scratchFolder(t), fingerprintIn(real));
  await assert.rejects(Session.open(spec, silent), withCode('CONNECT_FAILED'));
  assert.equal(impostor.handshakes(), 0);
});

test('no session is resumed, though the server hands out tickets: each handshake shows the key (AUTH-18)', async () => {
  const server = await startImpostor(real);
  let shown = 0;
  for (let i = 0; i < 10; i++) {
    const link = await dial({
      host: '127.0.0.1',
      port: server.port,
      check: (spki) => {
        if (fingerprintOf(spki) === fingerprintIn(real)) shown += 1;
      },
    });
    const ended = new Promise((resolve) =>
      link.start({ onData: () => {}, onDrain: () => {}, onEnd: resolve }),
    );
    link.close();
    await ended;
  }
  assert.deepEqual([shown, server.resumed()], [10, 0]);
});
