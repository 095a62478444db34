/** Nothing done through a Root reaches, changes or reveals what lies outside of it. IDs as in test/security-rows.test.ts. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import {
  decodePath,
  epoch,
  FerryError,
  type Name,
  nameFromText,
  type Path,
  parentPath,
} from '@ferry/protocol';
import {
  fetchPack,
  list,
  makeLink,
  mkdir,
  openRead,
  Root,
  readLink,
  remove,
  rename,
  Staging,
  setFacts,
  space,
  stat,
  storePack,
} from '@ferry/protocol/disk';
import { withCode } from '../../support/code.ts';
import { path, scratchFolder, snapshot } from '../../support/scratch.ts';
import { contentOf, randomContent, specFor } from '../../support/staging.ts';

type World = { outside: string; shared: string; root: Root; staging: Staging };

/** `outside` holds a canary file and folder; `shared` is the root, with a file and a folder of the same names. */
function world(t: TestContext): World {
  const scratch = scratchFolder(t);
  const outside = join(scratch, 'outside');
  const shared = join(scratch, 'shared');
  for (const folder of [outside, shared]) {
    mkdirSync(join(folder, 'folder'), { recursive: true });
    writeFileSync(join(folder, 'file'), folder);
    writeFileSync(join(folder, 'folder', 'inner'), folder);
  }
  const root = Root.open(shared, { durable: false });
  t.after(() => root.close());
  return { outside, shared, root, staging: new Staging(root) };
}

/** Puts a file through staging; the whole way of an upload. */
function put(staging: Staging, target: Path, existing: 'fail' | 'overwrite' = 'fail'): void {
  const content = contentOf(Buffer.from('uploaded'));
  const file = staging.create({ ...specFor('x', content.bytes.length, { existing }), target });
  try {
    file.write(0, content.bytes, content.digests[0] ?? Buffer.alloc(0));
    file.commit(content.root);
  } finally {
    file.discard();
  }
}

const readAll = (root: Root, at: Path): string => {
  const file = openRead(root, at);
  const buffer = Buffer.alloc(file.facts.size);
  file.read(0, buffer);
  file.close();
  return buffer.toString();
};

const listAll = (root: Root, at: Path): string[] =>
  [...list(root, at)]
    .flat()
    .map((entry) => entry.name)
    .sort();

/** Every verb that takes a path whose parent, or which itself, may be something evil. */
const verbs: Record<string, (world: World, at: Path) => void | Promise<void>> = {
  list: ({ root }, at) => void listAll(root, at),
  stat: ({ root }, at) => void stat(root, at),
  space: ({ root }, at) => void space(root, at),
  read: ({ root }, at) => void readAll(root, at),
  mkdir: ({ root }, at) => mkdir(root, at),
  'rename from': ({ root }, at) => rename(root, at, path('moved')),
  'rename to': ({ root }, at) => rename(root, path('file'), at),
  remove: ({ root }, at) => remove(root, at),
  upload: ({ staging }, at) => put(staging, at),
  'upload over': ({ staging }, at) => put(staging, at, 'overwrite'),
  setFacts: ({ root }, at) => setFacts(root, at, { mode: 0o777, modified: epoch }),
  readLink: ({ root }, at) => void readLink(root, at),
  makeLink: ({ root }, at) => makeLink(root, at, 'file'),
  fetch: ({ root }, at) => {
    for (const part of fetchPack(root, parentPath(at), [nameOf(at)]))
      if (part instanceof FerryError) throw part;
  },
  store: async ({ staging }, at) => {
    const { bytes, root } = contentOf(Buffer.from('uploaded'));
    const file = { name: nameOf(at), modified: epoch, mode: 0o644, rootDigest: root, content: bytes };
    const pack = { folder: parentPath(at), existing: 'overwrite', again: true, files: [file] } as const;
    const [failed] = (await storePack(staging, pack)).outcomes;
    if (failed !== undefined) throw failed;
  },
};

const nameOf = (at: Path): Name => at.at(-1) ?? nameFromText('?');

// No link here points at anything but the world's own folders: run as root on broken code, these tests do what they test.
describe('symlinked parents (PATH-08, PATH-11)', () => {
  const links: Record<string, (world: World) => string> = {
    'absolute to a folder outside': ({ outside }) => outside,
    'relative to a folder outside': () => '../outside',
    'to a folder inside': () => 'folder',
    'to the root itself': () => '.',
    'through /proc': ({ outside }) => `/proc/self/root${outside}`,
    dangling: () => '../nowhere',
    'to itself (PATH-11)': () => 'link',
    'to a file': () => 'file',
  };
  for (const [verb, run] of Object.entries(verbs)) {
    for (const [kind, target] of Object.entries(links)) {
      test(`${verb} below a link ${kind} is NOT_FOUND`, async (t) => {
        const at = world(t);
        symlinkSync(target(at), join(at.shared, 'link'));
        const before = snapshot(at.outside);
        const inside = snapshot(at.shared);
        for (const below of ['link/file', 'link/folder', 'link/folder/inner', 'link/new']) {
          await assert.rejects(async () => run(at, path(below)), withCode('NOT_FOUND'), below);
        }
        assert.deepEqual(snapshot(at.outside), before);
        assert.deepEqual(snapshot(at.shared), inside);
      });
    }
  }
});

describe('symlinks as the last name (PATH-07)', () => {
  const plant = (t: TestContext, target: string): World => {
    const at = world(t);
    symlinkSync(target, join(at.shared, 'link'));
    return at;
  };
  for (const target of ['../outside/file', '../outside/folder', 'file', 'link']) {
    test(`reading and listing a link to ${target} is NOT_FOUND`, (t) => {
      const at = plant(t, target);
      assert.throws(() => openRead(at.root, path('link')), withCode('NOT_FOUND'));
      assert.throws(() => listAll(at.root, path('link')), withCode('NOT_FOUND'));
      assert.throws(() => space(at.root, path('link')), withCode('NOT_FOUND'));
    });
    test(`stat, remove and rename act on a link to ${target} itself`, (t) => {
      const at = plant(t, target);
      const before = snapshot(at.outside);
      assert.equal(stat(at.root, path('link')).kind, 2);
      assert.equal(stat(at.root, path('link')).size, 0);
      rename(at.root, path('link'), path('other'));
      assert.equal(stat(at.root, path('other')).kind, 2);
      remove(at.root, path('other'));
      assert.throws(() => stat(at.root, path('other')), withCode('NOT_FOUND'));
      assert.deepEqual(snapshot(at.outside), before);
      assert.equal(readAll(at.root, path('file')), at.shared);
    });
    test(`an upload replaces a link to ${target}, never its target`, (t) => {
      const at = plant(t, target);
      const before = snapshot(at.outside);
      assert.throws(() => put(at.staging, path('link')), withCode('EXISTS'));
      put(at.staging, path('link'), 'overwrite');
      assert.equal(readAll(at.root, path('link')), 'uploaded');
      assert.equal(readAll(at.root, path('file')), at.shared);
      assert.deepEqual(snapshot(at.outside), before);
    });
  }

  test('a link that a server had us make leads nobody outside (CLNT-03)', (t) => {
    const at = world(t);
    const before = snapshot(at.outside);
    makeLink(at.root, path('trap'), '../outside');
    for (const below of ['trap/file', 'trap/new', 'trap/folder/new']) {
      for (const existing of ['fail', 'overwrite'] as const)
        assert.throws(() => put(at.staging, path(below), existing), withCode('NOT_FOUND'), below);
      assert.throws(() => mkdir(at.root, path(below)), withCode('NOT_FOUND'), below);
      assert.throws(() => makeLink(at.root, path(below), 'x'), withCode('NOT_FOUND'), below);
    }
    assert.throws(
      () => setFacts(at.root, path('trap'), { mode: 0o777, modified: epoch }),
      withCode('NOT_REGULAR'),
    );
    assert.deepEqual(snapshot(at.outside), before);
  });

  test('an upload onto a dangling link makes nothing at its target (PATH-10)', (t) => {
    const at = plant(t, '../outside/new');
    assert.throws(() => put(at.staging, path('link')), withCode('EXISTS'));
    assert.throws(() => mkdir(at.root, path('link')), withCode('EXISTS'));
    assert.throws(() => rename(at.root, path('file'), path('link')), withCode('EXISTS'));
    put(at.staging, path('link'), 'overwrite');
    assert.equal(existsSync(join(at.outside, 'new')), false);
  });
});

test('traversal spellings are refused or name nothing (PATH-01, PATH-02, PATH-03, PATH-04, PATH-05)', (t) => {
  const at = world(t);
  const before = snapshot(at.outside);
  const ups = [
    '..',
    '.',
    '',
    '%2e%2e',
    '%252e%252e',
    '\xc0\xae\xc0\xae',
    '..\\',
    '...',
    '.. ',
    '..\0',
    '\xef\xbc\x8f..',
  ];
  const spellings = ups.flatMap((up) =>
    [1, 2, 5].flatMap((times) =>
      ['/', '\\', '%2f', '\xc0\xaf', '//', '/./'].flatMap((slash) => [
        `${`${up}${slash}`.repeat(times)}outside/file`,
        `folder/${`${up}${slash}`.repeat(times)}outside/file`,
      ]),
    ),
  );
  spellings.push(
    '/etc/passwd',
    '//server/x',
    'C:\\x',
    '\\\\?\\C:\\x',
    'file/',
    '/file',
    'folder//inner',
    './file',
    'a\0b',
  );
  assert.ok(spellings.length > 200);
  for (const spelling of spellings) {
    let decoded: Path;
    try {
      decoded = decodePath(Buffer.from(spelling, 'latin1'));
    } catch (error) {
      withCode('NAME_INVALID')(error);
      continue;
    }
    for (const verb of ['list', 'stat', 'read', 'remove', 'upload'] as const) {
      assert.throws(
        () => verbs[verb]?.(at, decoded.length > 1 ? decoded : [...path('no'), ...decoded]),
        withCode('NOT_FOUND'),
      );
    }
  }
  assert.deepEqual(snapshot(at.outside), before);
});

test('bytes of a name are taken literally (PATH-05, PATH-06, PATH-22)', (t) => {
  const at = world(t);
  const names = [
    '%2e%2e',
    '..\\..\\x',
    '\xc0\xaf',
    'a\nb',
    '\t',
    '-rf',
    ' x ',
    '~',
    '$(id)',
    '"\'',
    'CON',
    'a:b',
    '...',
    'x.',
  ];
  for (const name of names) {
    const [only] = decodePath(Buffer.from(name, 'latin1'));
    assert.ok(only !== undefined);
    put(at.staging, [only]);
    assert.equal(readAll(at.root, [only]), 'uploaded');
  }
  const listed = listAll(at.root, []);
  for (const name of names) assert.ok(listed.includes(name), name);
  assert.equal(readdirSync(at.shared).length, names.length + 3);
});

test('names that are not UTF-8 and decode alike stay two files (PATH-17, PATH-18)', (t) => {
  const at = world(t);
  const [one, two] = ['bad\xff\xfe', 'bad\xfd\xfe'].map((name) => decodePath(Buffer.from(name, 'latin1')));
  assert.ok(one !== undefined && two !== undefined);
  put(at.staging, one);
  put(at.staging, two);
  assert.deepEqual(listAll(at.root, []), ['bad\xfd\xfe', 'bad\xff\xfe', 'file', 'folder']);
  remove(at.root, one);
  assert.equal(readAll(at.root, two), 'uploaded');
  rename(at.root, two, one);
  assert.equal(stat(at.root, one).name, 'bad\xff\xfe');
  assert.deepEqual(listAll(at.root, []), ['bad\xff\xfe', 'file', 'folder']);
});

test('FIFOs, sockets and devices are NOT_REGULAR and block nothing (PATH-13)', async (t) => {
  const at = world(t);
  const fifos = Array.from({ length: 64 }, (_, i) => `fifo-${i}`);
  execFileSync('mkfifo', fifos, { cwd: at.shared });
  for (const fifo of fifos) assert.throws(() => openRead(at.root, path(fifo)), withCode('NOT_REGULAR'));
  for (const verb of ['fetch', 'setFacts', 'readLink', 'read'])
    await assert.rejects(async () => verbs[verb]?.(at, path('fifo-0')), withCode('NOT_REGULAR'), verb);
  await verbs['store']?.(at, path('fifo-3'));
  assert.equal(readAll(at.root, path('fifo-3')), 'uploaded');
  assert.equal(stat(at.root, path('fifo-0')).kind, 3);

  const server = createServer().listen(join(at.shared, 'socket'));
  await new Promise((resolve) => server.once('listening', resolve));
  assert.throws(() => openRead(at.root, path('socket')), withCode('NOT_REGULAR'));
  await new Promise((resolve) => server.close(resolve));

  put(at.staging, path('fifo-1'), 'overwrite');
  assert.equal(readAll(at.root, path('fifo-1')), 'uploaded');
  remove(at.root, path('fifo-2'));
  assert.throws(() => openRead(at.root, path('folder')), withCode('NOT_REGULAR'));
  assert.throws(() => openRead(at.root, []), withCode('NOT_REGULAR'));
});

test('a hard link to an outside file is a file like any other (PATH-12)', (t) => {
  const at = world(t);
  linkSync(join(at.outside, 'file'), join(at.shared, 'hard'));
  assert.equal(readAll(at.root, path('hard')), at.outside);
  put(at.staging, path('hard'), 'overwrite');
  assert.equal(readFileSync(join(at.outside, 'file'), 'utf8'), at.outside);
});

test('names of 255 bytes upload, of 256 do not (PATH-15)', (t) => {
  const at = world(t);
  for (const name of ['a'.repeat(255), `${'é'.repeat(127)}x`]) {
    put(at.staging, path(name));
    assert.equal(readAll(at.root, path(name)), 'uploaded');
  }
  for (const name of ['a'.repeat(256), 'é'.repeat(128)]) {
    assert.throws(() => decodePath(Buffer.from(name)), withCode('NAME_TOO_LONG'));
  }
});

test('the walk reaches places beyond 4,096 bytes, and depth has its limit (PATH-16)', (t) => {
  const at = world(t);
  const deep: string[] = [];
  for (let i = 0; i < 40; i++) {
    deep.push('d'.repeat(200));
    mkdir(at.root, path(deep.join('/')));
  }
  put(at.staging, path(`${deep.join('/')}/file`));
  assert.equal(readAll(at.root, path(`${deep.join('/')}/file`)), 'uploaded');
  assert.throws(() => stat(at.root, path(Array(200).fill('x').join('/'))), withCode('NAME_TOO_LONG'));
  assert.throws(() => decodePath(Buffer.from(deep.join('/'))), withCode('NAME_TOO_LONG'));
});

test('the staging folder is neither listed nor addressable (PATH-23)', async (t) => {
  const at = world(t);
  const upload = at.staging.create(specFor('new', 1));
  assert.deepEqual(listAll(at.root, []), ['file', 'folder']);
  assert.ok(existsSync(join(at.shared, '.ferry', 'part')));
  for (const [verb, run] of Object.entries(verbs)) {
    for (const below of ['.ferry', '.ferry/part', '.ferry/new']) {
      await assert.rejects(async () => run(at, path(below)), withCode('NAME_INVALID'), `${verb} ${below}`);
    }
  }
  mkdir(at.root, path('folder/.ferry'));
  assert.deepEqual(listAll(at.root, path('folder')), ['.ferry', 'inner']);
  upload.discard();
});

for (const planted of ['.ferry', '.ferry/part']) {
  test(`a symlink planted as ${planted} receives nothing`, (t) => {
    const at = world(t);
    if (planted.includes('/')) mkdirSync(join(at.shared, '.ferry'));
    symlinkSync(join(at.outside, 'folder'), join(at.shared, planted));
    const before = snapshot(at.outside);
    assert.throws(() => put(at.staging, path('new')), withCode('FORBIDDEN'));
    assert.deepEqual(snapshot(at.outside), before);
  });
}

test('a root that is renamed and replaced stays the folder that was opened (PATH-24)', (t) => {
  const at = world(t);
  renameSync(at.shared, `${at.shared}-moved`);
  symlinkSync(at.outside, at.shared);
  assert.equal(readAll(at.root, path('file')), at.shared);
  put(at.staging, path('new'));
  assert.ok(existsSync(join(`${at.shared}-moved`, 'new')));
  assert.equal(existsSync(join(at.outside, 'new')), false);
  rmSync(`${at.shared}-moved`, { recursive: true });
  for (const verb of ['stat', 'read', 'mkdir', 'upload', 'rename to'] as const) {
    assert.throws(() => verbs[verb]?.(at, path('file')), withCode('NOT_FOUND'), verb);
  }
});

describe('a folder moved out of the root (PATH-25)', () => {
  test('during an upload: commit refuses and writes nowhere', (t) => {
    const at = world(t);
    const content = randomContent(10);
    const file = at.staging.create(specFor('folder/new', 10));
    file.write(0, content.bytes, content.digests[0] ?? Buffer.alloc(0));
    renameSync(join(at.shared, 'folder'), join(at.outside, 'taken'));
    assert.throws(() => file.commit(content.root), withCode('NOT_FOUND'));
    assert.equal(existsSync(join(at.outside, 'taken', 'new')), false);
    assert.deepEqual(readdirSync(join(at.shared, '.ferry', 'part')), []);
  });
  test('and replaced by a symlink to it: commit refuses', (t) => {
    const at = world(t);
    const file = at.staging.create(specFor('folder/new', 0));
    renameSync(join(at.shared, 'folder'), join(at.outside, 'taken'));
    symlinkSync(join(at.outside, 'taken'), join(at.shared, 'folder'));
    assert.throws(() => file.commit(), withCode('NOT_FOUND'));
    assert.equal(existsSync(join(at.outside, 'taken', 'new')), false);
  });
  test('while it is held is noticed', (t) => {
    const at = world(t);
    at.root.withFolder(path('folder'), (folderFd) => {
      assert.equal(at.root.contains(folderFd), true);
      renameSync(join(at.shared, 'folder'), `${at.shared}x`);
      assert.equal(at.root.contains(folderFd), false);
    });
  });
});

test('no message tells where the root lies (AUTZ-09)', async (t) => {
  const at = world(t);
  for (const run of Object.values(verbs)) {
    await assert.rejects(
      async () => run(at, path('no/such/thing')),
      (error: Error) => !error.message.includes('/') && !error.message.includes('shared'),
    );
  }
});

describe('opening a root', () => {
  test('follows the symlink that the owner named', (t) => {
    const at = world(t);
    symlinkSync(at.shared, `${at.shared}-link`);
    const root = Root.open(`${at.shared}-link`);
    assert.deepEqual(listAll(root, []), ['file', 'folder']);
    root.close();
  });
  test('says what is wrong', (t) => {
    const at = world(t);
    assert.throws(() => Root.open(join(at.shared, 'no')), withCode('NOT_FOUND'));
    assert.throws(() => Root.open(join(at.shared, 'file')), withCode('NOT_FOLDER'));
  });
  test('a closed root refuses every use', (t) => {
    const at = world(t);
    at.root.close();
    at.root.close();
    assert.throws(() => stat(at.root, path('file')), /the root is closed/);
  });
});
