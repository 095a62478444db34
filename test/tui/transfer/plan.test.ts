/** What a job consists of. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Code, type Entry, EntryKind, epoch, FerryError, nameFromText, type Path } from '@ferry/protocol';
import { type PlanItem, plan } from '../../../packages/tui/src/transfer/plan.ts';
import { withCode } from '../../support/code.ts';
import { path } from '../../support/scratch.ts';

const { signal } = new AbortController();

function entry(name: string, kind: EntryKind, size = 0): Entry {
  return { name: nameFromText(name), kind, size, modified: epoch, mode: 0o644 };
}

const file = (name: string, size = 1): Entry => entry(name, EntryKind.file, size);
const folder = (name: string): Entry => entry(name, EntryKind.folder);

/** A lister over folders by path, and the paths it was asked for. */
function lister(folders: Readonly<Record<string, readonly Entry[] | FerryError>>) {
  const asked: string[] = [];
  const list = async (of: Path): Promise<readonly Entry[]> => {
    asked.push(of.join('/'));
    const entries = folders[of.join('/')];
    if (entries === undefined) throw new FerryError(Code.NOT_FOUND, 'no such folder');
    if (entries instanceof FerryError) throw entries;
    return entries;
  };
  return { list, asked };
}

async function items(walk: AsyncIterable<PlanItem>): Promise<string[]> {
  const lines: string[] = [];
  for await (const item of walk) {
    const more =
      item.kind === 'file' ? ` ${item.size}` : item.kind === 'refused' ? ` ${item.error.codeName}` : '';
    lines.push(`${item.kind} ${item.below.join('/')}${more}`);
  }
  return lines;
}

test('one file is one item, and nothing is listed', async () => {
  const { list, asked } = lister({});
  assert.deepEqual(await items(plan(path('a/b'), EntryKind.file, { size: 7 }, list, signal)), ['file  7']);
  assert.deepEqual(asked, []);
});

test('a link is an item of its own, a device is refused', async () => {
  const { list } = lister({});
  const itemsOf = (kind: EntryKind) => items(plan(path('a'), kind, { size: 0 }, list, signal));
  assert.deepEqual(await itemsOf(EntryKind.symlink), ['link ']);
  assert.deepEqual(await itemsOf(EntryKind.other), ['refused  NOT_REGULAR']);
});

test('a folder comes before what is in it, its files before its folders, all by name', async () => {
  const { list } = lister({
    top: [folder('z'), file('2', 5), folder('a'), file('1', 4), entry('l', EntryKind.symlink)],
    'top/a': [folder('deep'), file('x', 9)],
    'top/a/deep': [],
    'top/z': [file('y', 1)],
  });
  assert.deepEqual(await items(plan(path('top'), EntryKind.folder, { size: 0 }, list, signal)), [
    'folder ',
    'file 1 4',
    'file 2 5',
    'link l',
    'folder a',
    'file a/x 9',
    'folder a/deep',
    'folder z',
    'file z/y 1',
  ]);
});

test('the next folder is listed only when it is wanted', async () => {
  const { list, asked } = lister({ top: [folder('a')], 'top/a': [file('x')] });
  const walk = plan(path('top'), EntryKind.folder, { size: 0 }, list, signal);
  await walk.next();
  assert.deepEqual(asked, ['top']);
  await walk.next();
  assert.deepEqual(asked, ['top', 'top/a']);
});

test('a folder that cannot be read is one refused item', async () => {
  const { list } = lister({
    top: [folder('a'), folder('b')],
    'top/a': new FerryError(Code.FORBIDDEN, 'no'),
    'top/b': [file('x')],
  });
  assert.deepEqual(await items(plan(path('top'), EntryKind.folder, { size: 0 }, list, signal)), [
    'folder ',
    'refused a FORBIDDEN',
    'folder b',
    'file b/x 1',
  ]);
});

test('a source that cannot be read ends the walk, and so does a cancelled listing', async () => {
  const { list } = lister({ top: [folder('a')], 'top/a': new FerryError(Code.CANCELLED, 'cancelled') });
  await assert.rejects(
    items(plan(path('none'), EntryKind.folder, { size: 0 }, list, signal)),
    withCode('NOT_FOUND'),
  );
  await assert.rejects(
    items(plan(path('top'), EntryKind.folder, { size: 0 }, list, signal)),
    withCode('CANCELLED'),
  );
});

test('a folder that cannot be made is passed over with all that is in it', async () => {
  const { list, asked } = lister({
    top: [folder('a'), folder('b')],
    'top/a': [folder('deep'), file('x')],
    'top/b': [file('y')],
  });
  const walk = plan(path('top'), EntryKind.folder, { size: 0 }, list, signal);
  const found: string[] = [];
  for (let step = await walk.next(); step.done !== true; ) {
    found.push(step.value.below.join('/'));
    step = await walk.next(step.value.below.join('/') !== 'a');
  }
  assert.deepEqual(found, ['', 'a', 'b', 'b/y']);
  assert.deepEqual(asked, ['top', 'top/a', 'top/b']);
});
