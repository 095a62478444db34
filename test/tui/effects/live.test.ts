/** Two browsers on one server, without screens: what one does the other sees, and each sees what happens on its own disk. */

import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { Path } from '@ferry/protocol';
import { EngineCore } from '../../../packages/tui/src/engine/engine-core.ts';
import { EngineThread } from '../../../packages/tui/src/engine/engine-thread.ts';
import { path, scratchFolder } from '../../support/scratch.ts';
import { type Served, sharedServer } from '../../support/shared-server.ts';
import { localPath, type Make, optsFor } from '../engine/bench.ts';
import { Browse } from '../support/browse.ts';

type Side = 'remote' | 'local';

function browser(
  t: TestContext,
  { server }: Served,
  make: Make,
  remote: Path,
): Browse & { readonly dir: string } {
  const dir = scratchFolder(t);
  const engine = make(optsFor(t, server));
  t.after(() => engine.close());
  return Object.assign(new Browse(engine, remote, localPath(dir)), { dir });
}

const inline: Make = (opts) => new EngineCore(opts);
const onThread: Make = (opts) => new EngineThread(opts);

const names = (browse: Browse, side: Side = 'remote'): string =>
  browse.state[side].rows.map(({ name }) => name).join(' ');
const isTold = (browse: Browse, side: Side = 'remote'): Promise<unknown> =>
  browse.until(({ [side]: pane }) => pane.pollMs === 0 && !pane.loading);

describe('two browsers', () => {
  const served = sharedServer();

  test('one renames a file and the other sees it move, mark and cursor with it; nothing is listed again', async (t) => {
    const here = served();
    for (const name of ['a', 'b', 'c']) writeFileSync(join(here.shared, name), name);
    const anna = browser(t, here, inline, []);
    const bob = browser(t, here, onThread, []);
    await Promise.all([isTold(anna), isTold(bob)]);
    await anna.until(() => names(anna) === 'a b c');
    await bob.until(() => names(bob) === 'a b c');
    // Where the server was slow to begin watching, what was listed meanwhile is listed again: that is over when two changes have come.
    for (const name of ['d', 'e']) {
      writeFileSync(join(here.shared, name), name);
      await bob.until(
        ({ remote }) => remote.rows.map((row) => String(row.name)).includes(name) && !remote.loading,
      );
      rmSync(join(here.shared, name));
      for (const one of [anna, bob])
        await one.until(({ remote }) => names(one) === 'a b c' && !remote.loading);
    }
    bob.press('home', 'space', 'up');
    const { request } = bob.state.remote;
    anna.press('home', 'S-f6', 'C-u', 'z', 'enter');
    await bob.until(() => names(bob) === 'b c z');
    await anna.until(() => names(anna) === 'b c z');
    const { remote } = bob.state;
    assert.deepEqual([...remote.marks], ['z']);
    assert.equal(remote.rows.at(remote.cursor)?.name, 'z');
    assert.equal(remote.request, request);
  });

  test('a folder that one removes is left by the other, and that is said', async (t) => {
    const here = served();
    mkdirSync(join(here.shared, 'sub'));
    const anna = browser(t, here, inline, path('sub'));
    await isTold(anna);
    rmSync(join(here.shared, 'sub'), { recursive: true });
    await anna.until(({ remote }) => remote.path.length === 0 && !remote.loading);
    assert.match(anna.state.notice?.text ?? '', /folder sub: no such file or folder/);
    await isTold(anna);
    writeFileSync(join(here.shared, 'new'), '');
    await anna.until(() => names(anna) === 'new');
  });

  for (const [where, make] of [
    ['inline', inline],
    ['on its thread', onThread],
  ] as const) {
    test(`what happens on one’s own disk shows, links that lead to folders as folders (${where})`, async (t) => {
      const anna = browser(t, served(), make, []);
      await isTold(anna, 'local');
      writeFileSync(join(anna.dir, 'x'), '');
      await anna.until(() => names(anna, 'local') === 'x');
      renameSync(join(anna.dir, 'x'), join(anna.dir, 'y'));
      await anna.until(() => names(anna, 'local') === 'y');
      for (let i = 0; i < 100; i++) writeFileSync(join(anna.dir, `n${i}`), '');
      await anna.until(({ local }) => local.rows.length === 101);
    });
  }
});
