/** What several servers keep together, over a real nats-server. Not part of the normal run: `test:cluster`. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Code, FerryError } from '@ferry/protocol';
import { AccessFile } from '../../packages/server/src/access/access-file.ts';
import { accessReplica } from '../../packages/server/src/access/access-replica.ts';
import { AccessStore, hashOf } from '../../packages/server/src/access/access-store.ts';
import { type AccessChanges, sharedAccess } from '../../packages/server/src/access/operations.ts';
import { parseBus } from '../../packages/server/src/bus/bus-address.ts';
import { connectToNats } from '../../packages/server/src/bus/nats-connection.ts';
import { NatsLog } from '../../packages/server/src/bus/nats-log.ts';
import { Replica } from '../../packages/server/src/replica/replica.ts';
import { sharedLogSuite } from '../suites/shared-log.suite.ts';
import { withCode } from '../support/code.ts';
import { startNatsCluster } from '../support/nats-cluster.ts';
import { startNats, type TestNats, withoutNats } from '../support/nats-server.ts';
import { randomFrom, runs, seed } from '../support/random.ts';
import { scratchFolder } from '../support/scratch.ts';

type Node = { readonly store: AccessStore; readonly changes: AccessChanges };

async function enter(
  t: TestContext,
  nats: Pick<TestNats, 'url'>,
  path: string,
  baseEvery = 1000,
): Promise<Node> {
  const line = await connectToNats(parseBus(nats.url), { name: 'test' });
  t.after(line.close);
  const file = new AccessFile(path, { isReplica: true });
  const log = new NatsLog(line, { name: 'test', what: 'accounts' });
  const replica = new Replica(accessReplica(path, file), { log, baseEvery });
  t.after(async () => {
    await replica.close();
    file.close();
  });
  await replica.start();
  const changes = sharedAccess((order) => replica.change(order));
  return { store: new AccessStore(file), changes };
}

describe('over NATS', withoutNats, async () => {
  if (withoutNats.skip !== false) return;
  const ends: (() => void)[] = [];
  const nats = await startNats({ after: (fn) => ends.push(fn) });
  let logs = 0;
  sharedLogSuite('a log in NATS', async () => {
    logs += 1;
    const lines = await Promise.all([0, 1].map(() => connectToNats(parseBus(nats.url), { name: 'test' })));
    for (const line of lines) ends.push(() => void line.close());
    const [a, b] = lines.map((line) => new NatsLog(line, { name: `test-${logs}`, what: 'x' }));
    return [a ?? assert.fail(), b ?? assert.fail()];
  });
  after(() => {
    for (const end of ends.toReversed()) end();
  });
});

describe('accounts over NATS', withoutNats, () => {
  test('an invite is spent once by servers that are asked at the same moment, and new ones begin with a base', async (t) => {
    const nats = await startNats(t);
    const folder = scratchFolder(t);
    const a = await enter(t, nats, join(folder, 'a.db'), 20);
    const b = await enter(t, nats, join(folder, 'b.db'), 20);
    let lastKey = Buffer.alloc(0);
    const sinceMs = performance.now();
    const rounds = runs(15);
    for (let i = 0; i < rounds; i++) {
      const tokenHash = hashOf(randomBytes(16));
      const invite = { user: 'anna', settings: {}, expiresMs: 1e6, uses: 1, tokenHash, nowMs: 0 };
      await a.changes.make('invite', invite);
      const keys = Array.from({ length: 8 }, () => randomBytes(32));
      const results = await Promise.all(
        keys.map((key, n) =>
          (n % 2 === 0 ? a : b).changes.make('redeem', { tokenHash, key, label: 'x', nowMs: 1 }),
        ),
      );
      assert.equal(results.filter(Boolean).length, 1);
      lastKey = keys[results.indexOf(true)] ?? assert.fail();
    }
    t.diagnostic(`ms a round of 9 changes: ${((performance.now() - sinceMs) / rounds).toFixed(1)}`);
    const c = await enter(t, nats, join(folder, 'c.db'));
    assert.equal(c.store.principalOf(lastKey, 1)?.user, 'anna');
  });

  test('without NATS nothing changes, and with it all goes on', async (t) => {
    const nats = await startNats(t);
    const folder = scratchFolder(t);
    const a = await enter(t, nats, join(folder, 'a.db'));
    const b = await enter(t, nats, join(folder, 'b.db'));
    await a.changes.make('kick', { user: 'guest' });
    await nats.kill();
    await assert.rejects(a.changes.make('kick', { user: 'guest' }), withCode('BUSY'));
    assert.equal(a.store.kicksOf('guest'), 1, 'what is known stays known');
    await nats.start();
    for (;;) {
      try {
        await b.changes.make('kick', { user: 'guest' });
        break;
      } catch (error) {
        assert.ok(withCode('BUSY')(error));
        await pause(20);
      }
    }
    await a.changes.make('kick', { user: 'guest' });
    assert.ok(a.store.kicksOf('guest') >= 3);
  });

  test('of three nodes any one may be killed at any time: what was answered stays, and each invite lets in one', async (t) => {
    t.diagnostic(`seed: ${seed}`);
    const random = randomFrom(seed);
    const { url, nodes } = await startNatsCluster(t);
    const folder = scratchFolder(t);
    const servers = [
      await enter(t, { url }, join(folder, 'a.db'), 50),
      await enter(t, { url }, join(folder, 'b.db'), 50),
      await enter(t, { url }, join(folder, 'c.db'), 50),
    ] as const;
    const line = await connectToNats(parseBus(url), { name: 'test' });
    t.after(line.close);
    const info = async (): Promise<{ config: { num_replicas: number }; cluster: { leader: string } }> =>
      (await surely(async () => line.nats.request('$JS.API.STREAM.INFO.ferry_test_accounts'))).json();
    const at = (): (typeof servers)[number] => servers[random(3)] ?? assert.fail();
    /** Until somebody knows. */
    const surely = async <T>(work: () => Promise<T>): Promise<T> => {
      for (;;) {
        try {
          return await work();
        } catch (error) {
          if (error instanceof FerryError && error.code !== Code.BUSY) throw error;
          await pause(100);
        }
      }
    };
    assert.equal((await info()).config.num_replicas, 3);
    const inside: Buffer[] = [];
    let unknown = 0;
    let slowest = 0;
    for (let round = runs(4); round > 0; round--) {
      const { cluster } = await info();
      // The leader more often than the others: it hurts most.
      const victim = nodes[random(2) === 0 ? Number(cluster.leader.slice(1)) : random(3)] ?? assert.fail();
      const killed = pause(random(60)).then(() => victim.kill());
      const untilMs = performance.now() + 1500;
      while (performance.now() < untilMs) {
        const tokenHash = hashOf(randomBytes(16));
        const invite = { user: 'anna', settings: {}, expiresMs: 1e6, uses: 1, tokenHash, nowMs: 0 };
        const beganMs = performance.now();
        await surely(() => at().changes.make('invite', { ...invite, tokenHash })).catch((error: unknown) => {
          // It was there already, when nobody had said so.
          assert.ok(withCode('CONFLICT')(error), String(error));
        });
        slowest = Math.max(slowest, performance.now() - beganMs);
        const keys = [randomBytes(32), randomBytes(32)] as const;
        const results = await Promise.allSettled(
          keys.map((key, i) =>
            (servers[i] ?? at()).changes.make('redeem', { tokenHash, key, label: 'x', nowMs: 1 }),
          ),
        );
        const won = results.flatMap((one, i) =>
          one.status === 'fulfilled' && one.value ? [keys[i] ?? assert.fail()] : [],
        );
        assert.ok(won.length <= 1, 'one at most');
        if (results.some(({ status }) => status === 'rejected')) unknown += 1;
        else assert.equal(won.length, 1);
        inside.push(...won);
      }
      await killed;
      await victim.start();
      await surely(() => at().changes.make('kick', { user: 'guest' }));
    }
    for (const { store } of servers) {
      await surely(() => at().changes.make('kick', { user: 'guest' }));
      while (inside.some((key) => store.principalOf(key, 1) === undefined)) await pause(20);
    }
    t.diagnostic(
      `count: ${inside.length} let in, ${unknown} not known at once, slowest change ${slowest.toFixed(0)} ms`,
    );
    assert.ok(inside.length > 0);
  });
});
