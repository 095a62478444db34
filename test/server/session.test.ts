/** What a logged-in person can do over the control connection of a real ferryd. */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type Entry, EntryKind, rootPath, showName } from '@ferry/protocol';
import { list, mkdir, remove, rename, space, stat } from '@ferry/protocol/messages';
import { logInto } from '../support/client.ts';
import { withCode } from '../support/code.ts';
import { path, scratchFolder } from '../support/scratch.ts';
import { startServer } from '../support/server.ts';

describe('a session', () => {
  it('lists, stats, makes, renames and removes', async (t) => {
    const dir = scratchFolder(t);
    mkdirSync(join(dir, 'folder'));
    writeFileSync(join(dir, 'file.txt'), 'hello');
    writeFileSync(Buffer.concat([Buffer.from(`${dir}/bad`), Buffer.from([0xff])]), '');
    const server = await startServer(t, { dir, args: ['--open'] });
    const { channel, welcome } = await logInto(server);
    assert.equal(welcome.readOnly, false);
    const rows = await namesIn('');
    assert.deepEqual(rows, ['bad\\xff', 'file.txt', 'folder']);
    const { facts } = await channel.call(stat, { path: path('file.txt') });
    assert.equal(facts.size, 5);
    assert.equal(facts.kind, EntryKind.file);
    await channel.call(mkdir, { path: path('folder/new') });
    await assert.rejects(channel.call(mkdir, { path: path('folder/new') }), withCode('EXISTS'));
    await channel.call(rename, { from: path('file.txt'), to: path('folder/new/moved.txt') });
    assert.deepEqual(await namesIn('folder/new'), ['moved.txt']);
    await assert.rejects(channel.call(remove, { path: path('folder/new') }), withCode('NOT_EMPTY'));
    await channel.call(remove, { path: path('folder/new/moved.txt') });
    await channel.call(remove, { path: path('folder/new') });
    assert.deepEqual(await namesIn('folder'), []);
    await assert.rejects(channel.call(list, { path: path('nothing') }), withCode('NOT_FOUND'));
    await assert.rejects(channel.call(remove, { path: rootPath }), withCode('FORBIDDEN'));
    const { free, total } = await channel.call(space, { path: rootPath });
    assert.ok(free > 0 && total >= free);
    channel.close();
    for (const line of [
      /made \/folder\/new/,
      /renamed \/file.txt to/,
      /removed \/folder\/new/,
      /guest@\S+ left/,
    ]) {
      await server.logged(line);
    }

    async function namesIn(folder: string): Promise<string[]> {
      const entries: Entry[] = [];
      await channel.call(list, { path: path(folder) }, { onPart: (page) => entries.push(...page.entries) });
      return entries.map(({ name }) => `${showName(name)}`).toSorted();
    }
  });

  it('lists 30,000 entries in pages, each name once (RES-04)', async (t) => {
    const dir = scratchFolder(t);
    for (let i = 0; i < 30_000; i++) writeFileSync(join(dir, `entry-${i}`), '');
    const server = await startServer(t, { dir, args: ['--open=read-only'] });
    const { channel } = await logInto(server);
    const names = new Set<string>();
    let pages = 0;
    await channel.call(
      list,
      { path: rootPath },
      {
        onPart: ({ entries }) => {
          pages += 1;
          for (const { name } of entries) names.add(name);
        },
      },
    );
    assert.equal(names.size, 30_000);
    assert.ok(pages >= 30);
    channel.close();
  });
});
