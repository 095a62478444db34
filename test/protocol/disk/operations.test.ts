/** Listing, stat, mkdir, rename, remove and reading on a real disk, where the storage contract does not look. */

import assert from 'node:assert/strict';
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { FerryError, limits } from '@ferry/protocol';
import {
  FolderSync,
  fetchPack,
  list,
  mkdir,
  openRead,
  Root,
  remove,
  rename,
  space,
  stat,
  syncShared,
  takenIn,
} from '@ferry/protocol/disk';
import { withCode } from '../../support/code.ts';
import { path, scratchFolder } from '../../support/scratch.ts';

function share(t: TestContext): { folder: string; root: Root } {
  const folder = scratchFolder(t);
  const root = Root.open(folder);
  t.after(() => root.close());
  return { folder, root };
}

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;

describe('list', () => {
  const fill = (folder: string, count: number, nameLength = 0): void => {
    for (let i = 0; i < count; i++) writeFileSync(join(folder, String(i).padStart(nameLength, '0')), '');
  };

  test('an empty folder has no page', (t) => {
    const { root } = share(t);
    assert.deepEqual([...list(root, [])], []);
  });
  test('pages hold at most so many entries, and all of them together every entry once', (t) => {
    const { folder, root } = share(t);
    fill(folder, 2500);
    const pages = [...list(root, [])];
    assert.ok(pages.length >= 3);
    for (const page of pages) assert.ok(page.length > 0 && page.length <= limits.pageEntries);
    const names = new Set<string>(pages.flat().map((entry) => entry.name));
    assert.equal(pages.flat().length, 2500);
    assert.equal(names.size, 2500);
  });
  test('pages hold at most so many bytes', (t) => {
    const { folder, root } = share(t);
    fill(folder, 400, 255);
    const pages = [...list(root, [])];
    assert.ok(pages.length >= 3);
    for (const page of pages) {
      assert.ok(page.reduce((bytes, { name }) => bytes + name.length, 0) <= limits.pageBytes);
    }
    assert.equal(pages.flat().length, 400);
  });
  test('an entry that vanishes or a folder that is removed meanwhile is left out, not an error', (t) => {
    const { folder, root } = share(t);
    fill(folder, 1000);
    const pages = list(root, [], { pageEntries: 10 });
    const first = pages.next();
    assert.equal(first.done, false);
    rmSync(folder, { recursive: true });
    // What was read ahead of the removal is gone by now, and so is the rest.
    const rest = [...pages].flat();
    assert.ok(rest.length < 10, `${rest.length} entries of a folder that is gone`);
  });
  test('frees its descriptors at the end, when left early and when it fails', (t) => {
    const { folder, root } = share(t);
    fill(folder, 100);
    const before = openDescriptors();
    for (const _ of list(root, [], { pageEntries: 10 }));
    for (const _ of list(root, [], { pageEntries: 10 })) break;
    assert.throws(() => list(root, path('5')).next(), withCode('NOT_FOLDER'));
    assert.throws(() => list(root, path('no')).next(), withCode('NOT_FOUND'));
    assert.equal(openDescriptors(), before);
  });
  test('shows times to the nanosecond, before 1970 too (XFER-28), and clamps what the wire cannot say', (t) => {
    const { folder, root } = share(t);
    writeFileSync(join(folder, 'old'), '');
    utimesSync(join(folder, 'old'), '-1.5', '-1.5');
    assert.deepEqual(stat(root, path('old')).modified, { s: -2, ns: 500_000_000 });
  });
});

describe('identity', () => {
  test('is the same as long as nothing happens to the file', (t) => {
    const { folder, root } = share(t);
    writeFileSync(join(folder, 'a'), 'x');
    const { identity } = stat(root, path('a'));
    assert.ok(identity.length >= 1 && identity.length <= 32);
    assert.equal(stat(root, path('a')).identity, identity);
  });
  const changes: Record<string, (file: string) => void> = {
    'is appended to': (file) => appendFileSync(file, 'x'),
    'is replaced': (file) => {
      writeFileSync(`${file}2`, 'x');
      renameSync(`${file}2`, file);
    },
    'is rewritten, its size and time restored': (file) => {
      const { atime, mtime } = statSync(file);
      writeFileSync(file, 'y');
      utimesSync(file, atime, mtime);
    },
  };
  for (const [name, change] of Object.entries(changes)) {
    test(`differs when a file ${name} (XFER-06)`, (t) => {
      const { folder, root } = share(t);
      writeFileSync(join(folder, 'a'), 'x');
      utimesSync(join(folder, 'a'), 1, 1);
      const { identity } = stat(root, path('a'));
      const opened = openRead(root, path('a'));
      t.after(() => opened.close());
      assert.equal(opened.unchanged(), true);
      // The kernel's clock ticks coarsely: change until it has moved on.
      for (let i = 0; i < 20_000 && stat(root, path('a')).identity === identity; i++)
        change(join(folder, 'a'));
      assert.notEqual(stat(root, path('a')).identity, identity);
      assert.equal(opened.unchanged(), false);
    });
  }
});

describe('read', () => {
  test('a file that became shorter is SOURCE_CHANGED (XFER-06)', (t) => {
    const { folder, root } = share(t);
    writeFileSync(join(folder, 'a'), Buffer.alloc(limits.blockBytes + 10, 1));
    const file = openRead(root, path('a'));
    t.after(() => file.close());
    const buffer = Buffer.alloc(limits.blockBytes);
    truncateSync(join(folder, 'a'), limits.blockBytes);
    assert.equal(file.read(0, buffer), limits.blockBytes);
    assert.throws(() => file.read(1, buffer), withCode('SOURCE_CHANGED'));
    assert.equal(file.read(2, buffer), 0);
  });
});

describe('mkdir, rename, remove', () => {
  test('a folder gets the permissions that the umask leaves', (t) => {
    const { folder, root } = share(t);
    mkdir(root, path('a'));
    mkdirSync(join(folder, 'b'));
    assert.equal(stat(root, path('a')).mode, stat(root, path('b')).mode);
  });
  test('a folder is not renamed over an empty folder, a link or a file', (t) => {
    const { folder, root } = share(t);
    mkdirSync(join(folder, 'a'));
    mkdirSync(join(folder, 'empty'));
    symlinkSync('empty', join(folder, 'link'));
    writeFileSync(join(folder, 'file'), '');
    for (const to of ['empty', 'link', 'file', 'a']) {
      assert.throws(() => rename(root, path('a'), path(to)), withCode('EXISTS'), to);
    }
    assert.deepEqual(readdirSync(folder).sort(), ['a', 'empty', 'file', 'link']);
  });
  test('a renamed file is the same file, under one name', (t) => {
    const { folder, root } = share(t);
    writeFileSync(join(folder, 'a'), 'x');
    const before = statSync(join(folder, 'a'));
    rename(root, path('a'), path('b'));
    const after = statSync(join(folder, 'b'));
    assert.equal(after.ino, before.ino);
    assert.equal(after.nlink, 1);
    assert.deepEqual(readdirSync(folder), ['b']);
  });
  test('space is what the file system says', (t) => {
    const { root } = share(t);
    const { free, total } = space(root, []);
    assert.ok(free > 0 && free <= total);
  });
  test('no call leaves a descriptor open', (t) => {
    const { root } = share(t);
    const before = openDescriptors();
    mkdir(root, path('a'));
    mkdir(root, path('a/b'));
    rename(root, path('a/b'), path('c'));
    assert.throws(() => rename(root, path('a'), path('no/x')));
    assert.throws(() => mkdir(root, path('no/x/y')));
    assert.throws(() => openRead(root, path('a')));
    remove(root, path('c'));
    stat(root, path('a'));
    space(root, path('a'));
    assert.equal(openDescriptors(), before);
  });
});

test('files of a pack stay as they were read, whatever their sizes and however many there are', (t) => {
  const { root, folder } = share(t);
  // Together more than one message holds, so that their bytes lie in several buffers.
  const sizes = [
    0,
    limits.packedFileBytes,
    1,
    limits.packedFileBytes,
    5000,
    limits.packedFileBytes,
    4096,
    0,
    9,
  ];
  for (const [i, size] of sizes.entries()) writeFileSync(join(folder, `${i}`), Buffer.alloc(size, i + 1));
  const found = [
    ...fetchPack(
      root,
      [],
      [...sizes.keys(), 'none'].flatMap((name) => path(`${name}`)),
    ),
  ];
  for (const [i, size] of sizes.entries()) {
    const one = found[i];
    assert.ok(one !== undefined && !(one instanceof FerryError));
    assert.equal(one.name, `${i}`);
    assert.ok(one.content.equals(Buffer.alloc(size, i + 1)), `${i}`);
  }
  assert.ok(withCode('NOT_FOUND')(found.at(-1)));
});

test('names that are in use are known of a whole folder at once, links among them', (t) => {
  const { root, folder } = share(t);
  mkdirSync(join(folder, 'a/folder'), { recursive: true });
  writeFileSync(join(folder, 'a/file'), '');
  symlinkSync('nowhere', join(folder, 'a/link'));
  const names = ['file', 'none', 'folder', 'link'].flatMap((name) => path(name));
  assert.deepEqual(takenIn(root, path('a'), names), [true, false, true, true]);
  assert.deepEqual(takenIn(root, path('b/c'), names), [false, false, false, false]);
  assert.throws(() => takenIn(root, path('a/file'), names), withCode('NOT_FOLDER'));
});

test('one FolderSync holds each folder once and none after the sync', (t) => {
  const { root } = share(t);
  mkdir(root, path('a'));
  const before = openDescriptors();
  const folders = new FolderSync();
  for (const folder of ['a', '', 'a']) root.withFolder(path(folder), (folderFd) => folders.add(folderFd));
  assert.equal(folders.size, 2);
  assert.equal(folders.sync(), true);
  assert.equal(folders.size, 0);
  assert.equal(openDescriptors(), before);
});

test('a folder that cannot be synced leaves none of the others open', (t) => {
  const { root } = share(t);
  const before = openDescriptors();
  const folders = new FolderSync();
  root.withFolder([], (folderFd) => folders.add(folderFd));
  assert.throws(() => folders.add(1_000_000), { code: 'EBADF' });
  assert.equal(folders.size, 0);
  assert.equal(openDescriptors(), before);
});

test('who comes while a folder is being synced shares the next sync, which begins later', async (t) => {
  const { root } = share(t);
  mkdir(root, path('a'));
  const before = openDescriptors();
  const ends: string[] = [];
  const told = (who: string, sync: Promise<boolean>): Promise<void> =>
    sync.then((durable) => {
      assert.equal(durable, true);
      ends.push(who);
    });
  // Nobody keeps the handle until it is over.
  const sync = (folder: string): Promise<boolean> => root.withFolder(path(folder), syncShared);
  const first = sync('');
  const [second, third, elsewhere] = [sync(''), sync(''), sync('a')];
  assert.notEqual(second, first);
  assert.equal(third, second);
  assert.notEqual(elsewhere, first);
  await Promise.all([told('second', second), told('first', first), elsewhere]);
  assert.deepEqual(ends, ['first', 'second']);
  const later = sync('');
  assert.ok(later !== first && later !== second);
  await later;
  assert.equal(openDescriptors(), before);
});

test('a folder that its file system cannot sync is told of, and one that cannot be looked at', async () => {
  const before = openDescriptors();
  const inProc = openSync('/proc/self/fdinfo', 'r');
  const syncs = [syncShared(inProc), syncShared(inProc)];
  closeSync(inProc);
  assert.deepEqual(await Promise.all(syncs), [false, false]);
  assert.throws(() => syncShared(1_000_000), { code: 'EBADF' });
  assert.equal(openDescriptors(), before);
});
