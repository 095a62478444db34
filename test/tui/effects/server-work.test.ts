/** The browser's keys with a real server behind them: deleting and back, searching, copying there. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Code, FerryError } from '@ferry/protocol';
import { Works } from '../../../packages/tui/src/effects/works.ts';
import type { Engine } from '../../../packages/tui/src/engine/engine.ts';
import { EngineCore } from '../../../packages/tui/src/engine/engine-core.ts';
import type { ServerWorks, WorkOrder } from '../../../packages/tui/src/engine/server-works.ts';
import type { Msg } from '../../../packages/tui/src/state/msg.ts';
import type { AppState } from '../../../packages/tui/src/state/state.ts';
import { path } from '../../support/scratch.ts';
import { bench, localPath } from '../engine/bench.ts';
import { Browse } from '../support/browse.ts';

test('delete, undo, find, copy, move and delete for good; what an answer overwrote comes back', async (t) => {
  const { engine, shared, local } = await bench(t, (opts) => new EngineCore(opts));
  mkdirSync(join(shared, 'a/deep'), { recursive: true });
  writeFileSync(join(shared, 'a/deep/tide.txt'), 'low tide');
  writeFileSync(join(shared, 'b'), 'b');
  const browse = new Browse(engine, [], localPath(local, ''));
  const rows = (...names: readonly string[]): Promise<true> =>
    browse.until(
      ({ remote }) =>
        !remote.loading && JSON.stringify(remote.rows.map(({ name }) => name)) === JSON.stringify(names),
    );
  const said = (pattern: RegExp): Promise<true> =>
    browse.until(({ notice }) => pattern.test(notice?.text ?? ''));
  await rows('a', 'b');
  browse.press('home', 'f8', 'y');
  await rows('b');
  await said(/brings it back/);
  assert.ok(!existsSync(join(shared, 'a')));
  browse.press('u');
  await rows('a', 'b');
  await said(/it is back/);
  browse.press('F', 'tab', ...'low tide', 'enter');
  await rows('a/deep/tide.txt');
  utimesSync(join(shared, 'b'), 1e9, 1e9);
  browse.press('F', 'tab', 'tab', ...'<5', 'tab', ...'>1y', 'enter');
  await rows('b');
  browse.press('F', 'tab', 'tab', 'tab', ...'<1h', 'enter');
  await browse.until(({ remote }) => [...remote.rows].some(({ name }) => name === 'a/deep/tide.txt'));
  await browse.until(({ remote }) => !remote.loading && [...remote.rows].every(({ name }) => name !== 'b'));
  browse.press('F', 'tab', ...'low tide', 'enter');
  await rows('a/deep/tide.txt');
  browse.press('end', 'S-f5', 'end', '2', 'enter');
  await said(/copied: one entry/);
  assert.equal(readFileSync(join(shared, 'a/deep/tide.txt2'), 'utf8'), 'low tide');
  await rows('a/deep/tide.txt', 'a/deep/tide.txt2');
  browse.press('left');
  await rows('a', 'b');
  browse.press('end', 'S-f6', 'C-u', ...'/a', 'enter');
  await rows('a');
  assert.deepEqual(readdirSync(join(shared, 'a')).sort(), ['b', 'deep']);
  // Back, step by step.
  browse.press('u');
  await rows('a', 'b');
  await said(/it is where it was/);
  browse.press('u');
  await said(/it is in the trash/);
  assert.deepEqual(readdirSync(join(shared, 'a/deep')), ['tide.txt']);
  browse.press('u');
  await browse.until(({ dialog }) => dialog?.kind === 'trash' && dialog.rows?.length === 1);
  browse.press('escape', 'home', 'S-f8', ...'delete', 'enter');
  await rows('b');
  await said(/deleted for good: 1 file/);
  // What was overwritten by an answer comes back, and what was sent is in the trash instead.
  writeFileSync(join(shared, 'c'), 'theirs');
  writeFileSync(join(local, 'c'), 'ours, which is longer');
  await rows('b', 'c');
  browse.press('tab', 'C-r');
  await browse.until((state) => [...state.local.rows].some(({ name }) => name === 'c'));
  browse.press('end', 'f5');
  await browse.until(({ dialog }) => dialog?.kind === 'conflict');
  browse.press('o', 'enter');
  await browse.until(
    ({ queue }) => queue.jobs.length > 0 && queue.jobs.every(({ phase }) => phase === 'done'),
  );
  assert.equal(readFileSync(join(shared, 'c'), 'utf8'), 'ours, which is longer');
  browse.press('tab', 'u');
  await said(/it is back/);
  assert.equal(readFileSync(join(shared, 'c'), 'utf8'), 'theirs');
  // Again, but somebody else was there since: what is not surely that version stays where it is.
  browse.press('tab', 'f5');
  await browse.until(({ dialog }) => dialog?.kind === 'conflict');
  browse.press('o', 'enter');
  const isDone = ({ queue }: AppState): boolean =>
    queue.jobs.length > 1 && queue.jobs.every(({ phase }) => phase === 'done');
  await browse.until(isDone);
  await engine.works.run({ verb: 'trash', path: path('c') });
  writeFileSync(join(shared, 'c'), 'of another');
  browse.press('tab', 'u');
  await said(/not in the trash/);
  assert.equal(readFileSync(join(shared, 'c'), 'utf8'), 'of another');
});

test('an archive is unpacked where it lies, and goes again', async (t) => {
  const { engine, shared, local } = await bench(t, (opts) => new EngineCore(opts));
  mkdirSync(join(shared, 'in'));
  writeFileSync(join(shared, 'in/note'), 'unpacked');
  assert.equal(spawnSync('tar', ['-cf', join(shared, 'in.tar'), '-C', join(shared, 'in'), 'note']).status, 0);
  const browse = new Browse(engine, [], localPath(local, ''));
  await browse.until(({ remote }) => !remote.loading && remote.rows.length === 2);
  browse.press('home', 'E');
  assert.match(`${browse.state.notice?.text}`, /in is no tar/);
  browse.press('end', 'E', 'backspace', ...'n2', 'enter');
  await browse.until(({ undos }) => undos.length === 1);
  assert.equal(readFileSync(join(shared, 'in2/note'), 'utf8'), 'unpacked');
  browse.press('u');
  await browse.until(({ notice }) => /it is in the trash/.test(notice?.text ?? ''));
  assert.ok(!existsSync(join(shared, 'in2')));
  // A folder of that name is there: nothing is unpacked into it.
  browse.press('end', 'E', 'enter');
  await browse.until(({ notice }) => notice?.isError === true);
  assert.deepEqual(readdirSync(join(shared, 'in')), ['note']);
});

test('a name, a folder, permissions: taken back, but for a folder with something in it by now', async (t) => {
  const { engine, shared, local } = await bench(t, (opts) => new EngineCore(opts));
  writeFileSync(join(shared, 'a'), 'a');
  chmodSync(join(shared, 'a'), 0o640);
  const browse = new Browse(engine, [], localPath(local, ''));
  const rows = (...names: readonly string[]): Promise<true> =>
    browse.until(
      ({ remote }) =>
        !remote.loading && JSON.stringify(remote.rows.map(({ name }) => name)) === JSON.stringify(names),
    );
  const told = (pattern: RegExp): Promise<true> =>
    browse.until(({ notice }) => pattern.test(notice?.text ?? ''));
  const done = (undos: number): Promise<true> => browse.until((state) => state.undos.length === undos);
  const mode = (): number => statSync(join(shared, 'a')).mode & 0o777;
  await rows('a');
  browse.press('end', 'm', 'C-u', ...'600', 'enter');
  await done(1);
  assert.equal(mode(), 0o600);
  browse.press('r', 'C-u', 'b', 'enter');
  await done(2);
  await rows('b');
  browse.press('f7', ...'new', 'enter');
  await done(3);
  await rows('new', 'b');
  browse.press('u');
  await told(/folder new is gone/);
  await rows('b');
  browse.press('u');
  await told(/called a again/);
  await rows('a');
  browse.press('u');
  await told(/permissions are as they were/);
  assert.equal(mode(), 0o640);
  browse.press('f7', ...'new', 'enter');
  await done(1);
  writeFileSync(join(shared, 'new/full'), '');
  browse.press('u');
  await browse.until(({ notice }) => notice?.isError === true);
  assert.ok(existsSync(join(shared, 'new/full')));
});

test('stopped long work ends with the order it is at, and tells how many were done', async () => {
  const posted: Msg[] = [];
  const asked: WorkOrder[] = [];
  const run: ServerWorks['run'] = async (order, { onProgress, signal } = {}) => {
    asked.push(order);
    onProgress?.({ files: 1, bytes: 10 });
    if (asked.length === 2) {
      works.stop(1);
      if (signal?.aborted === true) throw new FerryError(Code.CANCELLED, 'cancelled');
    }
    return { files: 1, bytes: 10, failed: 0, firstFailure: undefined };
  };
  const works = new Works({ worksAt: () => ({ run }) } as unknown as Engine, (msg) => posted.push(msg));
  const orders = ['a', 'b', 'c'].map((name) => ({ verb: 'remove', path: path(name) }) as const);
  const done = await works.run({ where: 'host', verb: 'remove', doing: 'deleting', orders });
  assert.deepEqual([done, asked.length], [{ count: 1, files: 1 }, 2]);
  const far = posted.flatMap((msg) => (msg.kind === 'working' ? [[msg.work.files, msg.work.bytes]] : []));
  assert.deepEqual(far, [
    [0, 0],
    [1, 10],
    [2, 20],
  ]);
  assert.deepEqual(
    posted.filter(({ kind }) => kind !== 'working'),
    [
      { kind: 'work-over', id: 1 },
      { kind: 'said', text: 'stopped: deleting, 1 of 3 were done' },
    ],
  );
});
