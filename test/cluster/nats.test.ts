/** The bus between servers over a real nats-server. Not part of the normal run: `test:cluster`. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { parseBus, parseBusCredentials } from '../../packages/server/src/bus/bus-address.ts';
import { connectToNats } from '../../packages/server/src/bus/nats-connection.ts';
import { openNatsWire } from '../../packages/server/src/bus/nats-wire.ts';
import { busSuite } from '../suites/bus.suite.ts';
import { withCode } from '../support/code.ts';
import { startNats, startNatsCluster, withoutNats } from '../support/nats-server.ts';
import { scratchFolder } from '../support/scratch.ts';
import { netOfServers, type OpenWire, ServerNet, until } from '../support/server-net.ts';

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

const openAt =
  (url: () => string): OpenWire =>
  async (id, ears) => {
    const line = await connectToNats(parseBus(url()), { name: 'test' });
    return openNatsWire(line, { name: 'test', id, ears });
  };

describe('the bridge over NATS', { ...withoutNats, timeout: 60_000 }, () => {
  /** Two servers, and what a member of the second hears of one of the first. */
  async function two(t: TestContext, urls: readonly string[]) {
    let next = 0;
    const net = new ServerNet(openAt(() => urls[next++ % urls.length] ?? ''));
    const [a, b] = [await net.start(), await net.start()];
    const beats = setInterval(() => net.beat(), 50);
    const [speaks, hears] = [a.join(), b.join()];
    t.after(() => {
      clearInterval(beats);
      net.done();
      for (const { end } of [speaks, hears]) end();
    });
    const heard: string[] = [];
    await hears.bus.subscribe('x', {
      onMessage: (body) => heard.push(Buffer.from(body).toString()),
      onGap: () => heard.push('gap'),
    }).ready;
    await until(() => a.bridge.isSettled && b.bridge.isSettled);
    const say = (words: string): void => speaks.bus.publish('x', Buffer.from(words));
    say('ready');
    await until(() => heard.at(-1) === 'ready');
    heard.length = 0;
    return { a, b, heard, say };
  }

  test('a NATS that hangs, or is killed, cuts both off; what they said meanwhile is a gap when it is back', async (t) => {
    const nats = await startNats(t);
    const { a, b, heard, say } = await two(t, [nats.url]);
    say('one');
    await until(() => heard.length === 1);
    for (const [down, up] of [
      [nats.freeze, nats.go],
      [nats.kill, nats.start],
    ] as const) {
      heard.length = 0;
      await down();
      say('meanwhile');
      await until(() => !a.bridge.isWhole && !b.bridge.isWhole);
      assert.deepEqual([a.bridge.servers, b.bridge.servers], [[], []]);
      await up();
      await until(() => a.bridge.isWhole && b.bridge.isWhole && b.bridge.has(a.id));
      say('after');
      await until(() => heard.at(-1) === 'after');
      assert.ok(heard.slice(0, -1).includes('gap'), heard.join());
    }
    assert.ok(a.reach.length >= 5);
  });

  test('three nodes: each server on one of its own; one node less is a gap at most', async (t) => {
    const nodes = await startNatsCluster(t);
    const urls = nodes.map(({ url }) => url);
    const all = (first: number): string => [...urls.slice(first), ...urls.slice(0, first)].join(',');
    const { a, b, heard, say } = await two(t, [all(0), all(2)]);
    for (let i = 0; i < 100; i++) say(`${i}`);
    await until(() => heard.length >= 100);
    assert.deepEqual(heard, [...heard.keys()].map(String));
    for (const node of nodes.slice(0, 2)) {
      heard.length = 0;
      await node.kill();
      const began = performance.now();
      // Said until it is heard again: what is lost has been told of before.
      for (let i = 0; !heard.some((words) => words !== 'gap' && Number(words) > 0); i++) {
        say(`${i}`);
        await pause(20);
      }
      t.diagnostic(`count: heard again ${(performance.now() - began).toFixed(0)} ms after a node was killed`);
      const numbers = heard.filter((words) => words !== 'gap').map(Number);
      assert.ok(heard.includes('gap') || numbers.every((n, i) => n === i), heard.join());
      await node.start();
      await until(() => a.bridge.isWhole && b.bridge.isWhole);
    }
  });
});

if (withoutNats.skip === false) {
  const server = await startNats({ after });
  busSuite('servers over NATS', () =>
    netOfServers(
      openAt(() => server.url),
      150,
    ),
  );
  const nodes = await startNatsCluster({ after });
  let next = 0;
  busSuite('servers over three nodes of NATS', () =>
    netOfServers(
      openAt(() => nodes[next++ % nodes.length]?.url ?? ''),
      150,
    ),
  );
} else process.stdout.write(`SKIPPED: the bus over NATS (${withoutNats.skip})\n`);
