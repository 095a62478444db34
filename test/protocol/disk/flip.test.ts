/** A folder that turns into a symlink to the outside and back while it is used (PATH-09). */

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { epoch, FerryError, nameFromText } from '@ferry/protocol';
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
import { runs } from '../../support/random.ts';
import { path, scratchFolder, snapshot } from '../../support/scratch.ts';
import { contentOf, specFor } from '../../support/staging.ts';

const operations = runs(100_000);
/** Refused and served operations that must have been seen, or the race was none. */
const enough = 200;

test('no operation escapes through a parent that flips between folder and symlink (PATH-09)', async (t) => {
  const scratch = scratchFolder(t);
  const shared = join(scratch, 'shared');
  const outside = join(scratch, 'outside');
  for (const folder of [join(shared, 'flip', 'sub'), join(outside, 'sub')])
    mkdirSync(folder, { recursive: true });
  writeFileSync(join(shared, 'flip', 'file'), 'inside');
  writeFileSync(join(shared, 'flip', 'sub', 'file'), 'inside');
  writeFileSync(join(shared, 'mine'), 'inside');
  // Longer than what is inside, and with names that exist only here.
  for (const name of ['file', 'sub/file', 'secret']) writeFileSync(join(outside, name), 'outside');
  symlinkSync(outside, join(shared, 'link'));
  writeFileSync(join(shared, 'leaf'), 'inside');
  symlinkSync(join(outside, 'file'), join(shared, 'leaf-link'));
  const before = snapshot(outside);

  const root = Root.open(shared, { durable: false });
  t.after(() => root.close());
  const staging = new Staging(root);
  const content = contentOf(Buffer.from('upload'));
  const read = (at: string): void => {
    const file = openRead(root, path(at));
    try {
      assert.equal(file.facts.size, 6);
    } finally {
      file.close();
    }
  };
  const small = contentOf(Buffer.from('small'));
  const verbs: (() => void | Promise<void>)[] = [
    () => assert.equal(stat(root, path('flip/file')).size, 6),
    () => assert.equal(stat(root, path('flip/sub/file')).size, 6),
    () => assert.ok([...list(root, path('flip'))].flat().every(({ name }) => name !== 'secret')),
    () => read('flip/sub/file'),
    () => read('leaf'),
    () => mkdir(root, path('flip/new')),
    () => remove(root, path('flip/new')),
    () => rename(root, path('mine'), path('flip/mine')),
    () => rename(root, path('flip/mine'), path('mine')),
    () => remove(root, path('flip/secret')),
    () => {
      const file = staging.create(specFor('flip/upload', 6, { existing: 'overwrite' }));
      file.write(0, content.bytes, content.digests[0] ?? Buffer.alloc(0));
      file.commit(content.root);
    },
    () => void space(root, path('flip/sub')),
    () => setFacts(root, path('flip/sub/file'), { mode: 0o640, modified: epoch }),
    () => setFacts(root, path('leaf'), { mode: 0o640, modified: epoch }),
    // What is outside is no link, and what is inside leads nowhere.
    () => assert.equal(readLink(root, path('flip/pointer')), 'nowhere'),
    () => makeLink(root, path('flip/made'), 'nowhere'),
    () => remove(root, path('flip/made')),
    () => {
      for (const part of fetchPack(root, path('flip'), [nameFromText('file'), nameFromText('secret')])) {
        if (part instanceof FerryError) throw part;
        assert.equal(part.content.toString(), 'inside');
      }
    },
    async () => {
      const file = { name: nameFromText('stored'), modified: epoch, mode: 0o644, rootDigest: small.root };
      const files = [{ ...file, content: small.bytes }];
      const pack = { folder: path('flip'), existing: 'overwrite', again: true, files } as const;
      const [failed] = (await storePack(staging, pack)).outcomes;
      if (failed !== undefined) throw failed;
    },
  ];
  symlinkSync('nowhere', join(shared, 'flip', 'pointer'));

  const state = new Int32Array(new SharedArrayBuffer(8));
  const flipper = new Worker(new URL('./flipper.ts', import.meta.url), { workerData: { shared, state } });
  const gone = new Promise((resolve, reject) => flipper.once('exit', resolve).once('error', reject));
  let served = 0;
  let refused = 0;
  try {
    // The upper bound ends a run on a machine that never gives the other thread its turn.
    for (let i = 0; i < operations || (Math.min(served, refused) < enough && i < 50 * operations); i++) {
      try {
        await verbs[i % verbs.length]?.();
        served += 1;
      } catch (error) {
        if (!(error instanceof FerryError)) throw error;
        assert.ok(
          ['NOT_FOUND', 'EXISTS', 'NOT_FOLDER', 'NOT_REGULAR'].includes(error.codeName),
          `${error.codeName}: ${error.message}`,
        );
        refused += 1;
      }
    }
  } finally {
    Atomics.store(state, 0, 1);
    await gone;
  }

  assert.deepEqual(snapshot(outside), before);
  assert.ok(served >= enough && refused >= enough, `${served} served, ${refused} refused`);
  assert.deepEqual(readdirSync(join(shared, '.ferry', 'part')), []);
  t.diagnostic(
    `count: ${served + refused} operations of ${verbs.length} kinds (${served} served, ${refused} refused) while ` +
      `${Atomics.load(state, 1)} flips, escapes 0`,
  );
});
