/**
 * A folder that turns into a symlink to the outside and back while it is used, by every verb of the storage contract (PATH-09). A verb
 * that is added there and not here is a type error.
 */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chownSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { anyEntry, epoch, FerryError, nameFromText } from '@ferry/protocol';
import { SumAlgorithm } from '@ferry/protocol/content';
import { Work } from '@ferry/protocol/disk';
import { LocalStorage } from '@ferry/server/storage/local';
import type { Storage, Works } from '@ferry/server/storage/storage';
import { runs } from '../../support/random.ts';
import { path, scratchFolder, snapshot } from '../../support/scratch.ts';
import { contentOf, specFor } from '../../support/staging.ts';

type Verb = () => Promise<unknown>;

const operations = runs(100_000);
/** One of so many operations is long work, which costs as much as a hundred others. */
const workEvery = 150;
/** Refused and served operations that must have been seen, or the race was none. */
const enough = 200;
const trashOwner = 'a'.repeat(32);
/** What one may hear: never that something went wrong, or what is outside. */
const answers: readonly string[] = [
  'NOT_FOUND',
  'EXISTS',
  'NOT_FOLDER',
  'NOT_REGULAR',
  'NOT_EMPTY',
  'CONFLICT',
  'SOURCE_CHANGED',
];
const inside = 'inside';
const outsideText = 'outside '.repeat(1000);

/** The same names on both sides, and some that are outside alone. */
function plant(shared: string, outside: string): void {
  for (const folder of [join(shared, 'flip', 'sub'), join(shared, 'tree', 'deep'), join(outside, 'junk')])
    mkdirSync(folder, { recursive: true });
  mkdirSync(join(outside, 'sub'));
  mkdirSync(join(outside, 'tree'));
  for (const name of ['flip/file', 'flip/sub/file', 'mine', 'leaf', 'tree/file', 'tree/deep/file'])
    writeFileSync(join(shared, name), inside);
  for (const name of ['file', 'sub/file', 'secret', 'junk/precious', 'tree/precious'])
    writeFileSync(join(outside, name), outsideText);
  symlinkSync('nowhere', join(shared, 'flip', 'pointer'));
  symlinkSync(outside, join(shared, 'link'));
  symlinkSync(join(outside, 'file'), join(shared, 'leaf-link'));
  // Owners that are nobody's inside, where this user may give files away.
  if (process.getuid?.() === 0) for (const name of ['file', 'sub/file']) chownSync(join(outside, name), 1, 1);
}

async function archiveOf(folder: string, name: string): Promise<Buffer> {
  const storage = LocalStorage.open(folder, { durable: false });
  const chunks: Buffer[] = [];
  await storage.works.archive(path(name), new Work(), (chunk) => void chunks.push(Buffer.from(chunk)));
  storage.close();
  return Buffer.concat(chunks);
}

/** What is in a tree is ours. */
function checkOurs(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile())
      assert.equal(readFileSync(join(entry.parentPath, entry.name), 'utf8'), inside, entry.name);
}

/** A small file that replaces another: in slices or at once, and with the version before kept or not. */
async function upload(storage: Storage, more: object, isSliced: boolean): Promise<void> {
  const content = contentOf(Buffer.from(inside));
  const [digest] = content.digests;
  assert.ok(digest);
  const spec = specFor('flip/upload', inside.length, { existing: 'overwrite', ...more });
  const file = await storage.createUpload(spec);
  if (isSliced) {
    await file.writeSlice(0, 0, content.bytes);
    await file.settle(0, digest);
  } else await file.write(0, content.bytes, digest);
  await file.commit(content.root);
}

function stepsOn(storage: Storage): Readonly<Record<Exclude<keyof Storage, 'works' | 'close'>, Verb[]>> {
  const content = contentOf(Buffer.from(inside));
  const readIt = (at: string) => async (): Promise<void> => {
    const file = await storage.openRead(path(at), undefined);
    try {
      const buffer = Buffer.alloc(100_000);
      assert.equal(buffer.toString('utf8', 0, await file.read(0, buffer)), inside);
    } finally {
      file.close();
    }
  };
  const me = userInfo().username;
  return {
    list: [
      async () => {
        for await (const page of storage.list(path('flip')))
          assert.ok(page.every(({ name }) => name !== 'secret' && name !== 'junk'));
      },
    ],
    stat: ['flip/file', 'flip/sub/file'].map((at) => async () => {
      assert.equal((await storage.stat(path(at))).size, inside.length);
    }),
    openRead: ['flip/sub/file', 'leaf'].map(readIt),
    mkdir: [() => storage.mkdir(path('flip/new'))],
    remove: ['flip/new', 'flip/secret', 'flip/made'].map((at) => () => storage.remove(path(at))),
    rename: [
      () => storage.rename(path('mine'), path('flip/mine')),
      () => storage.rename(path('flip/mine'), path('mine')),
    ],
    createUpload: [() => upload(storage, {}, false)],
    space: [() => storage.space(path('flip/sub'))],
    setFacts: ['flip/sub/file', 'leaf'].map(
      (at) => () => storage.setFacts(path(at), { mode: 0o640, modified: epoch }),
    ),
    owner: [
      async () => assert.equal((await storage.owner(path('flip/sub/file'))).user, me),
      async () => assert.equal((await storage.owner(path('leaf'))).user, me),
    ],
    setOwner: ['flip/sub/file', 'leaf'].map(
      (at) => () => storage.setOwner(path(at), { user: me, group: '' }).catch(ifNoSuchGroup),
    ),
    // What is outside is no link, and what is inside leads nowhere.
    readLink: [async () => assert.equal(await storage.readLink(path('flip/pointer')), 'nowhere')],
    makeLink: [() => storage.makeLink(path('flip/made'), 'nowhere')],
    fetchPack: [
      async () => {
        for await (const part of storage.fetchPack(path('flip'), ['file', 'secret'].map(nameFromText))) {
          if (part instanceof FerryError) assert.equal(part.codeName, 'NOT_FOUND');
          else assert.equal(part.content.toString(), inside);
        }
      },
    ],
    storePack: [
      async () => {
        const facts = { name: nameFromText('stored'), modified: epoch, mode: 0o644 };
        const files = [{ ...facts, rootDigest: content.root, content: content.bytes }];
        const pack = { folder: path('flip'), existing: 'overwrite', again: true, files } as const;
        const [failed] = (await storage.storePack(pack)).outcomes;
        if (failed !== undefined) throw failed;
      },
    ],
  };
}

function ifNoSuchGroup(error: unknown): void {
  if (!(error instanceof FerryError) || error.codeName !== 'FORBIDDEN') throw error;
}

/** A work of which nothing failed but what may. */
async function worked(run: (work: Work) => Promise<unknown>): Promise<Work> {
  const work = new Work();
  await run(work);
  for (const { error } of work.takeFailures()) assert.ok(answers.includes(error.codeName), String(error));
  return work;
}

function worksOn(storage: Storage, shared: string): Readonly<Record<keyof Works | 'createUpload', Verb[]>> {
  const { works } = storage;
  const theirs = createHash('sha256').update(outsideText).digest();
  const graft = (from: string, to: string) => ({
    from: path(from),
    to: path(to),
    existing: 'overwrite' as const,
    keepsFor: trashOwner,
  });
  const trashed: string[] = [];
  const gone = (at: string) => () => worked((work) => works.removeTree(path(at), work));
  return {
    createUpload: [() => upload(storage, {}, true), () => upload(storage, { keepsFor: trashOwner }, false)],
    copy: [
      () => worked((work) => works.copy(graft('tree', 'flip/tree'), work)),
      async () => {
        await worked((work) => works.copy(graft('flip/sub', 'taken'), work));
        checkOurs(join(shared, 'taken'));
      },
    ],
    removeTree: ['flip/junk', 'flip/back', 'flip/unpacked', 'taken', 'unpacked'].map(gone),
    move: [
      () => worked((work) => works.move(graft('tree', 'flip/moved'), work)),
      async () => {
        await worked((work) => works.move(graft('flip/moved', 'tree'), work));
        checkOurs(join(shared, 'tree'));
      },
    ],
    sum: [
      () =>
        worked((work) =>
          works.sum(path('flip'), SumAlgorithm.sha256, work, ({ digest }) =>
            assert.ok(!theirs.equals(digest), 'it was read'),
          ),
        ),
    ],
    usage: [
      async () => {
        const { bytes } = await worked((work) => works.usage(path('flip'), work, () => {}));
        assert.ok(bytes < outsideText.length, `${bytes} bytes`);
      },
    ],
    find: [{ name: 'secret' }, { content: 'outside outside' }].map(
      (query) => () =>
        worked((work) =>
          works.find(path('flip'), { ...anyEntry, ...query }, 10, work, ({ entry }) =>
            assert.fail(`${entry.name} was found`),
          ),
        ),
    ),
    archive: [
      () =>
        worked((work) =>
          works.archive(path('flip'), work, (chunk) => {
            // What the link itself holds may be in it.
            assert.ok(!chunk.includes('outside outside'), 'it was read');
          }),
        ),
    ],
    unpack: [
      () => worked((work) => works.unpack({ archive: path('mine.tar'), to: path('flip/unpacked') }, work)),
      async () => {
        await worked((work) => works.unpack({ archive: path('flip/a.tar'), to: path('unpacked') }, work));
        checkOurs(join(shared, 'unpacked'));
      },
    ],
    trash: ['flip/tree', 'flip/junk'].map(
      (at) => () =>
        worked(async (work) => {
          trashed.push((await works.trash(path(at), trashOwner, work)).id);
        }),
    ),
    restore: [
      async () => {
        await works.restore(trashOwner, [], trashed.at(-1) ?? '0'.repeat(32), path('flip/back'));
        trashed.pop();
      },
    ],
    listTrash: [() => worked((work) => works.listTrash(trashOwner, [], work, () => {}))],
    emptyTrash: [() => worked((work) => works.emptyTrash(trashOwner, path('flip'), undefined, work))],
  };
}

/** Each by its name, and how often it was served and refused. */
function flat(verbs: Readonly<Record<string, readonly Verb[]>>) {
  return Object.entries(verbs).flatMap(([name, all]) =>
    all.map((run) => ({ name, run, served: 0, refused: 0 })),
  );
}

test('no operation escapes through a parent that flips between folder and symlink (PATH-09)', async (t) => {
  const scratch = scratchFolder(t);
  const shared = join(scratch, 'shared');
  const outside = join(scratch, 'outside');
  plant(shared, outside);
  writeFileSync(join(shared, 'mine.tar'), await archiveOf(shared, 'tree'));
  writeFileSync(join(shared, 'flip/a.tar'), readFileSync(join(shared, 'mine.tar')));
  writeFileSync(join(outside, 'a.tar'), await archiveOf(outside, 'junk'));
  rmSync(join(outside, '.ferry'), { recursive: true, force: true });
  const before = snapshot(outside);

  const storage = LocalStorage.open(shared, { durable: false, keepsOwners: true });
  t.after(() => storage.close());
  const steps = flat(stepsOn(storage));
  const works = flat(worksOn(storage, shared));
  const state = new Int32Array(new SharedArrayBuffer(12));
  const flipper = new Worker(new URL('./flipper.ts', import.meta.url), { workerData: { shared, state } });
  const over = new Promise((resolve, reject) => flipper.once('exit', resolve).once('error', reject));
  let served = 0;
  let refused = 0;
  const servedWorks = (): number => works.reduce((sum, verb) => sum + verb.served, 0);
  const isRace = (): boolean => Math.min(served, refused) >= enough && servedWorks() >= enough / 10;
  try {
    // The upper bound ends a run on a machine that never gives the other thread its turn.
    for (let i = 0; i < operations || (!isRace() && i < 50 * operations); i++) {
      const at = Math.floor(i / workEvery);
      const verb = i % workEvery === 0 ? works[at % works.length] : steps[i % steps.length];
      assert.ok(verb);
      try {
        await verb.run();
        verb.served += 1;
        served += 1;
      } catch (error) {
        if (!(error instanceof FerryError)) throw error;
        assert.ok(answers.includes(error.codeName), `${verb.name}: ${error.codeName}: ${error.message}`);
        verb.refused += 1;
        refused += 1;
      }
    }
  } finally {
    Atomics.store(state, 0, 1);
    await over;
  }

  assert.deepEqual(snapshot(outside), before);
  assert.ok(isRace(), `${served} served, ${refused} refused`);
  assert.deepEqual(readdirSync(join(shared, '.ferry', 'part')), []);
  const long = works.reduce((sum, verb) => sum + verb.served + verb.refused, 0);
  t.diagnostic(
    `count: ${served + refused} operations of ${steps.length + works.length} kinds, ${long} of them on trees ` +
      `(${served} served, ${refused} refused) while ${Atomics.load(state, 1)} flips, escapes 0`,
  );
  t.diagnostic(works.map((verb) => `${verb.name} ${verb.served}/${verb.refused}`).join(', '));
});
