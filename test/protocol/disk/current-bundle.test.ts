/** A bundle is run only while all sources that it was made of are as they were. */

import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import {
  bundleFolder,
  bundleList,
  currentBundle,
  fileState,
  listLine,
} from '../../../packages/protocol/src/disk/current-bundle.ts';
import { type Afterwards, scratchFolder } from '../../support/scratch.ts';

const entry = `${bundleFolder}/digest/ferry/main.js`;
const sources = ['packages/a/src/one.ts', 'packages/a/src/two words.ts'];

/** A checkout with a bundle of two sources. */
function checkout(t: Afterwards): { readonly top: string; readonly list: string; readonly source: string } {
  const top = scratchFolder(t);
  for (const file of [entry, ...sources]) {
    mkdirSync(dirname(join(top, file)), { recursive: true });
    writeFileSync(join(top, file), 'export {};');
    // A whole second, which can be set again exactly.
    utimesSync(join(top, file), 1e9, 1e9);
  }
  const list = join(top, bundleList('ferry'));
  const lines = sources.map((file) => listLine(file, fileState(join(top, file)) ?? ''));
  writeFileSync(list, `${[entry, ...lines].join('\n')}\n`);
  return { top, list, source: join(top, sources[1] ?? '') };
}

test('a bundle is current while nothing has changed, and only for its program', (t) => {
  const { top } = checkout(t);
  assert.equal(currentBundle('ferry', top), join(top, entry));
  assert.equal(currentBundle('ferryd', top), undefined);
});

/** The clock of a file system moves in steps of some milliseconds. */
async function changeUntilSeen(file: string, change: () => void): Promise<void> {
  const { ctimeMs } = statSync(file);
  do {
    change();
    await new Promise(setImmediate);
  } while (statSync(file).ctimeMs === ctimeMs);
}

test('a source that has changed and looks as before, in size and time, makes it stale', async (t) => {
  const { top, source } = checkout(t);
  const { mtimeMs, size } = statSync(source);
  await changeUntilSeen(source, () => {
    writeFileSync(source, 'import {};');
    utimesSync(source, 1e9, 1e9);
  });
  const { mtimeMs: mtimeNow, size: sizeNow } = statSync(source);
  assert.deepEqual([mtimeNow, sizeNow], [mtimeMs, size]);
  assert.equal(currentBundle('ferry', top), undefined);
});

for (const [what, spoil] of [
  ['a source that went', ({ source }) => rmSync(source)],
  ['a source that is another file now', ({ source }) => writeFileSync(source, 'longer than it was')],
  ['a source that has another name', ({ source }) => renameSync(source, `${source}.old`)],
  ['a bundle without its files', ({ top }) => rmSync(join(top, entry))],
  ['a list that is gone', ({ list }) => rmSync(list)],
  ['a list that is empty', ({ list }) => writeFileSync(list, '')],
  ['a list that ends after the bundle', ({ list }) => writeFileSync(list, `${entry}\n`)],
  ['a list that is not one', ({ list }) => writeFileSync(list, '\0\n\0 \0\n'.repeat(9))],
] as const satisfies readonly (readonly [string, (at: ReturnType<typeof checkout>) => void])[])
  test(`${what}: the sources run`, (t) => {
    const at = checkout(t);
    spoil(at);
    assert.equal(currentBundle('ferry', at.top), undefined);
  });
