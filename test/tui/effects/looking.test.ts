/** Looking at files of a real server, through state, effects and engine. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EngineCore } from '@ferry/tui/engine/engine-core';
import { viewerExtent } from '@ferry/tui/state/layout';
import type { AppState } from '@ferry/tui/state/state';
import { shownRows } from '@ferry/tui/state/viewer';
import { countingProxy } from '../../support/counting-proxy.ts';
import { png } from '../../support/png.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { startServer } from '../../support/server.ts';
import { localPath, optsFor, sparse } from '../engine/bench.ts';
import { Browse } from '../support/browse.ts';

function rows({ viewer, size }: AppState): string[] {
  if (viewer === undefined) return [];
  return shownRows(viewer, viewerExtent(size)).map(({ chars }) => chars.map(({ text }) => text).join(''));
}

const shows = (line: string) => (state: AppState) =>
  state.viewer?.work === undefined && state.viewer?.reading === undefined && rows(state).includes(line);

test('the end of a 50 GB log costs less than 1 MB, a line near its beginning and a search from there too', async (t) => {
  const shared = scratchFolder(t);
  const local = scratchFolder(t);
  const size = 50e9;
  sparse(join(shared, 'huge.log'), size);
  const file = openSync(join(shared, 'huge.log'), 'r+');
  writeSync(file, Array.from({ length: 5000 }, (_, i) => `entry ${i + 1}\n`).join(''), 0);
  writeSync(file, '\nthe last line but one\nthe last line\n', size - 37);
  closeSync(file);
  writeFileSync(join(local, 'mine.txt'), 'of my own\n');
  mkdirSync(join(local, 'sub'));
  const server = await startServer(t, { dir: shared, args: ['--open'] });
  const proxy = await countingProxy(t, server.port);
  const engine = new EngineCore(optsFor(t, { ...server, port: proxy.port }));
  t.after(() => engine.close());
  const browse = new Browse(engine, [], localPath(local));
  await browse.until(({ remote }) => !remote.loading && remote.rows.length === 1);
  const before = proxy.bytes();
  browse.press('f3');
  await browse.until(shows('entry 1'));
  browse.press('end');
  await browse.until(shows('the last line'));
  assert.ok(rows(browse.state).includes('the last line but one'));
  browse.press('home', 'g', '4', '0', '0', '0', 'enter');
  await browse.until(shows('entry 4000'));
  browse.press('/', ...'ENTRY', 'enter');
  await browse.until(({ viewer, notice }) => viewer?.work !== undefined || notice !== undefined);
  browse.press('escape');
  browse.press('/', ...'entry 4900', 'enter');
  await browse.until(shows('entry 4900'));
  browse.press('?', ...'entry 17', 'enter');
  await browse.until(shows('entry 1799'));
  assert.ok(proxy.bytes() - before < 1_000_000, `${proxy.bytes() - before} bytes travelled`);
  browse.press('q', 'tab', 'end', 'f3');
  await browse.until(shows('of my own'));
});

test('the preview reads the head of a file and the beginning of a folder, whatever their size', async (t) => {
  const shared = scratchFolder(t);
  const local = scratchFolder(t);
  mkdirSync(join(shared, 'a folder'));
  for (let i = 0; i < 3000; i++) writeFileSync(join(shared, 'a folder', `entry-${i}`), '');
  sparse(join(shared, 'huge'), 50e9);
  const server = await startServer(t, { dir: shared, args: ['--open'] });
  const proxy = await countingProxy(t, server.port);
  const engine = new EngineCore(optsFor(t, { ...server, port: proxy.port }));
  t.after(() => engine.close());
  const browse = new Browse(engine, [], localPath(local));
  await browse.until(({ remote }) => !remote.loading && remote.rows.length === 2);
  const before = proxy.bytes();
  browse.press('p');
  const folder = await browse.until(({ preview }) => preview?.seen);
  assert.ok(folder.kind === 'folder' && folder.entries.length === 500 && !folder.isWhole);
  browse.press('down');
  const head = await browse.until(({ preview }) => preview?.seen);
  assert.ok(head.kind === 'file' && head.content.length === 16 * 1024 && head.facts.size === 50e9);
  assert.ok(proxy.bytes() - before < 200_000, `${proxy.bytes() - before} bytes travelled`);
});

test('of an archive the names are shown, and of a picture what one sees, in the viewer and in the preview', async (t) => {
  const shared = scratchFolder(t);
  const local = scratchFolder(t);
  writeFileSync(join(local, 'inside.txt'), 'x');
  execFileSync('tar', ['-czf', join(shared, 'a.tar.gz'), '-C', local, 'inside.txt']);
  writeFileSync(join(shared, 'not.zip'), 'a text');
  writeFileSync(
    join(shared, 'z.png'),
    png({ width: 2, height: 1, rgba: Uint8Array.of(1, 2, 3, 255, 4, 5, 6, 255) }),
  );
  writeFileSync(join(shared, 'zz.png'), 'no picture');
  const server = await startServer(t, { dir: shared, args: ['--open'] });
  const engine = new EngineCore(optsFor(t, server));
  t.after(() => engine.close());
  const browse = new Browse(engine, [], localPath(local));
  await browse.until(({ remote }) => !remote.loading && remote.rows.length === 4);
  browse.press('p');
  const seen = await browse.until(({ preview }) => preview?.seen);
  assert.ok(seen.kind === 'file' && Buffer.from(seen.content).toString().includes('  inside.txt\n'));
  browse.press('f3');
  await browse.until((state) => rows(state).some((row) => row.endsWith('inside.txt')));
  browse.press('q', 'down', 'f3');
  await browse.until(shows('a text'));
  browse.press('q', 'down', 'f3');
  const { width } = await browse.until(({ viewer }) => viewer?.picture);
  assert.equal(width, 2);
  browse.press('q');
  const small = await browse.until(({ preview }) =>
    preview?.seen?.kind === 'picture' ? preview.seen : undefined,
  );
  assert.equal(small.picture?.height, 1);
  browse.press('f3', 'right');
  await browse.until(shows('no picture'));
  browse.press('q');
  const text = await browse.until(({ preview }) =>
    preview?.seen?.kind === 'file' ? preview.seen : undefined,
  );
  assert.equal(Buffer.from(text.content).toString(), 'no picture');
});
