/** The contract of long work as tests; see packages/server/src/storage/works.ts. Run for each storage beside storage.suite.ts. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { anyEntry, Code, EntryKind, FerryError, type FindQuery, limits, type Path } from '@ferry/protocol';
import { blockDigest } from '@ferry/protocol/content';
import { Work } from '@ferry/protocol/disk';
import type { Storage } from '@ferry/server/storage/storage';
import { withCode } from '../support/code.ts';
import { path } from '../support/scratch.ts';
import { type Content, contentOf, randomContent, specFor, writeAll } from '../support/staging.ts';
import type { MakeStorage } from './storage.suite.ts';

async function put(storage: Storage, target: string, content: Content): Promise<void> {
  const upload = await storage.createUpload(specFor(target, content.bytes.length, { mode: 0o640 }));
  await writeAll(upload, content);
  await upload.commit(content.root);
}

const putText = (storage: Storage, target: string, text: string): Promise<void> =>
  put(storage, target, contentOf(Buffer.from(text)));

async function bytesAt(storage: Storage, at: Path): Promise<Buffer> {
  const file = await storage.openRead(at, undefined);
  const blocks: Buffer[] = [];
  const buffer = Buffer.alloc(limits.blockBytes);
  for (let length = await file.read(0, buffer); length > 0; length = await file.read(blocks.length, buffer)) {
    blocks.push(Buffer.from(buffer.subarray(0, length)));
  }
  file.close();
  return Buffer.concat(blocks);
}

/** Every folder as `a/`, every file as `a/b=text`, in order. */
async function tree(storage: Storage, at: Path = []): Promise<string[]> {
  const found: string[] = [];
  for await (const page of storage.list(at)) {
    for (const { name, kind } of page) {
      const one = [...at, name];
      if (kind === EntryKind.folder) found.push(`${one.join('/')}/`, ...(await tree(storage, one)));
      else found.push(`${one.join('/')}=${String(await bytesAt(storage, one))}`);
    }
  }
  return found.sort();
}

/** `a/`, with files and folders in it. */
async function plant(storage: Storage): Promise<void> {
  await storage.mkdir(path('a'));
  await storage.mkdir(path('a/sub'));
  await storage.mkdir(path('a/empty'));
  await putText(storage, 'a/one', '1');
  await putText(storage, 'a/sub/two', '22');
}

const planted = ['a/', 'a/empty/', 'a/one=1', 'a/sub/', 'a/sub/two=22'];
const under = (place: string): string[] => planted.map((line) => line.replace(/^a/, place));
const spec = (from: string, to: string, existing: 'fail' | 'overwrite' | 'skip' = 'fail') => ({
  from: path(from),
  to: path(to),
  existing,
});
const told = (work: Work): string[] =>
  work.takeFailures().map((one) => `${one.path.join('/')} ${one.error.codeName}`);

export function worksSuite(name: string, make: MakeStorage): void {
  describe(`${name}: copy`, () => {
    test('a file: content, time and permissions, and the old one stays', async (t) => {
      const storage = make(t);
      const content = randomContent(2 * limits.blockBytes + 7);
      await put(storage, 'file', content);
      const work = new Work();
      await storage.works.copy(spec('file', 'copy'), work);
      assert.ok((await bytesAt(storage, path('copy'))).equals(content.bytes));
      assert.ok((await bytesAt(storage, path('file'))).equals(content.bytes));
      const [one, other] = [await storage.stat(path('file')), await storage.stat(path('copy'))];
      assert.deepEqual([other.mode, other.modified, other.size], [one.mode, one.modified, one.size]);
      assert.deepEqual([work.files, work.folders, work.bytes], [1, 0, content.bytes.length]);
    });
    test('a folder with all that is in it', async (t) => {
      const storage = make(t);
      await plant(storage);
      const work = new Work();
      await storage.works.copy(spec('a', 'b'), work);
      assert.deepEqual(await tree(storage), [...planted, ...under('b')]);
      assert.deepEqual([work.files, work.folders, work.bytes, work.failed], [2, 3, 3, 0]);
    });
    test('a taken name is EXISTS, and nothing is changed', async (t) => {
      const storage = make(t);
      await plant(storage);
      await putText(storage, 'b', 'old');
      await storage.mkdir(path('c'));
      const before = await tree(storage);
      for (const one of [spec('a', 'b'), spec('a', 'c'), spec('a/one', 'b'), spec('a/one', 'c')]) {
        await assert.rejects(storage.works.copy(one, new Work()), withCode('EXISTS'));
      }
      for (const one of [spec('a', 'b', 'overwrite'), spec('a/one', 'c', 'overwrite')]) {
        await assert.rejects(storage.works.copy(one, new Work()), withCode('EXISTS'));
      }
      assert.deepEqual(await tree(storage), before);
    });
    test('overwrite replaces files and joins folders; what cannot be is told, the rest goes on', async (t) => {
      const storage = make(t);
      await plant(storage);
      await storage.mkdir(path('b'));
      await putText(storage, 'b/one', 'old');
      await putText(storage, 'b/own', 'own');
      await putText(storage, 'b/sub', 'no folder');
      const work = new Work();
      await storage.works.copy(spec('a', 'b', 'overwrite'), work);
      assert.deepEqual(await tree(storage, path('b')), [
        'b/empty/',
        'b/one=1',
        'b/own=own',
        'b/sub=no folder',
      ]);
      assert.deepEqual(told(work), ['sub EXISTS']);
      assert.equal(work.failed, 1);
    });
    test('skip leaves what is there', async (t) => {
      const storage = make(t);
      await plant(storage);
      await storage.mkdir(path('b'));
      await putText(storage, 'b/one', 'old');
      const work = new Work();
      await storage.works.copy(spec('a', 'b', 'skip'), work);
      assert.deepEqual(await tree(storage, path('b')), ['b/empty/', 'b/one=old', 'b/sub/', 'b/sub/two=22']);
      assert.equal(work.skipped, 1);
    });
    test('only the version that was looked at is replaced', async (t) => {
      const storage = make(t);
      await putText(storage, 'new', 'new');
      await putText(storage, 'old', 'old');
      const wrong = { ...spec('new', 'old', 'overwrite'), expected: 'other' };
      await assert.rejects(storage.works.copy(wrong, new Work()), withCode('CONFLICT'));
      const gone = { ...spec('new', 'gone', 'overwrite'), expected: 'other' };
      await assert.rejects(storage.works.copy(gone, new Work()), withCode('CONFLICT'));
      const { identity } = await storage.stat(path('old'));
      await storage.works.copy({ ...spec('new', 'old', 'overwrite'), expected: identity }, new Work());
      assert.deepEqual(await tree(storage), ['new=new', 'old=new']);
    });
    test('not into itself, onto itself, of or onto the root, from or to nowhere', async (t) => {
      const storage = make(t);
      await plant(storage);
      for (const verb of ['copy', 'move'] as const) {
        for (const [from, to, code] of [
          ['a', 'a/sub/x', 'NAME_INVALID'],
          ['a', 'a', 'EXISTS'],
          ['', 'b', 'NAME_INVALID'],
          ['a', '', 'FORBIDDEN'],
          ['no', 'b', 'NOT_FOUND'],
          ['a', 'no/b', 'NOT_FOUND'],
        ] as const) {
          const act = storage.works[verb](
            { from: path(from), to: path(to), existing: 'overwrite' },
            new Work(),
          );
          await assert.rejects(
            act,
            (error) => error instanceof FerryError && (error.codeName === code || from === '' || to === ''),
            `${verb} ${from} ${to}`,
          );
        }
      }
      assert.deepEqual(await tree(storage), planted);
    });
  });

  describe(`${name}: move`, () => {
    test('a file and a folder, across folders', async (t) => {
      const storage = make(t);
      await plant(storage);
      await storage.mkdir(path('b'));
      await storage.works.move(spec('a/one', 'b/uno'), new Work());
      await storage.works.move(spec('a/sub', 'b/sub'), new Work());
      assert.deepEqual(await tree(storage), ['a/', 'a/empty/', 'b/', 'b/sub/', 'b/sub/two=22', 'b/uno=1']);
    });
    test('a taken name is EXISTS; overwrite replaces and joins', async (t) => {
      const storage = make(t);
      await plant(storage);
      await storage.mkdir(path('b'));
      await putText(storage, 'b/one', 'old');
      await assert.rejects(storage.works.move(spec('a', 'b'), new Work()), withCode('EXISTS'));
      await assert.rejects(storage.works.move(spec('a/one', 'b/one'), new Work()), withCode('EXISTS'));
      await storage.works.move(spec('a', 'b', 'overwrite'), new Work());
      assert.deepEqual(await tree(storage), under('b'));
    });
    test('skip leaves what is there at both places', async (t) => {
      const storage = make(t);
      await plant(storage);
      await storage.mkdir(path('b'));
      await putText(storage, 'b/one', 'old');
      const work = new Work();
      await storage.works.move(spec('a', 'b', 'skip'), work);
      assert.deepEqual(await tree(storage), [
        'a/',
        'a/one=1',
        ...under('b').map((l) => l.replace('=1', '=old')),
      ]);
      assert.equal(work.skipped, 1);
    });
  });

  describe(`${name}: sum, usage and find`, () => {
    test('digests are those of the whole content', async (t) => {
      const storage = make(t);
      await plant(storage);
      const content = randomContent(2 * limits.blockBytes + 1);
      await put(storage, 'a/big', content);
      await putText(storage, 'a/none', '');
      const sums = async (at: string, algorithm: 0 | 1): Promise<string[]> => {
        const found: string[] = [];
        await storage.works.sum(path(at), algorithm, new Work(), ({ path: below, size, digest }) => {
          found.push(`${below.join('/')} ${size} ${Buffer.from(digest).toString('hex')}`);
        });
        return found.sort();
      };
      const sha = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');
      assert.deepEqual(await sums('a', 1), [
        `big ${content.bytes.length} ${sha(content.bytes)}`,
        `none 0 ${sha('')}`,
        `one 1 ${sha('1')}`,
        `sub/two 2 ${sha('22')}`,
      ]);
      assert.deepEqual(await sums('a/one', 0), [
        ` 1 ${Buffer.from(blockDigest(Buffer.from('1'))).toString('hex')}`,
      ]);
      await assert.rejects(sums('no', 0), withCode('NOT_FOUND'));
    });
    test('usage counts all, and each folder by itself', async (t) => {
      const storage = make(t);
      await plant(storage);
      await storage.mkdir(path('a/sub/deep'));
      await putText(storage, 'a/sub/deep/three', '333');
      const rows: string[] = [];
      const work = new Work();
      await storage.works.usage(path('a'), work, ({ name: one, files, folders, bytes, allocated }) => {
        rows.push(`${one} ${files} ${folders} ${bytes}`);
        assert.ok(allocated >= bytes);
      });
      assert.deepEqual(rows.sort(), ['empty 0 1 0', 'sub 2 2 5']);
      assert.deepEqual([work.files, work.folders, work.bytes], [3, 4, 6]);
      const whole = new Work();
      await storage.works.usage([], whole, () => {});
      assert.deepEqual([whole.files, whole.folders, whole.bytes], [3, 5, 6]);
    });
    test('find: by name, kind, size, age and content, as many as wanted', async (t) => {
      const storage = make(t);
      await plant(storage);
      await putText(storage, 'a/sub/notes.TXT', 'first\nthe Ferry\n\nno\nferry ferry');
      await storage.setFacts(path('a/one'), { modified: { s: 1_600_000_000, ns: 0 }, mode: 0o600 });
      const hits = async (query: Partial<FindQuery>, most = 100): Promise<string[]> => {
        const found: string[] = [];
        const whole = { ...anyEntry, ...query };
        const more = await storage.works.find(path('a'), whole, most, new Work(), (hit) => {
          found.push(
            [...hit.folder, hit.entry.name, ...(hit.line > 0 ? [hit.line, hit.text] : [])].join('/'),
          );
        });
        return [...found.sort(), ...(more ? ['…'] : [])];
      };
      assert.deepEqual(await hits({}), ['empty', 'one', 'sub', 'sub/notes.TXT', 'sub/two']);
      assert.deepEqual(await hits({ name: '*o*' }), ['one', 'sub/notes.TXT', 'sub/two']);
      assert.deepEqual(await hits({ name: '*.txt' }), []);
      assert.deepEqual(await hits({ name: '*.txt', anyCase: true }), ['sub/notes.TXT']);
      assert.deepEqual(await hits({ kind: EntryKind.folder }), ['empty', 'sub']);
      assert.deepEqual(await hits({ minSize: 1, maxSize: 2 }), ['one', 'sub/two']);
      assert.deepEqual(await hits({ before: 1_600_000_000, after: 1_600_000_000 }), ['one']);
      assert.deepEqual(await hits({ content: 'ferry' }), ['sub/notes.TXT/5/ferry ferry']);
      assert.deepEqual(await hits({ content: 'FERRY', anyCase: true }), [
        'sub/notes.TXT/2/the Ferry',
        'sub/notes.TXT/5/ferry ferry',
      ]);
      assert.equal((await hits({}, 2)).at(-1), '…');
      assert.equal((await hits({}, 2)).length, 3);
      assert.equal((await hits({}, 5)).at(-1), 'sub/two');
      await assert.rejects(
        storage.works.find(path('no'), anyEntry, 1, new Work(), () => {}),
        withCode('NOT_FOUND'),
      );
    });
  });

  describe(`${name}: removeTree`, () => {
    test('takes a file, and a folder with all that is in it', async (t) => {
      const storage = make(t);
      await plant(storage);
      const work = new Work();
      await storage.works.removeTree(path('a/one'), new Work());
      await storage.works.removeTree(path('a'), work);
      assert.deepEqual(await tree(storage), []);
      assert.deepEqual([work.files, work.folders], [1, 3]);
      await assert.rejects(storage.works.removeTree(path('a'), new Work()), withCode('NOT_FOUND'));
      await assert.rejects(storage.works.removeTree([], new Work()), withCode('FORBIDDEN'));
    });
    test('cancelled it stops', async (t) => {
      const storage = make(t);
      await storage.mkdir(path('a'));
      for (let i = 0; i < 300; i++) await putText(storage, `a/${i}`, '');
      const controller = new AbortController();
      const work = new Work({ signal: controller.signal });
      const removing = storage.works.removeTree(path('a'), work);
      controller.abort(new FerryError(Code.CANCELLED, 'cancelled'));
      await removing.catch(withCode('CANCELLED'));
    });
  });
}
