/** Copying, moving and removing trees on a disk: what only a disk has, and what is left when it goes wrong. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { Code, FerryError, limits } from '@ferry/protocol';
import { collectTrees, copyTree, moveTree, Root, removeTree, Staging, Work } from '@ferry/protocol/disk';
import { withCode } from '../../support/code.ts';
import { path, scratchFolder, snapshot } from '../../support/scratch.ts';

type Place = { readonly dir: string; readonly root: Root; readonly staging: Staging };

function place(t: TestContext): Place {
  const dir = scratchFolder(t);
  const root = Root.open(dir);
  t.after(() => root.close());
  return { dir, root, staging: new Staging(root) };
}

const fail = { existing: 'fail' } as const;
const told = (work: Work): string[] =>
  work.takeFailures().map((one) => `${one.path.join('/')} ${one.error.codeName}`);

/** No partial file or folder of a copy is left, visible or not. */
function nothingStaged({ dir }: Place): void {
  const part = join(dir, '.ferry/part');
  assert.deepEqual(existsSync(part) ? readdirSync(part) : [], []);
}

/** Aborts when so many slices have passed. */
function cancelledAfter(slices: number): Work {
  const controller = new AbortController();
  const work = new Work({ signal: controller.signal });
  const turn = work.turn.bind(work);
  let left = slices;
  work.turn = () => {
    left -= 1;
    if (left === 0) controller.abort(new FerryError(Code.CANCELLED, 'cancelled'));
    if (left <= 0) work.check();
    return turn();
  };
  return work;
}

describe('copyTree', () => {
  test('links are copied, never followed; those that would lead out are told', async (t) => {
    const at = place(t);
    const outside = scratchFolder(t);
    writeFileSync(join(outside, 'secret'), 'secret');
    mkdirSync(join(at.dir, 'a/b'), { recursive: true });
    symlinkSync('b/file', join(at.dir, 'a/link'));
    symlinkSync(outside, join(at.dir, 'a/out'));
    symlinkSync('../../a', join(at.dir, 'a/b/up'));
    const before = snapshot(outside);
    const work = new Work();
    await copyTree(at.staging, { from: path('a'), to: path('c'), ...fail }, work);
    assert.equal(readlinkSync(join(at.dir, 'c/link')), 'b/file');
    assert.equal(readlinkSync(join(at.dir, 'c/b/up')), '../../a');
    assert.deepEqual(told(work), ['out FORBIDDEN']);
    assert.deepEqual(snapshot(outside), before);
    // Nearer to the top the same words lead out.
    const higher = new Work();
    await copyTree(at.staging, { from: path('a/b'), to: path('d'), ...fail }, higher);
    assert.deepEqual(told(higher), ['up FORBIDDEN']);
    await assert.rejects(
      copyTree(at.staging, { from: path('a/out/secret'), to: path('e'), ...fail }, new Work()),
      withCode('NOT_FOUND'),
    );
    // An account that sees only a part: its own top counts.
    const inside = { from: path('a/b'), to: path('a/c'), inside: path('a'), ...fail };
    const narrow = new Work();
    await copyTree(at.staging, inside, narrow);
    assert.deepEqual(told(narrow), ['up FORBIDDEN']);
    nothingStaged(at);
  });

  test('what is neither file, folder nor link is told; holes, times and permissions are kept', async (t) => {
    const at = place(t);
    mkdirSync(join(at.dir, 'a/ro'), { recursive: true });
    assert.equal(spawnSync('mkfifo', [join(at.dir, 'a/fifo')]).status, 0);
    writeFileSync(join(at.dir, 'a/ro/set'), 'x');
    chmodSync(join(at.dir, 'a/ro/set'), 0o4755);
    const fd = openSync(join(at.dir, 'a/holes'), 'w');
    writeSync(fd, 'end', 5 * limits.blockBytes + 3);
    closeSync(fd);
    chmodSync(join(at.dir, 'a/ro'), 0o500);
    utimesSync(join(at.dir, 'a/ro'), 1_600_000_000, 1_600_000_000.5);
    const work = new Work();
    await copyTree(at.staging, { from: path('a'), to: path('c'), ...fail }, work);
    assert.deepEqual(told(work), ['fifo NOT_REGULAR']);
    assert.equal(statSync(join(at.dir, 'c/ro/set')).mode & 0o7777, 0o755);
    const ro = statSync(join(at.dir, 'c/ro'));
    assert.deepEqual([ro.mode & 0o7777, ro.mtimeMs], [0o500, 1_600_000_000_500]);
    const [one, other] = [statSync(join(at.dir, 'a/holes')), statSync(join(at.dir, 'c/holes'))];
    assert.ok(readFileSync(join(at.dir, 'a/holes')).equals(readFileSync(join(at.dir, 'c/holes'))));
    assert.equal(other.size, one.size);
    assert.ok(other.blocks <= one.blocks + 16, `${other.blocks} blocks instead of ${one.blocks}`);
  });

  test('cancelled anywhere, nothing of it is left (randomly cut)', async (t) => {
    const at = place(t);
    mkdirSync(join(at.dir, 'a/sub'), { recursive: true });
    for (let i = 0; i < 8; i++)
      writeFileSync(join(at.dir, `a/sub/${i}`), Buffer.alloc(2 * limits.blockBytes, i));
    for (let slices = 1; ; slices++) {
      try {
        await copyTree(at.staging, { from: path('a'), to: path('c'), ...fail }, cancelledAfter(slices));
        assert.ok(slices > 20, 'it was cut in many places');
        break;
      } catch (error) {
        withCode('CANCELLED')(error);
        assert.deepEqual(readdirSync(at.dir).sort(), ['.ferry', 'a'].slice(slices > 1 ? 0 : 1));
        nothingStaged(at);
      }
    }
    assert.equal(readdirSync(join(at.dir, 'c/sub')).length, 8);
  });

  test('a file that is changed meanwhile, and one over its own other name', async (t) => {
    const at = place(t);
    writeFileSync(join(at.dir, 'file'), Buffer.alloc(3 * limits.blockBytes));
    linkSync(join(at.dir, 'file'), join(at.dir, 'other'));
    const over = { from: path('file'), to: path('other'), existing: 'overwrite' } as const;
    await assert.rejects(copyTree(at.staging, over, new Work()), withCode('EXISTS'));
    const work = new Work();
    const turn = work.turn.bind(work);
    let calls = 0;
    work.turn = () => {
      calls += 1;
      if (calls === 3) writeFileSync(join(at.dir, 'file'), 'shorter');
      return turn();
    };
    const copying = copyTree(at.staging, { from: path('file'), to: path('copy'), ...fail }, work);
    await assert.rejects(copying, withCode('SOURCE_CHANGED'));
    assert.ok(!existsSync(join(at.dir, 'copy')));
    nothingStaged(at);
  });
});

test('what changes while a folder is copied is told and not in the copy, not even in part', async (t) => {
  const at = place(t);
  mkdirSync(join(at.dir, 'a'));
  const size = 3 * limits.blockBytes;
  for (const name of ['shrinks', 'rewritten', 'stays'])
    writeFileSync(join(at.dir, 'a', name), Buffer.alloc(size));
  const work = new Work();
  const turn = work.turn.bind(work);
  work.turn = () => {
    if (work.bytes > 0) {
      writeFileSync(join(at.dir, 'a/shrinks'), 'x');
      writeFileSync(join(at.dir, 'a/rewritten'), Buffer.alloc(size, 1));
    }
    return turn();
  };
  await copyTree(at.staging, { from: path('a'), to: path('b'), ...fail }, work);
  const failed = told(work).map((line) => line.split(' ')[0] ?? '');
  assert.ok(failed.length > 0 && !failed.includes('stays'), failed.join(', '));
  const copied = readdirSync(join(at.dir, 'b'));
  assert.deepEqual([...copied, ...failed].sort(), ['rewritten', 'shrinks', 'stays']);
});

test('a file that is written to meanwhile, its size the same, is no copy', async (t) => {
  const at = place(t);
  writeFileSync(join(at.dir, 'file'), Buffer.alloc(3 * limits.blockBytes));
  const work = new Work();
  const turn = work.turn.bind(work);
  work.turn = () => {
    if (work.bytes > 0) writeFileSync(join(at.dir, 'file'), Buffer.alloc(3 * limits.blockBytes, 1));
    return turn();
  };
  const copying = copyTree(at.staging, { from: path('file'), to: path('copy'), ...fail }, work);
  await assert.rejects(copying, withCode('SOURCE_CHANGED'));
  assert.ok(!existsSync(join(at.dir, 'copy')));
  nothingStaged(at);
});

test('what is no longer wanted when it is complete gets no name', async (t) => {
  const at = place(t);
  writeFileSync(join(at.dir, 'file'), 'x');
  const work = new Work();
  work.guard(() => {
    if (work.files > 0) throw new FerryError(Code.READ_ONLY, 'not any more');
  });
  const copying = copyTree(at.staging, { from: path('file'), to: path('copy'), ...fail }, work);
  await assert.rejects(copying, withCode('READ_ONLY'));
  assert.deepEqual(readdirSync(at.dir).sort(), ['.ferry', 'file']);
  nothingStaged(at);
});

test('half-made copies of the dead are collected by age, others stay', async (t) => {
  const at = place(t);
  assert.equal(await collectTrees(at.staging, 1000, Date.now()), 0);
  const left = join(at.dir, '.ferry/part', `${'0f'.repeat(16)}.tree`);
  mkdirSync(join(left, 'sub'), { recursive: true });
  writeFileSync(join(left, 'sub/file'), 'x');
  writeFileSync(join(at.dir, '.ferry/part', 'other.tree'), 'x');
  assert.equal(await collectTrees(at.staging, 60_000, Date.now()), 0);
  assert.equal(await collectTrees(at.staging, 1000, Date.now() + 60_000), 1);
  assert.deepEqual(readdirSync(join(at.dir, '.ferry/part')), ['other.tree']);
});

describe('moveTree', () => {
  test('a link is moved itself, and a file on its own other name is refused', async (t) => {
    const at = place(t);
    const outside = scratchFolder(t);
    symlinkSync(outside, join(at.dir, 'link'));
    writeFileSync(join(at.dir, 'file'), 'x');
    linkSync(join(at.dir, 'file'), join(at.dir, 'other'));
    mkdirSync(join(at.dir, 'b'));
    await moveTree(at.staging, { from: path('link'), to: path('b/link'), ...fail }, new Work());
    assert.ok(lstatSync(join(at.dir, 'b/link')).isSymbolicLink());
    const over = { from: path('file'), to: path('other'), existing: 'overwrite' } as const;
    await assert.rejects(moveTree(at.staging, over, new Work()), withCode('EXISTS'));
    assert.deepEqual(readdirSync(at.dir).sort(), ['b', 'file', 'other']);
    await assert.rejects(
      moveTree(at.staging, { from: path('file'), to: path('b/link/x'), ...fail }, new Work()),
      withCode('NOT_FOUND'),
    );
    assert.deepEqual(readdirSync(outside), []);
  });
});

describe('removeTree', () => {
  test('links are removed, never followed', async (t) => {
    const at = place(t);
    const outside = scratchFolder(t);
    writeFileSync(join(outside, 'file'), 'x');
    mkdirSync(join(at.dir, 'a/sub'), { recursive: true });
    symlinkSync(outside, join(at.dir, 'a/sub/out'));
    symlinkSync('..', join(at.dir, 'a/up'));
    const before = snapshot(outside);
    await assert.rejects(removeTree(at.root, path('a/sub/out/file'), new Work()), withCode('NOT_FOUND'));
    await removeTree(at.root, path('a'), new Work());
    assert.deepEqual(readdirSync(at.dir), []);
    assert.deepEqual(snapshot(outside), before);
  });

  test('cancelled, the rest stays', async (t) => {
    const at = place(t);
    mkdirSync(join(at.dir, 'a'));
    for (let i = 0; i < 20; i++) writeFileSync(join(at.dir, `a/${i}`), '');
    await assert.rejects(removeTree(at.root, path('a'), cancelledAfter(10)), withCode('CANCELLED'));
    const left = readdirSync(join(at.dir, 'a')).length;
    assert.ok(left >= 10 && left < 20, `${left} are left`);
  });
});

test('works take turns of one slice, however many there are', async () => {
  const works = [new Work(), new Work(), new Work()];
  const order: number[] = [];
  const spin = async (index: number, work: Work): Promise<void> => {
    for (let i = 0; i < 3; i++) {
      let turn = work.turn();
      while (turn === undefined) turn = work.turn();
      await turn;
      order.push(index);
    }
  };
  let turnsOfOthers = 0;
  const other = setInterval(() => (turnsOfOthers += 1), 0);
  await Promise.all(works.map((work, i) => spin(i, work)));
  clearInterval(other);
  assert.deepEqual(order, [0, 1, 2, 0, 1, 2, 0, 1, 2]);
  assert.ok(turnsOfOthers >= 4, `${turnsOfOthers} turns for others`);
});
