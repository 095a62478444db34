/** The bus between servers over a real nats-server. Not part of the normal run: `test:cluster`. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { parseBus, parseBusCredentials } from '../../packages/server/src/bus/bus-address.ts';
import { connectToNats } from '../../packages/server/src/bus/nats-connection.ts';
import { openNatsWire } from '../../packages/server/src/bus/nats-wire.ts';
import { busSuite } from '../suites/bus.suite.ts';
import { withCode } from '../support/code.ts';
import { startNats, withoutNats } from '../support/nats-server.ts';
import { scratchFolder } from '../support/scratch.ts';
import { netOfServers } from '../support/server-net.ts';

const refused =
  (words: RegExp) =>
  (error: Error): boolean =>
    withCode('CONFIG')(error) && words.test(error.message);

describe('the connection to NATS', withoutNats, () => {
  test('it comes back by itself when NATS does, and its subscriptions with it', async (t) => {
    const server = await startNats(t);
    const line = await connectToNats(parseBus(server.url), { name: 'test' });
    t.after(line.close);
    const heard: string[] = [];
    line.nats.subscribe('x', { callback: (_, message) => void heard.push(message.string()) });
    const changes: boolean[] = [];
    const down = Promise.withResolvers<void>();
    const up = Promise.withResolvers<void>();
    line.onChange((isUp) => {
      changes.push(isUp);
      (isUp ? up : down).resolve();
    });
    await server.kill();
    await down.promise;
    assert.equal(line.isUp, false);
    await server.start();
    await up.promise;
    line.nats.publish('x', 'again');
    await line.nats.flush();
    assert.deepEqual([changes, heard], [[false, true], ['again']]);
  });

  test('who is not known is told so at once; each kind of credentials lets in', async (t) => {
    const seed = 'SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY';
    const ofSeed = 'UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4';
    const ways: readonly (readonly [string, string, string])[] = [
      ['authorization { user: a, password: "b:c@d" }', 'a:b%3Ac%40d', 'a:b:c@d\n'],
      ['authorization { token: "s3cret" }', 's3cret', 's3cret\n'],
      [`authorization { users: [ { nkey: ${ofSeed} } ] }`, '', `${seed}\n`],
    ];
    for (const [config, who, file] of ways) {
      const server = await startNats(t, config);
      const plain = parseBus(server.url);
      await assert.rejects(connectToNats(plain, { name: 'test' }), refused(/does not know these/));
      const fromFile = { ...plain, credentials: parseBusCredentials(file) };
      await (await connectToNats(fromFile, { name: 'test' })).close();
      if (who === '') continue;
      const fromUrl = parseBus(`nats://${who}@127.0.0.1:${server.port}`);
      await (await connectToNats(fromUrl, { name: 'test' })).close();
    }
  });

  test('with tls:// nothing goes in the clear, and a certificate that nobody vouches for is refused', async (t) => {
    const folder = scratchFolder(t);
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const made = spawnSync('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'],
      ...['-keyout', key, '-out', cert],
    ]);
    assert.equal(made.status, 0);
    const plain = await startNats(t);
    const tls = await startNats(t, `tls { cert_file: "${cert}", key_file: "${key}" }`);
    const to = (port: number) => connectToNats(parseBus(`tls://127.0.0.1:${port}`), { name: 'test' });
    await assert.rejects(to(plain.port), refused(/tls/));
    await assert.rejects(to(tls.port), refused(/self.signed/));
  });
});

if (withoutNats.skip === false) {
  const server = await startNats({ after });
  busSuite('servers over NATS', () =>
    netOfServers(async (id, ears) => {
      const line = await connectToNats(parseBus(server.url), { name: 'test' });
      return openNatsWire(line, { name: 'test', id, ears });
    }),
  );
} else process.stdout.write(`SKIPPED: the bus over NATS (${withoutNats.skip})\n`);
