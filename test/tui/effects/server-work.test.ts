/** The browser's keys with a real server behind them: deleting and back, searching, copying there. */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EngineCore } from '../../../packages/tui/src/engine/engine-core.ts';
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
  browse.press('end', 'S-f5', 'end', '2', 'enter');
  await said(/copied: one entry/);
  assert.equal(readFileSync(join(shared, 'a/deep/tide.txt2'), 'utf8'), 'low tide');
  await rows('a/deep/tide.txt', 'a/deep/tide.txt2');
  browse.press('left');
  await rows('a', 'b');
  browse.press('end', 'S-f6', 'C-u', ...'/a', 'enter');
  await rows('a');
  assert.deepEqual(readdirSync(join(shared, 'a')).sort(), ['b', 'deep']);
  browse.press('home', 'S-f8', ...'delete', 'enter');
  await rows();
  await said(/deleted for good: 3 files/);
  assert.deepEqual(readdirSync(shared), ['.ferry']);
  // Nothing is left to be undone: what can still be had back is listed.
  browse.press('u');
  await browse.until(({ dialog }) => dialog?.kind === 'trash' && dialog.rows?.length === 0);
  browse.press('escape');
  // What was overwritten by an answer comes back, and what was sent is in the trash instead.
  writeFileSync(join(shared, 'c'), 'theirs');
  writeFileSync(join(local, 'c'), 'ours, which is longer');
  await rows('c');
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
