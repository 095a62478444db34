/** Folders that are watched: what changes is told, once, of this folder alone; and what happens when the system says nothing. */

import assert from 'node:assert/strict';
import {
  chmodSync,
  type FSWatcher,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as later } from 'node:timers/promises';
import {
  Code,
  type Entry,
  FerryError,
  type FolderNews,
  limits,
  type Name,
  rootPath,
  showName,
} from '@ferry/protocol';
import { FolderWatches, type FolderWatchesOpts, list, Root, watchedPlace } from '@ferry/protocol/disk';
import { keptRows, Snapshot } from '../../../packages/protocol/src/disk/snapshot.ts';
import { gatherMs, nextPollMs, pollMs } from '../../../packages/protocol/src/disk/watch-timing.ts';
import { randomFrom, runs, seed } from '../../support/random.ts';
import { type Afterwards, path, scratchFolder } from '../../support/scratch.ts';

type Watched = {
  readonly dir: string;
  readonly root: Root;
  readonly watches: FolderWatches;
  /** `+a` a row, `-a` gone, `again`, `over CODE`. */
  readonly heard: string[];
  readonly rows: Map<Name, Entry>;
  readonly begin: (at?: string) => Promise<{ readonly pollMs: number }>;
};

function prepare(t: Afterwards, opts: Partial<FolderWatchesOpts> = {}): Watched {
  const dir = scratchFolder(t);
  const root = Root.open(dir);
  const heard: string[] = [];
  const rows = new Map<Name, Entry>();
  const take = (news: FolderNews): void => {
    if (news.kind === 'over') heard.push(`over ${news.error.codeName}`);
    else if (news.kind === 'again') heard.push('again');
    else {
      for (const entry of news.entries) {
        heard.push(`+${showName(entry.name)}`);
        rows.set(entry.name, entry);
      }
      for (const name of news.gone) {
        heard.push(`-${showName(name)}`);
        rows.delete(name);
      }
    }
  };
  const watches = new FolderWatches({ most: 10, onNews: (_key, news) => take(news), ...opts });
  t.after(() => {
    watches.close();
    root.close();
  });
  return {
    dir,
    root,
    watches,
    heard,
    rows,
    begin: (at = '') => watches.watch(at, watchedPlace(root, path(at))),
  };
}

/** Waits for a condition; the machine may be slow, so it has no end of its own. */
async function until(met: () => boolean): Promise<void> {
  while (!met()) await later(5);
}

const heardOf = (heard: readonly string[], what: string): number =>
  heard.filter((one) => one === what).length;

/** Signs that never come, or that come when they are called for. */
function deaf(): { begin: NonNullable<FolderWatchesOpts['begin']>; sign: (name: string) => void } {
  let say = (_name: string): void => {};
  const begin: NonNullable<FolderWatchesOpts['begin']> = (_path, opts, onSign) => {
    say = (name) => onSign('change', Buffer.from(name));
    return watch('/proc/self/fdinfo', opts, () => {});
  };
  return { begin, sign: (name) => say(name) };
}

// They mostly wait.
describe('watching folders', { concurrency: true }, () => {
  test('what is made, changed, renamed and removed is told, in rows as a listing has them', async (t) => {
    const { dir, root, heard, rows, begin } = prepare(t);
    mkdirSync(join(dir, 'in'));
    assert.deepEqual(await begin('in'), { pollMs: 0 });
    writeFileSync(join(dir, 'in/a'), 'one');
    await until(() => heard.includes('+a'));
    const [page = []] = [...list(root, path('in'))];
    assert.deepEqual([...rows.values()], page);
    chmodSync(join(dir, 'in/a'), 0o600);
    utimesSync(join(dir, 'in/a'), 1, 2);
    await until(() => heardOf(heard, '+a') === 2 && rows.get('a' as Name)?.modified.s === 2);
    renameSync(join(dir, 'in/a'), join(dir, 'in/b'));
    await until(() => heard.includes('-a'));
    assert.deepEqual(heard.slice(-2), ['+b', '-a'], 'both ends of a name in one piece of news');
    mkdirSync(join(dir, 'in/c'));
    rmSync(join(dir, 'in/b'));
    await until(() => heard.includes('+c') && heard.includes('-b'));
    writeFileSync(join(dir, 'beside'), '');
    mkdirSync(join(dir, 'in/c/below'));
    writeFileSync(join(dir, 'in/d'), '');
    await until(() => heard.includes('+d'));
    assert.equal(heard.filter((one) => /beside|below/.test(one)).length, 0, 'nothing of other folders');
    assert.equal(heardOf(heard, '+d'), 1);
  });

  for (const polls of [false, true]) {
    test(`after any changes, what was told and what is there are the same${polls ? ', where folders are read' : ''} (FERRY_SEED=${seed})`, async (t) => {
      const { dir, root, heard, rows, watches, begin } = prepare(t, { polls });
      await begin();
      const random = randomFrom(seed);
      const names = ['a', 'b', 'c', 'd', 'ä', 'x\nx', '21'].map((name) => join(dir, name));
      const pick = (): string => names[random(names.length)] as string;
      const there = (): string =>
        JSON.stringify([...list(root, rootPath)].flat().toSorted((a, b) => (a.name < b.name ? -1 : 1)));
      const told = (): string =>
        JSON.stringify([...rows.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)));
      for (let round = 0; round < runs(polls ? 3 : 5); round++) {
        for (let i = random(20); i >= 0; i--) {
          try {
            const what = random(4);
            if (what === 0) writeFileSync(pick(), 'x'.repeat(random(9)));
            else if (what === 1) renameSync(pick(), pick());
            else if (what === 2) rmSync(pick());
            else chmodSync(pick(), random(0o777) | 0o400);
          } catch (error) {
            assert.equal((error as { code?: string }).code, 'ENOENT');
          }
        }
        if (polls) watches.hint('');
        await until(() => told() === there());
      }
      assert.ok(!heard.includes('again'));
    });
  }

  test('a folder that goes is over; one in its place is watched instead; a link in its place is not followed', async (t) => {
    const { dir, heard, begin, watches } = prepare(t);
    for (const name of ['gone', 'up', 'up/moved', 'swapped', 'linked', 'elsewhere'])
      mkdirSync(join(dir, name));
    for (const name of ['gone', 'up/moved', 'swapped', 'linked']) await begin(name);
    rmSync(join(dir, 'gone'), { recursive: true });
    await until(() => heardOf(heard, 'over NOT_FOUND') === 1);
    renameSync(join(dir, 'up'), join(dir, 'down'));
    await until(() => heardOf(heard, 'over NOT_FOUND') === 2);
    renameSync(join(dir, 'linked'), join(dir, 'was-linked'));
    symlinkSync('elsewhere', join(dir, 'linked'));
    await until(() => heardOf(heard, 'over NOT_FOUND') === 3);
    renameSync(join(dir, 'swapped'), join(dir, 'was-swapped'));
    mkdirSync(join(dir, 'swapped'));
    await until(() => heard.includes('again'));
    writeFileSync(join(dir, 'elsewhere/secret'), '');
    writeFileSync(join(dir, 'was-swapped/old'), '');
    writeFileSync(join(dir, 'swapped/new'), '');
    await until(() => heard.includes('+new'));
    assert.equal(heard.filter((one) => /secret|old/.test(one)).length, 0);
    assert.equal(watches.size, 1, 'what is over is forgotten');
  });

  test('more than a few changes at once are told as one; the hidden folder never', async (t) => {
    const { dir, heard, begin } = prepare(t);
    mkdirSync(join(dir, '.ferry'));
    await begin();
    chmodSync(join(dir, '.ferry'), 0o700);
    writeFileSync(join(dir, 'first'), '');
    await until(() => heard.includes('+first'));
    for (let i = 0; i <= limits.newsRows; i++) writeFileSync(join(dir, `n${i}`), '');
    await until(() => heard.includes('again'));
    writeFileSync(join(dir, 'last'), '');
    await until(() => heard.includes('+last'));
    assert.equal(heard.filter((one) => one.includes('.ferry')).length, 0);
  });

  test('where no watch is left, folders are read now and then', async (t) => {
    const begin = (): FSWatcher => {
      throw Object.assign(new Error('no space'), { errno: -28, code: 'ENOSPC' });
    };
    const { dir, heard, begin: start, watches } = prepare(t, { begin });
    assert.deepEqual(await start(), { pollMs });
    writeFileSync(join(dir, 'a'), '');
    watches.hint(undefined);
    await until(() => heard.includes('+a'));
    writeFileSync(join(dir, 'b'), '');
    await until(() => heard.includes('+b'));
    rmSync(dir, { recursive: true });
    await until(() => heard.some((one) => one.startsWith('over')));
  });

  test('where the system says nothing though it could, that is noticed', async (t) => {
    const { dir, heard, begin, watches } = prepare(t, { begin: deaf().begin });
    assert.deepEqual(await begin(), { pollMs: 0 });
    writeFileSync(join(dir, 'a'), '');
    await until(() => heard.includes('again'));
    assert.deepEqual(await watches.watch('', watchedPlace(Root.open(dir), rootPath)), { pollMs });
    writeFileSync(join(dir, 'b'), '');
    await until(() => heard.includes('+b'));
  });

  test('when the kernel’s queue of signs may have run over, everything is listed again', async (t) => {
    const { begin, sign } = deaf();
    const { heard, begin: start } = prepare(t, { begin });
    await start();
    sign('a');
    await until(() => heard.includes('-a'));
    sign('a');
    sign('b');
    await until(() => heard.includes('-b'));
    assert.equal(heardOf(heard, '-a'), 1, 'what is as it was is not told again');
    for (let i = 0; i < 20_000; i++) sign('a');
    await until(() => heard.includes('again'));
  });

  test('no more folders than it may are watched', async (t) => {
    const { dir, begin, watches } = prepare(t, { most: 1 });
    mkdirSync(join(dir, 'a'));
    await begin('a');
    await begin('a');
    await assert.rejects(begin(), (error) => error instanceof FerryError && error.code === Code.LIMIT);
    watches.leave('a');
    await begin();
    await assert.rejects(begin('missing'), (error) => error instanceof FerryError);
  });

  test('snapshots: of large folders only that something is different', () => {
    const row = (i: number, size = 0): Entry => ({
      name: `${i}` as Name,
      kind: 0,
      size,
      modified: { s: 0, ns: 0 },
      mode: 0,
    });
    const of = (rows: readonly Entry[]): Snapshot => {
      const snapshot = new Snapshot();
      snapshot.add(rows);
      return snapshot;
    };
    const many = Array.from({ length: keptRows + 1 }, (_, i) => row(i));
    const none = (): undefined => undefined;
    assert.equal(of(many).difference(of(many.toReversed()), none), undefined);
    assert.deepEqual(of(many).difference(of([...many.slice(1), row(0, 1)]), none), { kind: 'again' });
    assert.deepEqual(of(many).difference(of(many.slice(1)), none), { kind: 'again' });
    assert.deepEqual(
      of([row(1), row(2)]).difference(of([row(2), row(3)]), (name) => row(Number(name))),
      {
        kind: 'changed',
        entries: [row(3)],
        gone: ['1'],
      },
    );
    assert.deepEqual(of([]).difference(of(many.slice(0, limits.newsRows + 1)), none), { kind: 'again' });
  });

  test('what boils is told less often, what calms down at once again', () => {
    const first = gatherMs(undefined, 0);
    assert.ok(first <= 100);
    assert.equal(gatherMs(first, 200), 2 * first);
    assert.equal(gatherMs(500, 200), 500);
    assert.equal(gatherMs(500, 1000), first);
    assert.equal(nextPollMs(1), pollMs);
    assert.equal(nextPollMs(1000), 19_000);
  });
});
