/** The storage contract as tests. Each implementation hands in a factory; see packages/server/src/storage/storage.ts. */

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { Code, decodePath, type Entry, EntryKind, FerryError, limits, type Path } from '@ferry/protocol';
import type { ReadHandle, Storage, UploadSpec } from '@ferry/server/storage/storage';
import { withCode } from '../support/code.ts';
import { path } from '../support/scratch.ts';
import {
  boundarySizes,
  type Content,
  contentOf,
  randomContent,
  specFor,
  writeAll,
} from '../support/staging.ts';

/** An empty storage; what it needs is tidied up through `t.after`. */
export type MakeStorage = (t: TestContext) => Storage;

async function put(
  storage: Storage,
  target: string,
  content: Content,
  more: Partial<UploadSpec> = {},
): Promise<void> {
  const upload = await storage.createUpload(specFor(target, content.bytes.length, more));
  await writeAll(upload, content);
  await upload.commit(content.root);
}

const putText = (
  storage: Storage,
  target: string,
  text: string,
  more: Partial<UploadSpec> = {},
): Promise<void> => put(storage, target, contentOf(Buffer.from(text)), more);

async function readAll(handle: ReadHandle): Promise<Buffer> {
  const blocks: Buffer[] = [];
  const buffer = Buffer.alloc(limits.blockBytes);
  for (let i = 0; ; i++) {
    const length = await handle.read(i, buffer);
    if (length === 0) return Buffer.concat(blocks);
    blocks.push(Buffer.from(buffer.subarray(0, length)));
  }
}

async function readText(storage: Storage, at: string): Promise<string> {
  const handle = await storage.openRead(path(at), undefined);
  try {
    return String(await readAll(handle));
  } finally {
    handle.close();
  }
}

async function list(storage: Storage, at: Path): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const page of storage.list(at)) {
    assert.ok(page.length > 0 && page.length <= limits.pageEntries);
    entries.push(...page);
  }
  return entries;
}

const names = async (storage: Storage, at = ''): Promise<string[]> =>
  (await list(storage, path(at))).map(({ name }) => name).sort();

export function storageSuite(name: string, make: MakeStorage): void {
  describe(`${name}: list and stat`, () => {
    test('a new storage is an empty folder', async (t) => {
      const storage = make(t);
      assert.deepEqual(await names(storage), []);
      const facts = await storage.stat([]);
      assert.equal(facts.kind, EntryKind.folder);
      assert.equal(facts.name, '~');
    });
    test('rows and stat agree', async (t) => {
      const storage = make(t);
      const modified = { s: 1_600_000_000, ns: 0 };
      await putText(storage, 'file', 'abc', { mode: 0o640, modified });
      await storage.mkdir(path('folder'));
      const rows = await list(storage, []);
      for (const row of rows) {
        const { identity, sparse, ...entry } = await storage.stat([row.name]);
        assert.equal(sparse, false);
        assert.deepEqual(entry, row);
        assert.ok(identity.length >= 1 && identity.length <= 32);
      }
      assert.deepEqual(
        rows.find((row) => row.name === 'file'),
        { name: 'file', kind: EntryKind.file, size: 3, modified, mode: 0o640 },
      );
      assert.equal(rows.find((row) => row.name === 'folder')?.kind, EntryKind.folder);
      assert.equal(rows.find((row) => row.name === 'folder')?.size, 0);
    });
    test('a large folder comes in pages, each entry once', async (t) => {
      const storage = make(t);
      const expected = Array.from({ length: 1500 }, (_, i) => `folder-${i}`).sort();
      for (const one of expected) await storage.mkdir(path(one));
      assert.deepEqual(await names(storage), expected);
    });
    test('a loop that is left early frees the folder', async (t) => {
      const storage = make(t);
      await storage.mkdir(path('a'));
      for await (const _ of storage.list([])) break;
      await storage.remove(path('a'));
    });
    test('what is not there is NOT_FOUND, a file is NOT_FOLDER', async (t) => {
      const storage = make(t);
      await putText(storage, 'file', '');
      await assert.rejects(storage.stat(path('no')), withCode('NOT_FOUND'));
      await assert.rejects(storage.stat(path('no/no')), withCode('NOT_FOUND'));
      await assert.rejects(list(storage, path('no')), withCode('NOT_FOUND'));
      await assert.rejects(list(storage, path('file')), withCode('NOT_FOLDER'));
      await assert.rejects(storage.space(path('no')), withCode('NOT_FOUND'));
      await assert.rejects(storage.space(path('file')), withCode('NOT_FOLDER'));
    });
    test('names are bytes (PATH-05, PATH-17, PATH-18, PATH-19, PATH-22)', async (t) => {
      const storage = make(t);
      const hostile = [
        'bad\xff\xfe',
        'bad\xfd\xfe',
        '%2e%2e',
        '..\\x',
        'a\nb',
        '\x1b[2J',
        '-rf',
        'A',
        'a',
        'e\xcc\x81',
        '\xc3\xa9',
      ];
      const paths = hostile.map((one) => decodePath(Buffer.from(one, 'latin1')));
      for (const one of paths) await storage.mkdir(one);
      assert.deepEqual(await names(storage), [...hostile].sort());
      const [first, second] = paths;
      assert.ok(first !== undefined && second !== undefined);
      await storage.remove(first);
      assert.equal((await storage.stat(second)).name, hostile[1]);
    });
    test('space is never less than nothing', async (t) => {
      const { free, total } = await make(t).space([]);
      assert.ok(free >= 0 && total >= free);
    });
  });

  describe(`${name}: mkdir, rename, remove`, () => {
    test('mkdir makes one folder in one that is there', async (t) => {
      const storage = make(t);
      await storage.mkdir(path('a'));
      await storage.mkdir(path('a/b'));
      assert.deepEqual(await names(storage, 'a'), ['b']);
      await assert.rejects(storage.mkdir(path('a')), withCode('EXISTS'));
      await assert.rejects(storage.mkdir([]), withCode('EXISTS'));
      await assert.rejects(storage.mkdir(path('no/b')), withCode('NOT_FOUND'));
    });
    test('rename moves files and whole folders', async (t) => {
      const storage = make(t);
      await storage.mkdir(path('a'));
      await storage.mkdir(path('b'));
      await putText(storage, 'a/file', 'text');
      await storage.rename(path('a/file'), path('a/other'));
      await storage.rename(path('a'), path('b/c'));
      assert.deepEqual(await names(storage), ['b']);
      assert.equal(await readText(storage, 'b/c/other'), 'text');
      assert.equal((await storage.stat(path('b/c'))).name, 'c');
    });
    test('rename never overwrites', async (t) => {
      const storage = make(t);
      await putText(storage, 'file', 'one');
      await putText(storage, 'other', 'two');
      await storage.mkdir(path('folder'));
      await storage.mkdir(path('empty'));
      for (const [from, to] of [
        ['file', 'other'],
        ['file', 'folder'],
        ['folder', 'file'],
        ['folder', 'empty'],
        ['file', 'file'],
        ['folder', 'folder'],
      ] as const) {
        await assert.rejects(storage.rename(path(from), path(to)), withCode('EXISTS'), `${from} ${to}`);
      }
      assert.deepEqual(await names(storage), ['empty', 'file', 'folder', 'other']);
      assert.equal(await readText(storage, 'other'), 'two');
    });
    test('rename into itself, of nothing and to nowhere is refused (PATH-26)', async (t) => {
      const storage = make(t);
      await storage.mkdir(path('a'));
      await assert.rejects(storage.rename(path('a'), path('a/b')), withCode('NAME_INVALID'));
      await assert.rejects(storage.rename(path('a'), path('a/b/c')), withCode('NAME_INVALID'));
      await assert.rejects(storage.rename(path('no'), path('b')), withCode('NOT_FOUND'));
      await assert.rejects(storage.rename(path('a'), path('no/b')), withCode('NOT_FOUND'));
      assert.deepEqual(await names(storage), ['a']);
    });
    test('remove takes a file or an empty folder', async (t) => {
      const storage = make(t);
      await storage.mkdir(path('a'));
      await putText(storage, 'a/file', 'x');
      await assert.rejects(storage.remove(path('a')), withCode('NOT_EMPTY'));
      await storage.remove(path('a/file'));
      await storage.remove(path('a'));
      assert.deepEqual(await names(storage), []);
      await assert.rejects(storage.remove(path('a')), withCode('NOT_FOUND'));
    });
    test('the root stays where it is', async (t) => {
      const storage = make(t);
      await assert.rejects(storage.remove([]), withCode('FORBIDDEN'));
      await assert.rejects(storage.rename(path('a'), []), (error: unknown) => error instanceof FerryError);
      await assert.rejects(storage.createUpload(specFor('', 1)), withCode('FORBIDDEN'));
    });
    test('the staging folder is no place for anybody (PATH-23)', async (t) => {
      const storage = make(t);
      await putText(storage, 'file', 'x');
      const reserved = path('.ferry');
      const below = path('.ferry/part');
      for (const one of [reserved, below]) {
        await assert.rejects(storage.stat(one), withCode('NAME_INVALID'));
        await assert.rejects(list(storage, one), withCode('NAME_INVALID'));
        await assert.rejects(storage.mkdir(one), withCode('NAME_INVALID'));
        await assert.rejects(storage.remove(one), withCode('NAME_INVALID'));
        await assert.rejects(storage.rename(path('file'), one), withCode('NAME_INVALID'));
        await assert.rejects(storage.openRead(one, undefined), withCode('NAME_INVALID'));
        await assert.rejects(
          storage.createUpload({ ...specFor('x', 0), target: one }),
          withCode('NAME_INVALID'),
        );
      }
      assert.deepEqual(await names(storage), ['file']);
    });
  });

  describe(`${name}: upload and read`, () => {
    for (const size of boundarySizes) {
      test(`${size} bytes arrive as they were (XFER-29)`, async (t) => {
        const storage = make(t);
        const content = randomContent(size);
        const upload = await storage.createUpload(specFor('file', size));
        await writeAll(upload, content);
        assert.deepEqual(await names(storage), []);
        const { facts } = await upload.commit(content.root);
        assert.deepEqual(facts, await storage.stat(path('file')));
        const handle = await storage.openRead(path('file'), facts.identity);
        assert.deepEqual(handle.facts, facts);
        assert.ok((await readAll(handle)).equals(content.bytes));
        const middle = Buffer.alloc(Math.floor(size / 2));
        await handle.readAt(Math.floor(size / 3), middle);
        assert.ok(
          content.bytes.subarray(Math.floor(size / 3), Math.floor(size / 3) + middle.length).equals(middle),
        );
        await assert.rejects(async () => handle.readAt(size, Buffer.alloc(1)), withCode('SOURCE_CHANGED'));
        assert.equal(await handle.unchanged(), true);
        handle.close();
        handle.close();
      });
    }
    test('block buffers are the callers: reusing one changes nothing', async (t) => {
      const storage = make(t);
      const content = randomContent(2 * limits.blockBytes);
      const upload = await storage.createUpload(specFor('file', content.bytes.length));
      const bytes = Buffer.alloc(limits.blockBytes);
      const digest = Buffer.alloc(32);
      for (const [i, block] of content.blocks.entries()) {
        block.copy(bytes);
        digest.set(content.digests[i] ?? []);
        await upload.write(i, bytes, digest);
        bytes.fill(0);
        digest.fill(0);
      }
      await upload.commit(content.root);
      const handle = await storage.openRead(path('file'), undefined);
      assert.ok((await readAll(handle)).equals(content.bytes));
      handle.close();
    });
    test('wrong lengths and blocks beyond the end are refused (XFER-05, PROT-25)', async (t) => {
      const storage = make(t);
      const upload = await storage.createUpload(specFor('file', 10));
      for (const [index, length] of [
        [0, 9],
        [0, 11],
        [0, 0],
        [1, 1],
        [-1, 10],
      ] as const) {
        const { bytes, digests } = contentOf(Buffer.alloc(length));
        const write = async () => upload.write(index, bytes, digests[0] ?? Buffer.alloc(32));
        await assert.rejects(write, withCode('MALFORMED'), `${index} ${length}`);
      }
      await upload.discard();
    });
    test('a damaged block is refused and may be sent again', async (t) => {
      const storage = make(t);
      const content = randomContent(10);
      const upload = await storage.createUpload(specFor('file', 10));
      await assert.rejects(
        async () => upload.write(0, Buffer.alloc(10), content.digests[0] ?? content.bytes),
        withCode('INTEGRITY'),
      );
      await writeAll(upload, content);
      await upload.commit(content.root);
    });
    test('a block that comes in slices counts once it is verified, and slices change none that is there', async (t) => {
      const storage = make(t);
      const content = randomContent(limits.blockBytes + 10);
      const [first = Buffer.alloc(0), last = Buffer.alloc(0)] = content.blocks;
      const [firstDigest = first, lastDigest = last] = content.digests;
      const upload = await storage.createUpload(specFor('file', content.bytes.length));
      await upload.writeSlice(0, 100, first.subarray(100));
      await upload.writeSlice(0, 0, first.subarray(1, 101));
      await assert.rejects(async () => upload.settle(0, firstDigest), withCode('INTEGRITY'));
      await upload.writeSlice(0, 0, first.subarray(0, 100));
      await upload.settle(0, firstDigest);
      await upload.writeSlice(0, 7, Buffer.alloc(50));
      await upload.settle(0, firstDigest);
      await assert.rejects(async () => upload.settle(1, lastDigest), withCode('INTEGRITY'));
      await upload.write(1, last, lastDigest);
      for (const [index, offset, length] of [
        [0, limits.blockBytes - 1, 2],
        [1, 9, 2],
        [2, 0, 1],
        [0, 5, 0],
      ] as const) {
        const write = async () => upload.writeSlice(index, offset, Buffer.alloc(length));
        await assert.rejects(write, withCode('MALFORMED'), `${index} ${offset} ${length}`);
      }
      await upload.commit(content.root);
      const handle = await storage.openRead(path('file'), undefined);
      assert.ok((await readAll(handle)).equals(content.bytes));
      const part = Buffer.alloc(20);
      await handle.readAt(limits.blockBytes - 10, part);
      assert.ok(part.equals(content.bytes.subarray(limits.blockBytes - 10)));
      handle.close();
    });
    test('commit without all blocks or with another digest leaves no file and ends the upload', async (t) => {
      const storage = make(t);
      const content = randomContent(10);
      const missing = await storage.createUpload(specFor('file', 10));
      await assert.rejects(missing.commit(content.root), withCode('BAD_STATE'));
      const wrong = await storage.createUpload(specFor('file', 10));
      await writeAll(wrong, content);
      await assert.rejects(wrong.commit(randomContent(10).root), withCode('INTEGRITY'));
      await assert.rejects(wrong.commit(content.root), withCode('BAD_STATE'));
      await assert.rejects(
        async () => wrong.write(0, content.bytes, content.digests[0] ?? content.bytes),
        withCode('BAD_STATE'),
      );
      assert.deepEqual(await names(storage), []);
    });
    test('discard leaves nothing, is idempotent, and harmless after commit', async (t) => {
      const storage = make(t);
      const spec = specFor('file', 10);
      const upload = await storage.createUpload(spec);
      await writeAll(upload, randomContent(10));
      await upload.discard();
      await upload.discard();
      assert.deepEqual(await names(storage), []);
      const content = randomContent(10);
      const again = await storage.createUpload(spec);
      await writeAll(again, content);
      await again.commit(content.root);
      await again.discard();
      assert.deepEqual(await names(storage), ['file']);
    });
    test('a transfer id is in use once at a time (XFER-17)', async (t) => {
      const storage = make(t);
      const spec = specFor('file', 10);
      const upload = await storage.createUpload(spec);
      await assert.rejects(storage.createUpload(spec), withCode('BAD_STATE'));
      await upload.discard();
    });
    test('a taken name is refused at once and at commit: one winner (XFER-15, XFER-16)', async (t) => {
      const storage = make(t);
      const contents = ['one', 'two', 'three'].map((text) => contentOf(Buffer.from(text)));
      const uploads = await Promise.all(
        contents.map(async (content) => {
          const upload = await storage.createUpload(specFor('file', content.bytes.length));
          await writeAll(upload, content);
          return { upload, content };
        }),
      );
      const outcomes = await Promise.allSettled(
        uploads.map(({ upload, content }) => upload.commit(content.root)),
      );
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
      for (const outcome of outcomes) if (outcome.status === 'rejected') withCode('EXISTS')(outcome.reason);
      const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
      assert.equal(await readText(storage, 'file'), String(contents[winner]?.bytes));
      await assert.rejects(storage.createUpload(specFor('file', 1)), withCode('EXISTS'));
    });
    test('overwrite replaces a file, and never a folder', async (t) => {
      const storage = make(t);
      await putText(storage, 'file', 'one');
      await putText(storage, 'file', 'two', { existing: 'overwrite' });
      await putText(storage, 'new', 'three', { existing: 'overwrite' });
      assert.equal(await readText(storage, 'file'), 'two');
      await storage.mkdir(path('folder'));
      await assert.rejects(
        storage.createUpload(specFor('folder', 1, { existing: 'overwrite' })),
        withCode('EXISTS'),
      );
    });
    test('overwrite of another version than expected is CONFLICT (XFER-14)', async (t) => {
      const storage = make(t);
      await putText(storage, 'file', 'one');
      const rule = { existing: 'overwrite', expected: (await storage.stat(path('file'))).identity } as const;
      const content = contentOf(Buffer.from('mine'));
      const upload = await storage.createUpload(specFor('file', 4, rule));
      await writeAll(upload, content);
      await putText(storage, 'file', 'theirs', { existing: 'overwrite' });
      await assert.rejects(upload.commit(content.root), withCode('CONFLICT'));
      assert.equal(await readText(storage, 'file'), 'theirs');
      await assert.rejects(storage.createUpload(specFor('file', 4, rule)), withCode('CONFLICT'));
      await storage.remove(path('file'));
      await assert.rejects(storage.createUpload(specFor('file', 4, rule)), withCode('CONFLICT'));
    });
    test('a folder removed during the upload: NOT_FOUND, no file (XFER-31)', async (t) => {
      const storage = make(t);
      await storage.mkdir(path('a'));
      const upload = await storage.createUpload(specFor('a/file', 0));
      await storage.remove(path('a'));
      await assert.rejects(upload.commit(contentOf(Buffer.alloc(0)).root), withCode('NOT_FOUND'));
      assert.deepEqual(await names(storage), []);
      await assert.rejects(storage.createUpload(specFor('a/file', 0)), withCode('NOT_FOUND'));
    });
    test('more than there is room for is refused at once (XFER-10)', async (t) => {
      const storage = make(t);
      await assert.rejects(storage.createUpload(specFor('file', 2 ** 50)), withCode('NO_SPACE'));
    });
    test('setuid, setgid and sticky bits are not kept', async (t) => {
      const storage = make(t);
      await putText(storage, 'file', '', { mode: 0o7755 });
      assert.equal((await storage.stat(path('file'))).mode, 0o755);
    });
    test('reading what is no file, or not that version, is refused (XFER-07)', async (t) => {
      const storage = make(t);
      await storage.mkdir(path('folder'));
      await putText(storage, 'file', 'one');
      await assert.rejects(storage.openRead(path('folder'), undefined), withCode('NOT_REGULAR'));
      await assert.rejects(storage.openRead([], undefined), withCode('NOT_REGULAR'));
      await assert.rejects(storage.openRead(path('no'), undefined), withCode('NOT_FOUND'));
      const { identity } = await storage.stat(path('file'));
      const handle = await storage.openRead(path('file'), identity);
      assert.equal(await handle.unchanged(), true);
      await putText(storage, 'file', 'two', { existing: 'overwrite' });
      assert.equal(await handle.unchanged(), false);
      handle.close();
      await assert.rejects(storage.openRead(path('file'), identity), withCode('SOURCE_CHANGED'));
    });
  });

  test(`${name}: a call that was cancelled before it began does nothing`, async (t) => {
    const storage = make(t);
    const signal = AbortSignal.abort(new FerryError(Code.SHUTTING_DOWN, 'going down'));
    const cancelled = AbortSignal.abort();
    await assert.rejects(storage.mkdir(path('a'), { signal }), withCode('SHUTTING_DOWN'));
    await assert.rejects(storage.mkdir(path('a'), { signal: cancelled }), withCode('CANCELLED'));
    await assert.rejects(storage.createUpload(specFor('f', 0), { signal: cancelled }), withCode('CANCELLED'));
    await assert.rejects(async () => {
      for await (const _ of storage.list([], { signal: cancelled }));
    }, withCode('CANCELLED'));
    assert.deepEqual(await names(storage), []);
  });
}
