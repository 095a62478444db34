/** The persistent queue: what is ordered stays, in order, whoever looks. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { Code, EntryKind, isName, type Name } from '@ferry/protocol';
import type { Fingerprint } from '@ferry/protocol/session';
import type { Figures } from '../../../packages/tui/src/engine/job.ts';
import type { Ask } from '../../../packages/tui/src/queue/asked.ts';
import { MoverLock } from '../../../packages/tui/src/queue/mover-lock.ts';
import { QueueStore } from '../../../packages/tui/src/queue/queue-store.ts';
import { historyMost, noFigures, phaseOf } from '../../../packages/tui/src/queue/stored-job.ts';
import { withCode } from '../../support/code.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { orderOf, server, wishes } from './order.ts';

function opened(t: TestContext, file: string): QueueStore {
  const store = QueueStore.open(file);
  t.after(() => store.close());
  return store;
}

function fileOf(t: TestContext): string {
  return join(scratchFolder(t), 'state/ferry/queue.db');
}

function names(store: QueueStore): string[] {
  return store.jobs().map(({ order }) => order.source.at(-1) ?? '');
}

function phase(store: QueueStore, id: number): string | undefined {
  const job = store.get(id);
  return job === undefined ? undefined : phaseOf(job, store.settings);
}

for (const kind of ['file', ':memory:']) {
  const place = (t: TestContext): string => (kind === 'file' ? fileOf(t) : kind);

  test(`${kind}: jobs keep their order; ids are never given twice`, (t) => {
    const store = opened(t, place(t));
    assert.deepEqual(
      store.add(
        ['a', 'b', 'c'].map((name) => orderOf(name)),
        1,
      ),
      [1, 2, 3],
    );
    assert.deepEqual(store.add([], 1), []);
    store.ask('cancel', [3]);
    assert.deepEqual(store.clear(), [3]);
    assert.deepEqual(store.add([orderOf('d', { paused: true, priority: 5 })], 2), [4]);
    assert.deepEqual(names(store), ['a', 'b', 'd']);
    assert.deepEqual(
      [phase(store, 1), phase(store, 4), store.get(4)?.wish.priority, store.get(4)?.addedMs],
      ['waiting', 'paused', 5, 2],
    );
  });

  test(`${kind}: top, up and down, for one and for several`, (t) => {
    const store = opened(t, place(t));
    store.add(
      [...'abcdef'].map((name) => orderOf(name)),
      1,
    );
    const moves: readonly (readonly [Ask, readonly number[], string])[] = [
      ['up', [3], 'acbdef'],
      ['down', [1], 'cabdef'],
      ['up', [3], 'cabdef'],
      ['top', [6], 'fcabde'],
      ['top', [4, 5], 'defcab'],
      ['down', [4, 5], 'fdecab'],
      ['up', [1, 2], 'fdeabc'],
      ['down', [2, 3], 'fdeabc'],
      ['up', [99], 'fdeabc'],
    ];
    for (const [ask, ids, expected] of moves) {
      store.ask(ask, ids);
      assert.equal(names(store).join(''), expected, `${ask} ${ids.join(' ')}`);
    }
    store.ask('cancel', [5]);
    store.ask('up', [1]);
    assert.equal(names(store).join(''), 'faedbc', 'a job that is over is passed in one step');
  });

  test(`${kind}: pause, resume, cancel and retry as wishes; a settled job has its history`, (t) => {
    const store = opened(t, place(t));
    const [a = 0, b = 0] = store.add([orderOf('a'), orderOf('b')], 1);
    store.begin([a]);
    assert.equal(phase(store, a), 'moving');
    store.ask('pause', [a, b]);
    assert.deepEqual([phase(store, a), phase(store, b)], ['paused', 'paused']);
    store.ask('resume', [a]);
    assert.deepEqual([phase(store, a), phase(store, b)], ['moving', 'paused']);
    store.ask('retry', [a, b]);
    assert.equal(store.get(a)?.wish.attempt, 0, 'only what failed is tried again');
    const figures: Figures = {
      ...noFigures,
      doneBytes: 7,
      movingMs: 3,
      error: [Code.EXISTS, 'that name is taken', 0],
      failures: [{ source: ['x\xff' as Name], error: [Code.EXISTS, 'that name is taken', 0] }],
    };
    store.settle(a, { phase: 'failed', figures, endedMs: 9, digest: undefined });
    assert.deepEqual(store.get(a)?.fact, {
      phase: 'failed',
      begun: true,
      figures,
      endedMs: 9,
      digest: undefined,
    });
    store.ask('overwrite', [a]);
    assert.deepEqual(
      [phase(store, a), store.get(a)?.wish.attempt, store.get(a)?.wish.existing],
      ['waiting', 1, 'overwrite'],
    );
    store.ask('cancel', [a]);
    store.ask('resume', [a]);
    assert.equal(phase(store, a), 'cancelled');
    store.settle(b, { phase: 'done', figures: noFigures, endedMs: 9, digest: 'abcd' });
    store.ask('cancel', [b]);
    assert.equal(phase(store, b), 'done');
    assert.deepEqual(store.clear([a]), [a]);
    assert.deepEqual(names(store), ['b']);
  });

  test(`${kind}: all paused, and one of them resumed`, (t) => {
    const store = opened(t, place(t));
    const [a = 0, b = 0, c = 0] = store.add([orderOf('a'), orderOf('b'), orderOf('c')], 1);
    store.ask('pause', [c]);
    store.set({ pausedAll: true, limitUp: 5, timetable: '08:00 512k' });
    assert.deepEqual([phase(store, a), phase(store, b), phase(store, c)], ['paused', 'paused', 'paused']);
    store.set({ pausedAll: false });
    assert.deepEqual([phase(store, a), phase(store, b), phase(store, c)], ['waiting', 'waiting', 'paused']);
    store.set({ pausedAll: true });
    store.ask('resume', [b]);
    assert.deepEqual([phase(store, a), phase(store, b), phase(store, c)], ['paused', 'waiting', 'paused']);
    assert.deepEqual(
      [store.settings.limitUp, store.settings.limitDown, store.settings.timetable],
      [5, undefined, '08:00 512k'],
    );
  });
}

test('opened again, all is there; the files are for their user alone', (t) => {
  const file = fileOf(t);
  const store = QueueStore.open(file);
  const ids = store.add([orderOf('a'), orderOf('b'), orderOf('c', { priority: 1 })], 5);
  store.ask('top', [3]);
  store.ask('pause', [1]);
  store.setPriority([1], 4);
  store.setLimit([2], 1000);
  store.set({ limitDown: 7, timetable: 'x' });
  store.begin([2]);
  const before = wishes(store);
  for (const suffix of ['', '-wal', '-shm'])
    assert.equal(statSync(file + suffix).mode & 0o777, 0o600, suffix);
  assert.equal(statSync(join(file, '..')).mode & 0o777, 0o700);
  store.close();
  store.close();
  const again = opened(t, file);
  assert.deepEqual(wishes(again), before);
  assert.deepEqual(again.get(2)?.fact.begun, true);
  again.takeOver();
  assert.equal(again.get(2)?.fact.phase, 'waiting');
  assert.deepEqual(again.add([orderOf('d')], 6), [(ids.at(-1) ?? 0) + 1]);
  assert.equal(again.notice, undefined);
});

test('every byte that a name may have comes back', (t) => {
  const file = fileOf(t);
  const all = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).filter((byte) =>
    isName(`x${byte}`),
  );
  assert.equal(all.length, 254);
  const source = [...all.map((byte) => `x${byte}` as Name), all.join('').slice(0, 127) as Name];
  const order = { ...orderOf('a').order, source, target: source, kind: EntryKind.folder };
  const store = QueueStore.open(file);
  store.add([{ server, order }], 1);
  store.close();
  assert.deepEqual(opened(t, file).jobs()[0]?.order, order);
});

test('two that share a file see what the other does, and nothing is read when nothing was written', (t) => {
  const file = fileOf(t);
  const [one, two] = [opened(t, file), opened(t, file)];
  two.takeChanges();
  const [a = 0, b = 0] = one.add([orderOf('a'), orderOf('b')], 1);
  two.refresh();
  assert.deepEqual(two.takeChanges(), { changed: new Set([a, b]), removed: new Set(), settings: false });
  two.refresh();
  assert.equal(two.takeChanges().changed.size, 0);
  assert.deepEqual(two.add([orderOf('c')], 1), [3]);
  assert.deepEqual(one.add([orderOf('d')], 1), [4], 'on top of what it has not read yet');
  two.ask('top', [b]);
  one.setPriority([b], 5);
  two.set({ pausedAll: true });
  one.ask('cancel', [a]);
  two.clear([a]);
  for (const store of [one, two]) store.refresh();
  assert.deepEqual(wishes(one), wishes(two));
  assert.deepEqual(names(one), ['b', 'c', 'd']);
  const changes = one.takeChanges();
  assert.deepEqual([...changes.removed], [a]);
  assert.ok(changes.settings);
});

test('a change that fails in the middle changes nothing, in the file or in memory', (t) => {
  const file = fileOf(t);
  const store = opened(t, file);
  store.add([orderOf('a')], 1);
  const before = wishes(store);
  const bad = { ...orderOf('c'), priority: 1n as unknown as 1 };
  assert.throws(() => store.add([orderOf('b'), bad], 1), TypeError);
  store.refresh();
  assert.deepEqual(wishes(store), before);
  assert.deepEqual(store.add([orderOf('d')], 1), [2]);
});

test('a file of a newer ferry is refused and left as it is', (t) => {
  const file = fileOf(t);
  const store = QueueStore.open(file);
  store.add([orderOf('a')], 1);
  store.close();
  const database = new DatabaseSync(file);
  database.exec('pragma user_version = 2');
  database.close();
  const before = readFileSync(file);
  assert.throws(() => QueueStore.open(file), withCode('CONFIG'));
  assert.ok(readFileSync(file).equals(before));
});

test('a place that cannot be used is an error of the configuration', (t) => {
  const folder = scratchFolder(t);
  writeFileSync(join(folder, 'ferry'), '');
  assert.throws(() => QueueStore.open(join(folder, 'ferry/queue.db')), withCode('CONFIG'));
  mkdirSync(join(folder, 'd/queue.db'), { recursive: true });
  assert.throws(() => QueueStore.open(join(folder, 'd/queue.db')), withCode('CONFIG'));
});

test('one mover at a time, and the lock dies with its process', async (t) => {
  const file = fileOf(t);
  const first = MoverLock.take(file);
  assert.ok(first);
  assert.equal(MoverLock.take(file), undefined);
  assert.ok(MoverLock.isHeld(file));
  first.release();
  first.release();
  assert.equal(MoverLock.isHeld(file), false);
  const holder = new URL('./lock-holder.ts', import.meta.url);
  const child = spawn(process.execPath, [holder.pathname, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  assert.equal(MoverLock.take(file), undefined);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const last = MoverLock.take(file);
  assert.ok(last);
  last.release();
  assert.equal(statSync(join(file, '../queue.lock')).mode & 0o777, 0o600);
  assert.ok(!existsSync(file));
});

test('the history is bounded: the oldest that went well makes room, what failed and what waits stays', (t) => {
  const store = opened(t, ':memory:');
  const ids = store.add(
    Array.from({ length: historyMost + 4 }, (_, i) => orderOf(`${i}`)),
    1,
  );
  const end = (id: number, how: 'done' | 'failed', endedMs: number): void =>
    store.settle(id, { phase: how, figures: noFigures, endedMs, digest: undefined });
  for (const id of ids.slice(2)) end(id, 'done', 5000 - id);
  end(2, 'failed', 0);
  store.takeChanges();
  store.add([orderOf('last')], 2);
  assert.deepEqual([...store.takeChanges().removed], ids.slice(-2).toReversed());
  assert.deepEqual(
    [phase(store, 1), phase(store, 2), store.jobs().length],
    ['waiting', 'failed', historyMost + 3],
  );
});

test('a thousand jobs in one order, and then a few changes', (t) => {
  const store = opened(t, fileOf(t));
  const ids = store.add(
    Array.from({ length: 1000 }, (_, i) => orderOf(`${i}`)),
    1,
  );
  store.ask('pause', ids);
  store.ask('top', [1000]);
  assert.equal(names(store)[0], '999');
  assert.equal(new Set(store.jobs().map(({ wish }) => wish.place)).size, 1000);
  assert.equal(store.jobs()[0]?.server.fingerprint, server.fingerprint satisfies Fingerprint);
});
