/**
 * The growth of docs/SCALE.md: what an event costs is counted with the real code of many servers over a bus that counts, the
 * model's formulas say the same, and the table that people read is the one that they give.
 */

import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Hello, Login, protocolVersion, tokenBytes } from '@ferry/protocol/messages';
import { AccessStore } from '../../packages/server/src/access/access-store.ts';
import { Accounts, newAccount } from '../../packages/server/src/access/accounts.ts';
import { type LoginRules, logIn } from '../../packages/server/src/access/login.ts';
import { localAccess } from '../../packages/server/src/access/operations.ts';
import { touchedSubject } from '../../packages/server/src/watching/folder-subject.ts';
import { newDevice } from '../support/client.ts';
import { randomFrom, seed } from '../support/random.ts';
import { path, scratchFolder } from '../support/scratch.ts';
import { Herd } from './growth/herd.ts';
import { busy, costsOf, type Habits, perInvite, perLogin, row, saidByOne, wallsOf } from './growth/model.ts';
import { growthTable } from './growth/table.ts';

const page = join(import.meta.dirname, '../../docs/SCALE.md');

/** Time stands still between two calls of the function that it gives. */
function newTime(t: TestContext, herd: () => Herd): (ms: number) => void {
  t.mock.timers.enable({ apis: ['setTimeout', 'setImmediate'] });
  return (ms) => {
    for (let left = ms; left > 0; left -= 5) {
      t.mock.timers.tick(Math.min(5, left));
      herd().deliver();
    }
  };
}

async function newHerd(
  t: TestContext,
  servers: number,
  threads: number,
): Promise<[Herd, (ms: number) => void]> {
  let herd: Herd | undefined;
  const pass = newTime(t, () => herd ?? assert.fail());
  herd = new Herd(servers, threads);
  // Subscriptions are there, and everybody has asked who is here.
  await Promise.resolve();
  herd.deliver();
  pass(500);
  for (const counts of Object.values(herd.counts)) counts.take();
  return [herd, pass];
}

for (const servers of [2, 10, 40]) {
  test(`one event among ${servers} servers: one message, heard by each`, async (t) => {
    const [herd, pass] = await newHerd(t, servers, 2);
    const [thread] = herd.threads;
    const { presence, chat, [touchedSubject]: touched } = herd.counts;
    assert.ok(thread && presence && chat && touched);
    for (const [what, event, counts] of [
      ['a login', () => herd.enter(thread, 1), presence],
      ['another folder', () => herd.looks(thread, 1, 'photos/2025'), presence],
      ['an end', () => herd.leave(thread, 1), presence],
      ['a line', () => thread.chat.said({ room: 1, pair: undefined }), chat],
      ['a change', () => thread.touched.add(path('photos/2026')), touched],
    ] as const) {
      event();
      pass(300);
      const { said, heard } = counts.take();
      assert.deepEqual([what, said, heard], [what, 1, servers]);
    }
    const rest = Object.values(herd.counts).map(({ said }) => said);
    assert.deepEqual(rest, [0, 0, 0], 'nothing else was said');
  });
}

test('a thread that starts makes each thread tell all it has, to all: what the model calls a start', async (t) => {
  const [herd, pass] = await newHerd(t, 4, 2);
  const each = 200;
  for (const [i, thread] of herd.threads.entries())
    for (let k = 0; k < each; k++) herd.enter(thread, i * each + k);
  pass(500);
  const all = herd.threads.length * each;
  assert.deepEqual(new Set(herd.people), new Set([all]));
  const { presence } = herd.counts;
  assert.ok(presence);
  presence.take();
  const before = herd.threads.length;
  herd.add(0);
  await Promise.resolve();
  herd.deliver();
  pass(500);
  assert.deepEqual(new Set(herd.people), new Set([all]));
  const { said, bytes } = presence.take();
  // The question, and an answer of each thread that was there.
  assert.equal(said, 1 + before);
  within(bytes / all, row.wire, 0.1, 'bytes of a row');
});

test('the formulas say what busy people’s servers say', async (t) => {
  const random = randomFrom(seed);
  const size = { servers: 3, sessionsOfEach: 120, threadsOfEach: 2 };
  // Five times as busy: so much is gathered that the formulas have to be right about that.
  const habits: Habits = { ...busy, logins: 1 / 60, looks: 1 / 12, changes: 1 / 10, lines: 1 / 30 };
  const [herd, pass] = await newHerd(t, size.servers, size.threadsOfEach);
  const perThread = size.sessionsOfEach / size.threadsOfEach;
  let next = 0;
  for (const thread of herd.threads) for (let i = 0; i < perThread; i++) herd.enter(thread, next++);
  pass(500);
  for (const counts of Object.values(herd.counts)) counts.take();
  const seconds = 200;
  const stepMs = 5;
  const isNow = (rate: number): boolean => random(1_000_000) < rate * perThread * (stepMs / 1000) * 1_000_000;
  for (let ms = 0; ms < seconds * 1000; ms += stepMs) {
    for (const thread of herd.threads) {
      const [first = 0] = thread.sessions.keys();
      const some = [...thread.sessions.keys()][random(perThread)] ?? first;
      if (isNow(habits.looks)) herd.looks(thread, some, `folder-${random(1000)}`);
      if (isNow(habits.changes)) thread.touched.add(path(`folder-${random(1000)}`));
      if (isNow(habits.lines)) thread.chat.said({ room: 1, pair: undefined });
      if (isNow(habits.logins)) {
        herd.leave(thread, first);
        // A moment later, so that the two are two events.
        herd.enter(thread, next++);
      }
    }
    pass(stepMs);
  }
  const expected = saidByOne(size, habits);
  const { presence, chat, [touchedSubject]: touched } = herd.counts;
  const perServer = (said: number | undefined): number => (said ?? 0) / seconds / size.servers;
  t.diagnostic(`seed: ${seed}`);
  within(perServer(presence?.said), expected.presence, 0.1, 'presence');
  within(perServer(touched?.said), expected.touched, 0.1, 'changes');
  within(perServer(chat?.said), expected.chat, 0.1, 'chat');
});

test('a login costs the log what the model says: one note an hour, and one order for an invite', async (t) => {
  const file = join(scratchFolder(t), 'access.db');
  const store = new AccessStore(file);
  const accounts = new Accounts(file);
  const { changes, close } = localAccess(file);
  const made: string[] = [];
  const rules: LoginRules = {
    store,
    openTo: 'nobody',
    changes: {
      make: (name, order) => {
        made.push(name);
        return changes.make(name, order);
      },
    },
  };
  const token = Buffer.alloc(tokenBytes, 1);
  accounts.add('anna', newAccount, 0);
  accounts.addInvite('anna', token, 1e13, 1, 0);
  const device = newDevice();
  const text = Buffer.from('this connection');
  const enter = async (login: Hello['login'], nowMs: number): Promise<readonly string[]> => {
    const signature = sign(null, text, device.privateKey);
    const who = { login, token, deviceKey: device.publicKey, signature, client: 'test 1', features: 0 };
    await logIn(rules, { ...who, version: protocolVersion }, text, nowMs);
    return made.splice(0);
  };
  const hour = 3_600_000;
  assert.equal((await enter(Login.invite, hour)).length, perInvite.appends);
  assert.equal((await enter(Login.key, 3 * hour)).length, perLogin.appends);
  assert.deepEqual(await enter(Login.key, 3 * hour + 60_000), []);
  close();
  accounts.close();
  store.close();
});

test('a thousand servers hear a thousand times as much, and the first wall is where the page says', () => {
  const one = { sessionsOfEach: 1000, threadsOfEach: 2 };
  const [small, large] = [1, 1000].map((servers) => costsOf({ ...one, servers }, busy));
  assert.ok(small && large);
  assert.equal(large.sessions, 1_000_000);
  within(large.delivered / small.delivered, 1e6, 0.1, 'growth of what NATS gives out');
  const walls = wallsOf(one, busy);
  assert.ok(
    walls.every(({ servers }) => servers > 100 && servers < 100_000),
    'a wall that nobody meets',
  );
});

test('docs/SCALE.md shows the table of today (UPDATE_GOLDEN=1 writes it)', () => {
  const text = readFileSync(page, 'utf8');
  const [before = '', rest = ''] = text.split('<!-- growth -->\n');
  const [, after = ''] = rest.split('<!-- end of growth -->\n');
  const now = `${before}<!-- growth -->\n\n${growthTable()}\n\n<!-- end of growth -->\n${after}`;
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(page, now);
  else assert.equal(text, now);
});

function within(found: number, expected: number, share: number, what: string): void {
  assert.ok(
    Math.abs(found - expected) <= share * expected,
    `${what}: ${found.toFixed(3)} instead of ${expected.toFixed(3)}`,
  );
}
