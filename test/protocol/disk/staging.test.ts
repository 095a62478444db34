/** Staged files: nothing shows before it is complete, and what shows is what was sent. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { epoch, limits, nameFromText } from '@ferry/protocol';
import { contentDigest } from '@ferry/protocol/content';
import { FolderSync, Root, Staging, stat, storePack } from '@ferry/protocol/disk';
import { withCode } from '../../support/code.ts';
import { path, scratchFolder } from '../../support/scratch.ts';
import { boundarySizes, contentOf, randomContent, specFor, writeAll } from '../../support/staging.ts';

type Share = { folder: string; root: Root; staging: Staging };

function share(t: TestContext): Share {
  const folder = scratchFolder(t);
  const root = Root.open(folder);
  t.after(() => root.close());
  return { folder, root, staging: new Staging(root) };
}

const parts = (folder: string): string[] => {
  const partFolder = join(folder, '.ferry', 'part');
  return existsSync(partFolder) ? readdirSync(partFolder) : [];
};
const descriptors = (): number => readdirSync('/proc/self/fd').length;

describe('a file of every size that matters (XFER-29)', () => {
  for (const size of boundarySizes) {
    test(`${size} bytes`, async (t) => {
      const { folder, staging } = share(t);
      const content = randomContent(size);
      const before = descriptors();
      const file = staging.create(specFor('file', size));
      assert.equal(file.complete, size === 0);
      await writeAll(file, content);
      assert.equal(file.complete, true);
      assert.equal(existsSync(join(folder, 'file')), false);
      const { facts, durable } = file.commit(content.root);
      assert.equal(durable, true);
      assert.equal(facts.size, size);
      assert.ok(readFileSync(join(folder, 'file')).equals(content.bytes));
      assert.deepEqual(parts(folder), []);
      assert.equal(descriptors(), before);
    });
  }
});

test('blocks may come in any order and twice', async (t) => {
  const { folder, staging } = share(t);
  const content = randomContent(4 * limits.blockBytes + 5);
  const file = staging.create(specFor('file', content.bytes.length));
  for (const i of [4, 1, 1, 3, 0, 4, 2]) {
    file.write(i, content.blocks[i] ?? Buffer.alloc(0), content.digests[i] ?? Buffer.alloc(0));
  }
  file.commit(content.root);
  assert.ok(readFileSync(join(folder, 'file')).equals(content.bytes));
});

test('a block that does not fit the announced size is refused, beyond the end too (XFER-05)', (t) => {
  const { folder, staging } = share(t);
  const file = staging.create(specFor('file', limits.blockBytes + 10));
  const cases: [index: number, length: number][] = [
    [0, limits.blockBytes - 1],
    [0, limits.blockBytes + 1],
    [0, 0],
    [1, 9],
    [1, 11],
    [1, limits.blockBytes],
    [2, 1],
    [2, 0],
    [-1, limits.blockBytes],
    [0.5, limits.blockBytes],
    [2 ** 32, 1],
    [Number.NaN, 1],
  ];
  for (const [index, length] of cases) {
    const { bytes, digests } = contentOf(Buffer.alloc(length));
    assert.throws(
      () => file.write(index, bytes, digests[0] ?? Buffer.alloc(32)),
      withCode('MALFORMED'),
      `${index} ${length}`,
    );
  }
  assert.equal(statSync(join(folder, '.ferry', 'part', parts(folder)[0] ?? '')).size, 0);
  file.discard();
});

test('a damaged block is refused, may be sent again, and never counts', async (t) => {
  const { staging } = share(t);
  const content = randomContent(100);
  const file = staging.create(specFor('file', 100));
  const digest = content.digests[0] ?? Buffer.alloc(0);
  const damaged = Buffer.from(content.bytes);
  damaged[50] = (damaged[50] ?? 0) ^ 1;
  assert.throws(() => file.write(0, damaged, digest), withCode('INTEGRITY'));
  assert.throws(() => file.write(0, content.bytes, digest.subarray(1)), withCode('INTEGRITY'));
  assert.equal(file.complete, false);
  file.write(0, content.bytes, digest);
  file.commit(content.root);
});

describe('commit refuses and leaves nothing', () => {
  test('while blocks are missing', (t) => {
    const { folder, staging } = share(t);
    const file = staging.create(specFor('file', 10));
    assert.throws(() => file.commit(), withCode('BAD_STATE'));
    assert.deepEqual(parts(folder), []);
    assert.equal(existsSync(join(folder, 'file')), false);
  });
  test('a root digest that is not that of the blocks (XFER-04)', async (t) => {
    const { folder, staging } = share(t);
    const content = randomContent(10);
    const file = staging.create(specFor('file', 10));
    await writeAll(file, content);
    assert.throws(() => file.commit(randomContent(10).root), withCode('INTEGRITY'));
    assert.deepEqual(parts(folder), []);
    assert.equal(existsSync(join(folder, 'file')), false);
    assert.throws(() => file.commit(content.root), withCode('BAD_STATE'));
    assert.throws(
      () => file.write(0, content.bytes, content.digests[0] ?? content.bytes),
      withCode('BAD_STATE'),
    );
  });
  test('when its partial file is gone', async (t) => {
    const { folder, staging } = share(t);
    const file = staging.create(specFor('file', 0));
    rmSync(join(folder, '.ferry'), { recursive: true });
    assert.throws(() => file.commit(), withCode('BAD_STATE'));
    assert.equal(existsSync(join(folder, 'file')), false);
  });
});

describe('names that are taken', () => {
  test('are told before a byte is sent', (t) => {
    const { folder, staging } = share(t);
    writeFileSync(join(folder, 'file'), 'old');
    mkdirSync(join(folder, 'folder'));
    assert.throws(() => staging.create(specFor('file', 1)), withCode('EXISTS'));
    assert.throws(() => staging.create(specFor('folder', 1)), withCode('EXISTS'));
    assert.throws(() => staging.create(specFor('folder', 1, { existing: 'overwrite' })), withCode('EXISTS'));
    assert.throws(() => staging.create(specFor('file/x', 1)), withCode('NOT_FOLDER'));
    assert.throws(() => staging.create(specFor('no/x', 1)), withCode('NOT_FOUND'));
    assert.throws(() => staging.create(specFor('', 1)), withCode('FORBIDDEN'));
    assert.deepEqual(parts(folder), []);
  });
  test('by a file that appears meanwhile: EXISTS, and it stays (XFER-15)', (t) => {
    const { folder, staging } = share(t);
    const file = staging.create(specFor('file', 0));
    writeFileSync(join(folder, 'file'), 'theirs');
    assert.throws(() => file.commit(), withCode('EXISTS'));
    assert.equal(readFileSync(join(folder, 'file'), 'utf8'), 'theirs');
    assert.deepEqual(parts(folder), []);
  });
  test('by a folder that appears meanwhile are never overwritten', (t) => {
    const { folder, staging } = share(t);
    const file = staging.create(specFor('file', 0, { existing: 'overwrite' }));
    mkdirSync(join(folder, 'file'));
    assert.throws(() => file.commit(), withCode('EXISTS'));
    assert.ok(statSync(join(folder, 'file')).isDirectory());
  });
  test('are overwritten as long as the version is the one that was seen (XFER-14)', async (t) => {
    const { folder, root, staging } = share(t);
    writeFileSync(join(folder, 'file'), 'seen');
    const expected = stat(root, path('file')).identity;
    const content = randomContent(10);
    const file = staging.create(specFor('file', 10, { existing: 'overwrite', expected }));
    await writeAll(file, content);
    const { facts } = file.commit(content.root);
    assert.ok(readFileSync(join(folder, 'file')).equals(content.bytes));
    assert.deepEqual(facts, stat(root, path('file')));
  });
  for (const [how, change] of [
    ['replaced', (file: string) => writeFileSync(file, 'theirs, and longer')],
    ['removed', (file: string) => rmSync(file)],
  ] as const) {
    test(`are not when it was ${how} meanwhile: CONFLICT (XFER-14)`, (t) => {
      const { folder, root, staging } = share(t);
      writeFileSync(join(folder, 'file'), 'seen');
      const rule = { existing: 'overwrite', expected: stat(root, path('file')).identity } as const;
      const file = staging.create(specFor('file', 0, rule));
      change(join(folder, 'file'));
      const before = existsSync(join(folder, 'file')) && readFileSync(join(folder, 'file'), 'utf8');
      assert.throws(() => file.commit(), withCode('CONFLICT'));
      assert.equal(existsSync(join(folder, 'file')) && readFileSync(join(folder, 'file'), 'utf8'), before);
      assert.throws(() => staging.create(specFor('file', 0, rule)), withCode('CONFLICT'));
    });
  }
});

test('of several threads that publish one name exactly one wins (XFER-15, XFER-16)', async (t) => {
  const { folder } = share(t);
  const threads = 4;
  const rounds = 50;
  const gate = new SharedArrayBuffer(4 * (rounds + 1));
  const results = await Promise.all(
    Array.from({ length: threads }, (_, thread) => {
      const worker = new Worker(new URL('./publisher.ts', import.meta.url), {
        workerData: { folder, gate, threads, rounds, thread },
      });
      return new Promise<string[]>((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
      });
    }),
  );
  for (let round = 0; round < rounds; round++) {
    const answers = results.map((result) => result[round]);
    const winner = answers.indexOf('published');
    assert.deepEqual(
      answers.filter((answer) => answer !== 'EXISTS'),
      ['published'],
      `round ${round}: ${answers.join()}`,
    );
    assert.equal(readFileSync(join(folder, `file-${round}`), 'utf8'), `of thread ${winner}`);
  }
  assert.deepEqual(parts(folder), []);
});

describe('mode and times', () => {
  test('are kept; setuid, setgid and sticky bits are not (CLNT-07)', (t) => {
    const { folder, staging } = share(t);
    for (const [asked, kept] of [
      [0o7755, 0o755],
      [0o600, 0o600],
      [0o444, 0o444],
      [0o664, 0o664],
      [0, 0],
    ] as const) {
      staging.create(specFor(`m${asked}`, 0, { mode: asked })).commit();
      assert.equal(statSync(join(folder, `m${asked}`)).mode & 0o7777, kept);
    }
  });
  test('a umask takes bits away', (t) => {
    const { folder, root } = share(t);
    new Staging(root, { umask: 0o027 }).create(specFor('file', 0, { mode: 0o666 })).commit();
    assert.equal(statSync(join(folder, 'file')).mode & 0o7777, 0o640);
  });
  test('to a quarter of a microsecond, before 1970 and after 2038 too (XFER-28)', (t) => {
    const { folder, staging } = share(t);
    const times = [
      { s: 1_700_000_000, ns: 123_456_789 },
      { s: 0, ns: 0 },
      { s: -1, ns: 999_000_000 },
      { s: -1_000_000_000, ns: 250_000_000 },
      { s: 4_102_444_800, ns: 500_000_000 },
      { s: 5_000_000_000, ns: 1_000 },
    ];
    for (const [i, modified] of times.entries()) {
      const { facts } = staging.create(specFor(`t${i}`, 0, { modified })).commit();
      const error = (facts.modified.s - modified.s) * 1e9 + facts.modified.ns - modified.ns;
      assert.ok(Math.abs(error) <= 500, `${modified.s}.${modified.ns}: off by ${error} ns`);
      assert.deepEqual(facts, stat(staging.root, path(`t${i}`)));
      assert.ok(existsSync(join(folder, `t${i}`)));
    }
  });
});

describe('the staging folder', () => {
  test('is private, made when needed and removed when empty', (t) => {
    const { folder, staging } = share(t);
    staging.removeIfEmpty();
    assert.equal(existsSync(join(folder, '.ferry')), false);
    const file = staging.create(specFor('file', 5));
    assert.equal(statSync(join(folder, '.ferry', 'part')).mode & 0o777, 0o700);
    const [part = ''] = parts(folder);
    assert.match(part, /^[0-9a-f]{32}\.[0-9a-f]{8}-\d+-\d+\.part$/);
    assert.equal(statSync(join(folder, '.ferry', 'part', part)).mode & 0o777, 0o600);
    staging.removeIfEmpty();
    assert.deepEqual(parts(folder), [part]);
    file.discard();
    file.discard();
    staging.removeIfEmpty();
    assert.deepEqual(readdirSync(folder), []);
    staging.create(specFor('file', 0)).commit();
    assert.ok(existsSync(join(folder, 'file')));
  });
  for (const foreign of ['.ferry', '.ferry/part']) {
    const skip = process.getuid?.() !== 0 && 'only root can make files of others';
    test(`is not shared with whoever made ${foreign} before us`, { skip }, (t) => {
      const { folder, staging } = share(t);
      mkdirSync(join(folder, '.ferry', 'part'), { recursive: true });
      chownSync(join(folder, foreign), 65534, 65534);
      assert.throws(() => staging.create(specFor('file', 0)), withCode('FORBIDDEN'));
      assert.deepEqual(parts(folder), []);
    });
  }
  test('takes a transfer id once at a time (XFER-17)', (t) => {
    const { staging } = share(t);
    const spec = specFor('file', 5);
    const first = staging.create(spec);
    assert.throws(() => staging.create(spec), withCode('BAD_STATE'));
    first.discard();
    staging.create(spec).discard();
  });
  test('loses what is old, and nothing else (XFER-32)', (t) => {
    const { folder, staging } = share(t);
    assert.equal(staging.collect(0, Date.now()), 0);
    const file = staging.create(specFor('file', 5));
    writeFileSync(join(folder, '.ferry', 'part', 'note'), '');
    const now = Date.now();
    assert.equal(staging.collect(60_000, now), 0);
    assert.equal(staging.collect(60_000, now + 120_000), 1);
    assert.deepEqual(parts(folder), ['note']);
    file.discard();
    // Its modification time is that of the user's file by now; it is young all the same.
    const sealed = staging.create(specFor('file', 0, { modified: { s: 1, ns: 0 } }));
    sealed.seal();
    assert.equal(staging.collect(60_000, Date.now()), 0);
    sealed.discard();
  });
});

test('killed right after a file got its name, a transfer is known by whoever asks again (XFER-18)', (t) => {
  for (const existing of ['fail', 'overwrite'] as const) {
    const { folder, staging } = share(t);
    const spec = specFor('file', 0, { existing, isRemembered: true });
    if (existing === 'overwrite') writeFileSync(join(folder, 'file'), 'older');
    const file = staging.create(spec);
    file.seal();
    assert.equal(staging.committed(spec), undefined);
    const facts = file.publish(new FolderSync());
    const { root } = staging;
    assert.deepEqual(new Staging(root).committed(spec), { facts, durable: true });
    assert.equal(staging.committed({ ...spec, owner: 'somebody' }), undefined);
    assert.equal(staging.committed({ ...spec, transferId: 'b'.repeat(32) }), undefined);
    writeFileSync(join(folder, 'file'), 'of somebody else');
    assert.equal(staging.committed(spec), undefined);
  }
});

test('a small file that is sent again shares nothing with the attempt that is still under way (XFER-17)', (t) => {
  const content = contentOf(Buffer.from('content'));
  const [digest] = content.digests;
  assert.ok(digest);
  for (const firstWins of [true, false]) {
    const { folder, staging } = share(t);
    const spec = specFor('file', content.bytes.length);
    const first = staging.create(spec);
    const again = staging.reopen(spec, 'resume');
    assert.ok(again);
    assert.equal(staging.reopen(spec, 'join'), undefined);
    const [winner, loser] = firstWins ? [first, again] : [again, first];
    winner.write(0, content.bytes, digest);
    winner.commit(content.root);
    assert.ok(readFileSync(join(folder, 'file')).equals(content.bytes));
    loser.write(0, content.bytes, digest);
    assert.throws(() => loser.commit(content.root), withCode('EXISTS'));
    assert.deepEqual(parts(folder), []);
  }
});

test('files that are sent again while the first attempt is still at them are stored once, and none is taken (XFER-17)', async (t) => {
  const { folder, staging } = share(t);
  const contents = Array.from({ length: 20 }, (_, i) => Buffer.from(`content ${i}`));
  const pack = (again: boolean, suffix = '') =>
    storePack(staging, {
      folder: [],
      existing: 'fail',
      again,
      files: contents.map((content, i) => {
        const sent = Buffer.concat([content, Buffer.from(suffix)]);
        const rootDigest = contentDigest(sent);
        return { name: nameFromText(`${i}`), modified: epoch, mode: 0o644, content: sent, rootDigest };
      }),
    });
  // What becomes of the first nobody hears.
  const [, { outcomes }] = await Promise.all([pack(false), pack(true)]);
  for (const outcome of outcomes) assert.equal(outcome, undefined);
  for (const [i, content] of contents.entries())
    assert.ok(readFileSync(join(folder, `${i}`)).equals(content), `${i}`);
  assert.deepEqual(parts(folder), []);
  // What only looks like it is not taken for it.
  const others = await pack(true, 'x');
  for (const outcome of others.outcomes) assert.ok(withCode('EXISTS')(outcome));
});

describe('what a killed program left behind goes with the next that tidies up', () => {
  /** As that of a process that has ended. */
  const madeByTheDead = (): string => {
    const { stdout } = spawnSync(process.execPath, [
      '--input-type=module',
      '--eval',
      `import { ownMaker } from '${import.meta.resolve('../../../packages/protocol/src/disk/maker.ts')}'; process.stdout.write(ownMaker())`,
    ]);
    return stdout.toString();
  };
  const id = 'a'.repeat(32);

  test('a part that nobody can go on with, but none of one who lives or might', (t) => {
    const { folder, staging } = share(t);
    const living = staging.create(specFor('file', 5, { transferId: id }));
    const partFolder = join(folder, '.ferry', 'part');
    const [own = ''] = parts(folder);
    const dead = madeByTheDead();
    const elsewhere = `00000000-${dead.split('-').slice(1).join('-')}`;
    const reused = own.split('.')[1]?.replace(/\d+$/, '1');
    for (const name of [dead, elsewhere, reused]) writeFileSync(join(partFolder, `${id}.${name}.part`), '');
    writeFileSync(join(partFolder, `${id}.part`), '');
    assert.equal(staging.collect(60_000, Date.now()), 2);
    assert.deepEqual(parts(folder).toSorted(), [own, `${id}.${elsewhere}.part`, `${id}.part`].toSorted());
    living.discard();
    assert.deepEqual(parts(folder).length, 2);
  });
  test('one that has its file’s name already, and a journal without its part', (t) => {
    const { folder, staging } = share(t);
    const spec = specFor('file', 20 * limits.blockBytes, { transferId: id, source: 'v' });
    staging.create(spec).leave();
    assert.equal(staging.collect(60_000, Date.now()), 0);
    linkSync(join(folder, '.ferry', 'part', `${id}.part`), join(folder, 'file'));
    assert.equal(staging.collect(60_000, Date.now()), 2);
    staging.create({ ...spec, existing: 'overwrite' }).leave();
    rmSync(join(folder, '.ferry', 'part', `${id}.part`));
    assert.equal(staging.collect(60_000, Date.now()), 1);
    staging.removeIfEmpty();
    assert.deepEqual(readdirSync(folder), ['file']);
  });
});

test('several files share one sync of their folders', (t) => {
  const { folder, staging } = share(t);
  const folders = new FolderSync();
  for (let i = 0; i < 10; i++) {
    const file = staging.create(specFor(`f${i}`, 0));
    file.seal();
    assert.equal(existsSync(join(folder, `f${i}`)), false);
    file.publish(folders);
    file.discard();
  }
  assert.equal(folders.size, 2);
  assert.equal(folders.sync(), true);
  assert.equal(readdirSync(folder).length, 11);
});

test('more than the disk has free is refused before a byte is sent (XFER-10)', (t) => {
  const { folder, staging } = share(t);
  const size = 2 ** 50;
  assert.throws(
    () => staging.create(specFor('file', size)),
    (error: Error) => withCode('NO_SPACE')(error) && error.message.includes(String(size)),
  );
  assert.throws(() => staging.create(specFor('file', 2 ** 53 - 1)), withCode('LIMIT'));
  assert.equal(existsSync(join(folder, '.ferry')), false);
});
