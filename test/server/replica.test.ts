/** What several servers keep together, over a log in memory: see packages/server/src/replica. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Code, FerryError, limits } from '@ferry/protocol';
import { Kind } from '@ferry/protocol/wire';
import { AccessFile } from '../../packages/server/src/access/access-file.ts';
import { accessReplica, openAccessReplica } from '../../packages/server/src/access/access-replica.ts';
import { AccessStore, hashOf } from '../../packages/server/src/access/access-store.ts';
import { Accounts, newAccount } from '../../packages/server/src/access/accounts.ts';
import { principalOfLane } from '../../packages/server/src/access/login.ts';
import {
  type AccessChanges,
  accessOperations,
  localAccess,
  sharedAccess,
} from '../../packages/server/src/access/operations.ts';
import { guestOf } from '../../packages/server/src/access/principal.ts';
import { offenceIn, sharedThrottles, tryIn } from '../../packages/server/src/access/shared-throttle.ts';
import { Standings } from '../../packages/server/src/access/standing.ts';
import { BusHub } from '../../packages/server/src/bus/hub.ts';
import { memberOf } from '../../packages/server/src/bus/main-member.ts';
import { encodeOrder } from '../../packages/server/src/replica/declared.ts';
import { Freshness, newFreshnessMemory } from '../../packages/server/src/replica/freshness.ts';
import { Replica, type ReplicaOpts } from '../../packages/server/src/replica/replica.ts';
import { encodeEntry, fromBase } from '../../packages/server/src/replica/replica-file.ts';
import { sharedLogSuite } from '../suites/shared-log.suite.ts';
import { withCode } from '../support/code.ts';
import { MemoryCloud, MemoryLog } from '../support/memory-log.ts';
import { randomFrom, runs, seed } from '../support/random.ts';
import { scratchFolder } from '../support/scratch.ts';

type Node = {
  readonly log: MemoryLog;
  readonly file: AccessFile;
  readonly changes: AccessChanges;
  readonly close: () => Promise<void>;
};

async function enter(path: string, cloud: MemoryCloud, opts: Partial<ReplicaOpts> = {}): Promise<Node> {
  const log = new MemoryLog(cloud);
  const file = new AccessFile(path, { isReplica: true });
  const replica = new Replica(accessReplica(path, file), { log, lookMs: 5, againMs: 1, ...opts });
  const close = async (): Promise<void> => {
    await replica.close();
    file.close();
  };
  try {
    await replica.start();
  } catch (error) {
    await close();
    throw error;
  }
  const changes = sharedAccess((order) => replica.change(order));
  return { log, file, changes, close };
}

/** All that is in the file but what is this machine's own. */
function contentOf(file: AccessFile): readonly unknown[] {
  return ['account', 'device', 'invite', 'kick', 'share', 'download', 'sqlite_sequence', 'replica'].map(
    (table) => file.all(`select * from ${table} order by 1, 2`).map((row) => ({ ...row })),
  );
}

function folderOf(t: TestContext): (name: string) => string {
  const folder = scratchFolder(t);
  return (name) => join(folder, `${name}.db`);
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function until(met: () => boolean): Promise<void> {
  while (!met()) await turn();
}

const seqOf = (file: AccessFile): number => Number(file.one('select seq from replica')?.['seq']);

sharedLogSuite('a log in memory', async () => {
  const cloud = new MemoryCloud();
  return [new MemoryLog(cloud), new MemoryLog(cloud)];
});

describe('a file that several servers keep', () => {
  it('spends an invite once, whichever server is asked', async (t) => {
    const place = folderOf(t);
    const cloud = new MemoryCloud();
    const [a, b] = [await enter(place('a'), cloud), await enter(place('b'), cloud)];
    // A second server of the same machine: both have the one file.
    const c = await enter(place('b'), cloud);
    t.after(() => Promise.all([a.close(), b.close(), c.close()]));
    for (let i = runs(10); i > 0; i--) {
      const tokenHash = hashOf(randomBytes(16));
      const invite = { user: 'anna', settings: {}, expiresMs: 1000, uses: 1, tokenHash, nowMs: 0 };
      assert.equal(await a.changes.make('invite', invite), 'anna');
      const keys = Array.from({ length: 6 }, () => randomBytes(32));
      const results = await Promise.all(
        keys.map((key, n) =>
          ([a, b, c][n % 3] ?? a).changes.make('redeem', { tokenHash, key, label: 'x', nowMs: 1 }),
        ),
      );
      assert.equal(results.filter(Boolean).length, 1);
      const winner = keys[results.indexOf(true)] ?? assert.fail();
      await until(() => seqOf(a.file) === cloud.last && seqOf(b.file) === cloud.last);
      for (const { file } of [a, b]) {
        assert.equal(new AccessStore(file).principalOf(winner, 1)?.user, 'anna');
      }
    }
  });

  it('is the same everywhere, and what was answered stays, through faults, restarts and bases', async (t) => {
    t.diagnostic(`seed: ${seed}`);
    const random = randomFrom(seed);
    for (let round = runs(2); round > 0; round--) {
      const place = folderOf(t);
      const cloud = new MemoryCloud();
      const nodes: Node[] = [];
      const enterAs = async (i: number): Promise<Node> => {
        for (;;) {
          try {
            const node = await enter(place(`${round}-${i}`), cloud, { baseEvery: 8 });
            node.log.fault = () => (['asked', 'answered'] as const)[random(30)] ?? 'none';
            return node;
          } catch (error) {
            if (!withCode('BUSY')(error)) throw error;
          }
        }
      };
      for (let i = 0; i < 3; i++) nodes.push(await enterAs(i));
      const promised = new Map<string, string>();
      let made = 0;
      for (let step = 0; step < 40; step++) {
        const i = random(nodes.length);
        const node = nodes[i] ?? assert.fail();
        if (random(12) === 0) {
          await node.close();
          nodes[i] = await enterAs(i);
          continue;
        }
        const order = random(4);
        const user = `user${random(4)}`;
        try {
          if (order === 0) await node.changes.make('addAccount', { user, options: {}, nowMs: step });
          else if (order === 1) await node.changes.make('kick', { user });
          else {
            const [token, key] = [randomBytes(16), randomBytes(32)];
            const tokenHash = hashOf(token);
            const invite = { user, settings: {}, expiresMs: 1e6, uses: 1, tokenHash, nowMs: step };
            await node.changes.make('invite', invite);
            const isIn = await node.changes.make('redeem', { tokenHash, key, label: 'x', nowMs: step });
            assert.ok(isIn);
            promised.set(key.toString('hex'), user);
          }
          made += 1;
        } catch (error) {
          assert.ok(error instanceof FerryError && error.code === Code.USAGE, String(error));
        }
      }
      assert.ok(made > 10);
      for (const { log } of nodes) log.fault = () => 'none';
      await until(() => nodes.every(({ file }) => seqOf(file) === cloud.last));
      const [first, ...others] = nodes.map(({ file }) => contentOf(file));
      for (const other of others) assert.deepEqual(other, first);
      assert.ok(cloud.first > 1, 'what a base stands for is forgotten');
      const devices = new Map(
        new Accounts(nodes[0]?.file ?? '')
          .devices()
          .map(({ key, user }) => [Buffer.from(key).toString('hex'), user]),
      );
      for (const [key, user] of promised) assert.equal(devices.get(key), user);
      await Promise.all(nodes.map((node) => node.close()));
    }
  });

  it('begins with the accounts that its first server had, and takes in nobody who has others', async (t) => {
    const place = folderOf(t);
    const cloud = new MemoryCloud();
    for (const name of ['a', 'c']) {
      const accounts = new Accounts(place(name));
      accounts.add(`of-${name}`, newAccount, 0);
      accounts.close();
    }
    const a = await enter(place('a'), cloud);
    const b = await enter(place('b'), cloud);
    t.after(() => Promise.all([a.close(), b.close()]));
    assert.deepEqual(
      new Accounts(b.file).list().map(({ user }) => user),
      ['of-a'],
    );
    await assert.rejects(enter(place('c'), cloud), withCode('CONFIG'));
    assert.deepEqual(
      new Accounts(place('c')).list().map(({ user }) => user),
      ['of-c'],
      'which stay as they are',
    );
  });

  it('is changed over the bus alone', async (t) => {
    const place = folderOf(t);
    const a = await enter(place('a'), new MemoryCloud());
    t.after(a.close);
    const alone = localAccess(place('a'));
    t.after(alone.close);
    await assert.rejects(alone.changes.make('kick', { user: 'guest' }), withCode('CONFIG'));
    const store = new AccessStore(place('a'));
    t.after(() => store.close());
    assert.throws(() => store.enrol(1, randomBytes(32), 'x', 0), withCode('CONFIG'));
  });

  it('refuses changes without the bus, and takes them again when it is back', async (t) => {
    const place = folderOf(t);
    const cloud = new MemoryCloud();
    const troubles: (string | undefined)[] = [];
    let nowMs = 0;
    let freshMs = -1;
    const a = await enter(place('a'), cloud, {
      now: () => nowMs,
      onTrouble: (why) => troubles.push(why),
      onFresh: (ms) => {
        freshMs = ms;
      },
    });
    t.after(a.close);
    a.log.isCut = true;
    nowMs = 1000;
    await until(() => troubles.length === 1);
    nowMs = 60_000;
    await assert.rejects(a.changes.make('kick', { user: 'guest' }), withCode('BUSY'));
    assert.equal(cloud.last, 0);
    assert.ok(freshMs < 1000);
    a.log.isCut = false;
    await until(() => troubles.length === 2);
    assert.equal(troubles[1], undefined);
    assert.equal(freshMs, 60_000);
    await a.changes.make('kick', { user: 'guest' });
    assert.equal(new AccessStore(a.file).kicksOf('guest'), 1);
  });

  it('goes back with a bus that lost its last entries, whatever has come in their place', async (t) => {
    const place = folderOf(t);
    const cloud = new MemoryCloud();
    const [a, b] = [await enter(place('a'), cloud), await enter(place('b'), cloud)];
    for (let i = 0; i < 5; i++) await a.changes.make('addAccount', { user: `a${i}`, options: {}, nowMs: 0 });
    await until(() => seqOf(b.file) === 5);
    await b.close();
    a.log.isCut = true;
    cloud.loseLast(2);
    const c = await enter(place('c'), cloud);
    for (let i = 0; i < 3; i++) await c.changes.make('addAccount', { user: `c${i}`, options: {}, nowMs: 0 });
    a.log.isCut = false;
    const again = await enter(place('b'), cloud);
    t.after(() => Promise.all([a.close(), c.close(), again.close()]));
    await until(() => seqOf(again.file) === 6 && seqOf(a.file) === 6);
    assert.deepEqual(contentOf(again.file), contentOf(c.file));
    assert.deepEqual(contentOf(a.file), contentOf(c.file));
  });

  it('stops before what it does not know, and takes no copy that is not of its form', async (t) => {
    const place = folderOf(t);
    const cloud = new MemoryCloud();
    const troubles: (string | undefined)[] = [];
    const a = await enter(place('a'), cloud, { onTrouble: (why) => troubles.push(why) });
    t.after(a.close);
    const order = encodeOrder(accessOperations, 'kick', { user: 'guest' });
    await a.log.append(randomBytes(16), encodeEntry(randomBytes(16), order));
    await a.log.append(randomBytes(16), encodeEntry(randomBytes(16), Buffer.from('92a3616263c0', 'hex')));
    await a.log.append(randomBytes(16), encodeEntry(randomBytes(16), order));
    await until(() => troubles.length === 1);
    assert.match(troubles[0] ?? '', /same release/);
    assert.equal(seqOf(a.file), 1);
    assert.equal(new AccessStore(a.file).kicksOf('guest'), 1);

    const cluster = cloud.cluster ?? assert.fail();
    const odd = new AccessFile(place('odd'));
    odd.database.exec('create table more (x)');
    odd.database.exec(`vacuum into '${place('copy')}'`);
    odd.close();
    await a.log.putBase(cluster, { seq: 1, content: readFileSync(place('copy')) });
    await a.log.forget(cluster, 1, 1);
    await assert.rejects(enter(place('b'), cloud), withCode('VERSION'));
    await a.log.putBase(cluster, { seq: 1, content: randomBytes(10_000) });
    await assert.rejects(enter(place('b'), cloud), (error: unknown) => error instanceof FerryError);
  });

  it('serves nobody with an account when it has been cut off for too long, and all again when it is not', async (t) => {
    const place = folderOf(t);
    let nowMs = 1000;
    const freshness = new Freshness(newFreshnessMemory(), () => nowMs);
    const a = await enter(place('a'), new MemoryCloud(), {
      now: () => nowMs,
      onFresh: (ms) => freshness.is(ms),
    });
    t.after(a.close);
    const [tokenHash, key] = [hashOf(randomBytes(16)), randomBytes(32)];
    const invite = { user: 'anna', settings: {}, expiresMs: 1e6, uses: 1, tokenHash, nowMs: 0 };
    await a.changes.make('invite', invite);
    await a.changes.make('redeem', { tokenHash, key, label: 'x', nowMs: 1 });
    const store = new AccessStore(a.file);
    const standings = new Standings(store, () => 1, freshness);
    const anna = standings.enter(store.principalOf(key, 1) ?? assert.fail(), assert.fail);
    const guest = standings.enter(guestOf('everybody', 0), assert.fail);
    const lane = { sessionId: randomBytes(16), device: key, kicks: 0 };
    const rules = { store, changes: a.changes, openTo: 'nobody', freshness } as const;
    const check = (): void => {
      anna.check(Kind.list);
      principalOfLane(rules, lane);
    };
    check();
    a.log.isCut = true;
    await new Promise((resolve) => setImmediate(resolve));
    nowMs += limits.cutOffMs;
    check();
    nowMs += limits.cutOffMs;
    assert.throws(() => anna.check(Kind.list), withCode('BUSY'));
    assert.throws(() => principalOfLane(rules, lane), withCode('BUSY'));
    guest.check(Kind.list);
    a.log.isCut = false;
    await until(() => {
      try {
        check();
        return true;
      } catch {
        return false;
      }
    });
  });

  it('does an entry once, whoever has done it already, and leaves nothing of a refused one', async (t) => {
    const path = folderOf(t)('a');
    const [one, other] = [openAccessReplica(path), openAccessReplica(path)];
    t.after(() => {
      for (const { file } of [one, other]) file.close();
    });
    one.replica.join(randomBytes(8), fromBase);
    const key = { key: randomBytes(32), comment: 'x' };
    const orders = [
      encodeOrder(accessOperations, 'addAccount', { user: 'anna', options: { key }, nowMs: 0 }),
      encodeOrder(accessOperations, 'addAccount', { user: 'bob', options: { key }, nowMs: 0 }),
      encodeOrder(accessOperations, 'kick', { user: 'anna' }),
    ];
    const entries = orders.map((order, i) => ({
      seq: i + 1,
      body: encodeEntry(Buffer.alloc(16, i + 1), order),
    }));
    one.replica.apply(entries.slice(0, 2));
    other.replica.apply(entries);
    one.replica.apply(entries);
    const outcomes = [1, 2, 3].map((i) => one.replica.outcomeOf(Buffer.alloc(16, i)));
    assert.deepEqual(
      outcomes.map((outcome) => (outcome instanceof FerryError ? outcome.codeName : typeof outcome)),
      ['object', 'USAGE', 'object'],
    );
    assert.deepEqual(
      new Accounts(one.file).list().map(({ user }) => user),
      ['anna'],
    );
    assert.equal(new AccessStore(other.file).kicksOf('anna'), 1);
  });
});

it('who guesses at one server has guessed at all of them', async () => {
  const hub = new BusHub('x.');
  const [a, b] = ['a', 'b'].map((name) => sharedThrottles(memberOf(hub, name), () => 0));
  assert.ok(a && b);
  await turn();
  for (let i = 0; i < 6; i++) (i % 2 === 0 ? a : b).accounts.failed('anna', 0);
  for (let i = 0; i < 4; i++) (i % 2 === 0 ? a : b).penalties.add('10.0.0.1', 'malformed', 0);
  await turn();
  for (const { accounts, penalties } of [a, b]) {
    assert.equal(accounts.waitMs('anna', 0), 2000);
    assert.equal(penalties.waitMs('10.0.0.1', 0), 25_000);
  }
  b.accounts.succeeded('anna');
  await turn();
  assert.equal(a.accounts.waitMs('anna', 0), 0);
  for (const body of [Buffer.from([0xc0]), Buffer.from([0x92, 0xa1, 0x61, 0xa1, 0x62])]) {
    assert.throws(() => offenceIn(body), withCode('MALFORMED'));
    assert.throws(() => tryIn(body), withCode('MALFORMED'));
  }
});
