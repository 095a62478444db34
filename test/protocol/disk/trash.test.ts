/** Deleting so that it can be had back. */

import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { Code, epoch, type Facts, FerryError, nameFromText, type Path } from '@ferry/protocol';
import { contentDigest } from '@ferry/protocol/content';
import {
  copyTree,
  moveTree,
  Root,
  Staging,
  storePack,
  Trash,
  trashAgeMs,
  trashEntries,
  trashToDrop,
  Work,
} from '@ferry/protocol/disk';
import { withCode } from '../../support/code.ts';
import { path, scratchFolder, snapshot } from '../../support/scratch.ts';
import { contentOf, specFor } from '../../support/staging.ts';

type Place = { readonly dir: string; readonly trash: Trash };

function place(t: TestContext): Place {
  const dir = scratchFolder(t);
  const root = Root.open(dir);
  t.after(() => root.close());
  return { dir, trash: new Trash(root) };
}

const listed = (trash: Trash, owner: string, inside: Path = []): string[] =>
  [...trash.list(owner, inside)].map((one) => `${one.path.join('/')} ${one.files} ${one.bytes}`);
const visible = (dir: string): string[] => readdirSync(dir).filter((name) => name !== '.ferry');

describe('the trash', () => {
  test('takes files, folders and links away in one step, and gives them back', async (t) => {
    const { dir, trash } = place(t);
    const outside = scratchFolder(t);
    writeFileSync(join(outside, 'file'), 'x');
    mkdirSync(join(dir, 'a/sub'), { recursive: true });
    writeFileSync(join(dir, 'a/sub/file'), 'content');
    writeFileSync(join(dir, 'b'), 'b');
    symlinkSync(outside, join(dir, 'link'));
    const before = [snapshot(outside), statSync(join(dir, 'a/sub/file')).ino];
    for (const [i, name] of ['a', 'b', 'link'].entries()) {
      await trash.put(path(name), 'anna', new Work(), 1000 + i);
    }
    assert.deepEqual(visible(dir), []);
    assert.deepEqual(listed(trash, 'anna'), ['link 1 0', 'b 1 1', 'a 1 7']);
    for (const { id, path: was } of [...trash.list('anna', [])]) {
      assert.deepEqual(trash.restore('anna', id, []).path, was);
    }
    assert.deepEqual([snapshot(outside), statSync(join(dir, 'a/sub/file')).ino], before);
    assert.deepEqual(visible(dir).sort(), ['a', 'b', 'link']);
    assert.deepEqual(listed(trash, 'anna'), []);
  });

  test('is each user’s own, and each part’s', async (t) => {
    const { dir, trash } = place(t);
    mkdirSync(join(dir, 'part'));
    writeFileSync(join(dir, 'part/one'), '1');
    writeFileSync(join(dir, 'two'), '22');
    const one = await trash.put(path('part/one'), 'anna', new Work(), 1);
    const two = await trash.put(path('two'), 'anna', new Work(), 2);
    assert.deepEqual(listed(trash, 'bert'), []);
    assert.deepEqual(listed(trash, 'anna', path('part')), ['part/one 1 1']);
    assert.throws(() => trash.restore('bert', one.id, []), withCode('NOT_FOUND'));
    assert.throws(() => trash.restore('anna', two.id, path('part')), withCode('NOT_FOUND'));
    assert.throws(() => trash.restore('anna', '../x', []), withCode('NOT_FOUND'));
    await trash.empty('bert', undefined, [], new Work());
    await trash.empty('anna', undefined, path('part'), new Work());
    assert.deepEqual(listed(trash, 'anna'), ['two 1 2']);
    const work = new Work();
    await trash.empty('anna', [two.id, '0'.repeat(32)], [], work);
    assert.deepEqual([listed(trash, 'anna'), work.files, work.folders], [[], 1, 0]);
  });

  test('a taken name is EXISTS; folders that are gone are made again; another place will do', async (t) => {
    const { dir, trash } = place(t);
    mkdirSync(join(dir, 'a/sub'), { recursive: true });
    writeFileSync(join(dir, 'a/sub/file'), 'old');
    const { id } = await trash.put(path('a/sub/file'), '', new Work(), 1);
    writeFileSync(join(dir, 'a/sub/file'), 'new');
    assert.throws(() => trash.restore('', id, []), withCode('EXISTS'));
    assert.equal(readFileSync(join(dir, 'a/sub/file'), 'utf8'), 'new');
    assert.throws(() => trash.restore('', id, [], path('no/file')), withCode('NOT_FOUND'));
    rmSync(join(dir, 'a'), { recursive: true });
    trash.restore('', id, []);
    assert.equal(readFileSync(join(dir, 'a/sub/file'), 'utf8'), 'old');
    const again = await trash.put(path('a/sub/file'), '', new Work(), 1);
    assert.deepEqual(trash.restore('', again.id, [], path('here')).path, path('here'));
    assert.equal(readFileSync(join(dir, 'here'), 'utf8'), 'old');
  });

  test('cancelled while it counts, all is still there; nothing, the root and the hidden folder are refused', async (t) => {
    const { dir, trash } = place(t);
    mkdirSync(join(dir, 'a'));
    writeFileSync(join(dir, 'a/file'), '');
    const controller = new AbortController();
    const work = new Work({ signal: controller.signal });
    work.turn = () => {
      controller.abort(new FerryError(Code.CANCELLED, 'cancelled'));
      work.check();
      return undefined;
    };
    await assert.rejects(trash.put(path('a'), '', work, 1), withCode('CANCELLED'));
    assert.deepEqual(readdirSync(join(dir, 'a')), ['file']);
    await assert.rejects(trash.put(path('no'), '', new Work(), 1), withCode('NOT_FOUND'));
    await assert.rejects(trash.put([], '', new Work(), 1), withCode('FORBIDDEN'));
    await trash.put(path('a'), '', new Work(), 1);
    await assert.rejects(trash.put(path('.ferry/trash'), '', new Work(), 1), withCode('NAME_INVALID'));
  });

  test('what is damaged or was never completed is not shown, and dropped by age', async (t) => {
    const { dir, trash } = place(t);
    for (const name of ['a', 'b', 'c', 'd']) writeFileSync(join(dir, name), name);
    for (const name of ['a', 'b', 'c', 'd']) await trash.put(path(name), 'anna', new Work(), Date.now());
    const own = join(dir, '.ferry/trash', readdirSync(join(dir, '.ferry/trash'))[0] ?? '');
    const [first = '', second = '', third = ''] = readdirSync(own);
    writeFileSync(join(own, first, 'info'), '{"path":5}');
    writeFileSync(join(own, second, 'info'), 'not JSON');
    rmSync(join(own, third, 'item'));
    mkdirSync(join(own, 'strange'));
    assert.equal(listed(trash, 'anna').length, 1);
    assert.equal(await trash.collect(Date.now()), 0);
    assert.equal(await trash.collect(Date.now() + trashAgeMs + 1000), 4);
    assert.deepEqual(readdirSync(own), ['strange']);
    assert.ok(existsSync(join(dir, '.ferry/trash')));
  });
});

test('what a trash gives up: the old, then the oldest beyond what it may hold', () => {
  const day = 86_400_000;
  const now = 100 * day;
  const at = (days: number, bytes: number) => ({ deletedMs: now - days * day, bytes });
  const entries = [at(1, 10), at(31, 1), at(2, 10), at(3, 10), at(29, 0)];
  assert.deepEqual(trashToDrop(entries, now, 100), [at(31, 1)]);
  assert.deepEqual(trashToDrop(entries, now, 25), [at(3, 10), at(29, 0), at(31, 1)]);
  assert.deepEqual(trashToDrop([at(1, 26)], now, 25), [at(1, 26)]);
  const many = Array.from({ length: trashEntries + 2 }, (_, i) => at(i / trashEntries, 0));
  assert.equal(trashToDrop(many, now, 25).length, 2);
  assert.deepEqual(trashToDrop([], now, 25), []);
});

describe('what is overwritten', () => {
  type Written = Place & { readonly staging: Staging; readonly put: (name: string, text: string) => Facts };

  function open(t: TestContext): Written {
    const { dir, trash } = place(t);
    const root = Root.open(dir);
    t.after(() => root.close());
    const staging = new Staging(root);
    const put = (name: string, text: string): Facts => {
      const content = contentOf(Buffer.from(text));
      const spec = { ...specFor(name, text.length), existing: 'overwrite', keepsFor: 'anna' } as const;
      const file = staging.create(spec);
      for (const [i, block] of content.blocks.entries()) file.write(i, block, content.digests[i] ?? block);
      return file.commit(content.root).facts;
    };
    return { dir, trash, staging, put };
  }
  const text = (dir: string, name: string): string => readFileSync(join(dir, name), 'utf8');

  test('goes to the trash and takes its place again, with its facts; what was there goes in turn', (t) => {
    const { dir, trash, put } = open(t);
    mkdirSync(join(dir, 'sub'));
    writeFileSync(join(dir, 'sub/f'), 'old', { mode: 0o640 });
    const before = statSync(join(dir, 'sub/f'));
    put('sub/f', 'newer');
    assert.equal(text(dir, 'sub/f'), 'newer');
    const [old] = [...trash.list('anna', [])];
    assert.deepEqual([old?.path, old?.isReplaced, old?.bytes], [path('sub/f'), true, 3]);
    trash.restore('anna', old?.id ?? '', []);
    const after = statSync(join(dir, 'sub/f'));
    assert.deepEqual([after.ino, after.mode, after.mtimeMs], [before.ino, before.mode, before.mtimeMs]);
    assert.equal(text(dir, 'sub/f'), 'old');
    const [newer] = [...trash.list('anna', [])];
    trash.restore('anna', newer?.id ?? '', []);
    assert.equal(text(dir, 'sub/f'), 'newer', 'and back again');
    assert.equal([...trash.list('anna', [])].length, 1);
    rmSync(join(dir, 'sub'), { recursive: true });
    assert.equal(trash.restore('anna', [...trash.list('anna', [])][0]?.id ?? '', []).isReplaced, true);
    assert.equal(text(dir, 'sub/f'), 'old', 'where nothing is there any more');
    assert.deepEqual(visible(dir), ['sub']);
  });

  test('by small files, and by copies and moves in the server, too', async (t) => {
    const { dir, trash, staging } = open(t);
    for (const name of ['a', 'b', 'c']) writeFileSync(join(dir, name), `old ${name}`);
    const content = Buffer.from('new a');
    const file = {
      name: nameFromText('a'),
      modified: epoch,
      mode: 0o644,
      rootDigest: contentDigest(content),
      content,
    };
    const fresh = { ...file, name: nameFromText('fresh') };
    const pack = { folder: [], existing: 'overwrite', again: false, keepsFor: 'anna' } as const;
    await storePack(staging, { ...pack, files: [file, fresh] });
    const graft = { existing: 'overwrite', keepsFor: 'anna' } as const;
    await copyTree(staging, { ...graft, from: path('a'), to: path('b') }, new Work());
    await moveTree(staging, { ...graft, from: path('b'), to: path('c') }, new Work());
    assert.deepEqual(visible(dir).sort(), ['a', 'c', 'fresh']);
    assert.equal(text(dir, 'c'), 'new a');
    assert.deepEqual(listed(trash, 'anna').sort(), ['a 1 5', 'b 1 5', 'c 1 5']);
    await storePack(staging, { ...pack, keepsFor: undefined, files: [file] });
    assert.equal(listed(trash, 'anna').length, 3, 'nobody wants it kept');
  });

  test('leaves nothing where the new version does not take the place after all', (t) => {
    const { dir, trash, staging, put } = open(t);
    writeFileSync(join(dir, 'f'), 'old');
    const { identity } = put('f', 'newer');
    writeFileSync(join(dir, 'f'), 'by somebody else');
    const spec = { ...specFor('f', 0), existing: 'overwrite', keepsFor: 'anna' } as const;
    assert.throws(() => staging.create({ ...spec, expected: identity }), withCode('CONFLICT'));
    assert.equal(listed(trash, 'anna').length, 1);
    // A folder took the name after the upload had begun.
    const late = staging.create({ ...spec, target: path('g') });
    mkdirSync(join(dir, 'g'));
    assert.throws(() => late.commit(contentOf(Buffer.alloc(0)).root), withCode('EXISTS'));
    assert.equal(listed(trash, 'anna').length, 1);
  });

  test('is not kept where there can be no second name, and the new version is there all the same', (t) => {
    const { dir, trash, put } = open(t);
    writeFileSync(join(dir, 'f'), 'old');
    // Nobody can make a trash there.
    mkdirSync(join(dir, '.ferry/part'), { recursive: true, mode: 0o700 });
    writeFileSync(join(dir, '.ferry/trash'), 'in the way');
    put('f', 'newer');
    assert.equal(text(dir, 'f'), 'newer');
    rmSync(join(dir, '.ferry/trash'));
    assert.deepEqual(listed(trash, 'anna'), []);
  });

  test('makes room by itself, now and then: what is too old goes', (t) => {
    const { dir, trash, put } = open(t);
    writeFileSync(join(dir, 'f'), '-');
    put('f', '0');
    const owner = join(dir, '.ferry/trash', readdirSync(join(dir, '.ferry/trash'))[0] ?? '');
    // Of 1970; one of them holds a folder, which is left to the next deletion.
    for (let i = 0; i < 5; i++) {
      const entry = join(owner, `00000000000${i}.1.${i.toString(16).padStart(32, '0')}`);
      mkdirSync(i === 0 ? join(entry, 'item') : entry, { recursive: true });
    }
    for (let i = 0; i < 63; i++) put('f', String(i));
    const left = readdirSync(owner);
    assert.deepEqual(
      left.filter((name) => name.startsWith('0000')),
      [`000000000000.1.${'0'.repeat(32)}`],
    );
    assert.equal([...trash.list('anna', [])].length, 64);
  });
});
