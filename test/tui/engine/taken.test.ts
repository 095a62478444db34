/** Names that are taken, between a real server and a real disk: each policy, both ways, and the questions that jobs ask. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EntryKind, fromWireError, limits } from '@ferry/protocol';
import { Accounts, newAccount } from '../../../packages/server/src/access/accounts.ts';
import { placesOf } from '../../../packages/server/src/config.ts';
import { deviceKey } from '../../../packages/tui/src/client/device-key.ts';
import { EngineCore } from '../../../packages/tui/src/engine/engine-core.ts';
import type { Direction, Job, JobOrder } from '../../../packages/tui/src/engine/job.ts';
import type { ConflictPolicy } from '../../../packages/tui/src/transfer/conflict.ts';
import { path, scratchFolder } from '../../support/scratch.ts';
import { userEnv } from '../../support/server.ts';
import { sharedServer } from '../../support/shared-server.ts';
import { localPath, optsFor, Watch } from './bench.ts';

const MiB = limits.blockBytes;
const young = 1_700_000_100;
const old = 1_700_000_000;

type Ends = {
  readonly engine: EngineCore;
  readonly watch: Watch;
  /** The folder that files come from, and the one they go to. */
  readonly from: string;
  readonly to: string;
  readonly order: (name: string, existing: ConflictPolicy, more?: Partial<JobOrder>) => JobOrder;
};

const served = sharedServer();

function ends(t: TestContext, direction: Direction): Ends {
  const { shared, server } = served();
  const local = scratchFolder(t);
  const engine = new EngineCore(optsFor(t, server));
  t.after(() => engine.close());
  const isUpload = direction === 'upload';
  const order: Ends['order'] = (name, existing, more = {}) => ({
    direction,
    source: isUpload ? localPath(local, name) : path(name),
    kind: EntryKind.folder,
    target: isUpload ? path(name) : localPath(local, name),
    existing,
    ...more,
  });
  const [from, to] = isUpload ? [local, shared] : [shared, local];
  return { engine, watch: new Watch(engine), from, to, order };
}

function put(file: string, content: string | Buffer, seconds: number): void {
  writeFileSync(file, content);
  utimesSync(file, seconds, seconds);
}

/** Small files go in packs, large ones over lanes: each case exists in both sizes. */
const small = 10;
const large = 2 * MiB;
/** These look into what is there: also where a journal is kept. It makes each of them write 130 MiB. */
const looking: ReadonlySet<string> = new Set(['overwrite', 'content-differs', 'resume']);
const journaled = 9 * MiB;
const cases = ['older', 'newer', 'shorter', 'same', 'other', 'absent'] as const;
type Case = (typeof cases)[number];

/** A tree of files to move, and in its target what each name says of the file there. */
function makeTrees(
  { from, to }: Ends,
  largest = large,
): Map<string, { source: Buffer; target: Buffer | undefined }> {
  const files = new Map<string, { source: Buffer; target: Buffer | undefined }>();
  mkdirSync(join(from, 'd'));
  mkdirSync(join(to, 'd'));
  for (const size of [small, largest]) {
    const source = randomBytes(size);
    const targets: Record<Case, [Buffer, number] | undefined> = {
      older: [randomBytes(size + 1), old],
      newer: [randomBytes(size + 1), young + 100],
      shorter: [source.subarray(0, size - 1), young + 100],
      same: [source, old],
      other: [randomBytes(size), young + 100],
      absent: undefined,
    };
    for (const one of cases) {
      const name = `${one}-${size}`;
      put(join(from, 'd', name), source, young);
      const there = targets[one];
      if (there !== undefined) put(join(to, 'd', name), ...there);
      files.set(name, { source, target: there?.[0] });
    }
  }
  put(join(from, 'd', 'empty'), '', young);
  put(join(to, 'd', 'empty'), 'precious', old);
  files.set('empty', { source: Buffer.alloc(0), target: Buffer.from('precious') });
  return files;
}

const outcomes: Record<
  Exclude<ConflictPolicy, 'ask'>,
  { replaced: readonly Case[]; failed: readonly Case[] }
> = {
  fail: { replaced: [], failed: ['older', 'newer', 'shorter', 'same', 'other'] },
  skip: { replaced: [], failed: [] },
  overwrite: { replaced: ['older', 'newer', 'shorter', 'same', 'other'], failed: [] },
  newer: { replaced: ['older', 'same'], failed: [] },
  'size-differs': { replaced: ['older', 'newer', 'shorter'], failed: [] },
  'content-differs': { replaced: ['older', 'newer', 'shorter', 'other'], failed: [] },
  resume: { replaced: ['shorter'], failed: ['older', 'newer'] },
  'keep-both': { replaced: [], failed: [] },
};

const emptyFails: readonly ConflictPolicy[] = [
  'fail',
  'overwrite',
  'newer',
  'size-differs',
  'content-differs',
  'resume',
];

for (const direction of ['upload', 'download'] as const) {
  for (const [policy, { replaced, failed }] of Object.entries(outcomes)) {
    test(`${direction}, ${policy}: every file there is treated as it says, and an empty file replaces none`, async (t) => {
      const both = ends(t, direction);
      const files = makeTrees(both, looking.has(policy) ? journaled : large);
      const [id = 0] = await both.engine.submit([both.order('d', policy as ConflictPolicy)]);
      const job = await both.watch.over(id);
      const isOneOf = (list: readonly Case[], name: string): boolean =>
        list.some((one) => name.startsWith(`${one}-`));
      for (const [name, { source, target }] of files) {
        const now = readFileSync(join(both.to, 'd', name));
        const expected = target === undefined || isOneOf(replaced, name) ? source : target;
        assert.ok(now.equals(expected), `${policy}: ${name}`);
        if (policy !== 'keep-both' || target === undefined) continue;
        const second = name.includes('.') ? name : `${name} (2)`;
        assert.ok(readFileSync(join(both.to, 'd', second)).equals(source), `${policy}: ${second}`);
      }
      const mustFail = [...files.keys()].filter(
        (name) =>
          isOneOf(failed, name) || (name === 'empty' && emptyFails.includes(policy as ConflictPolicy)),
      );
      assert.deepEqual(
        job.failures.map(({ source }) => String(source.at(-1))).toSorted(),
        mustFail.toSorted(),
      );
      assert.equal(job.phase, mustFail.length === 0 ? 'done' : 'failed');
    });
  }

  test(`${direction}: an empty file replaces another when that was said`, async (t) => {
    const both = ends(t, direction);
    makeTrees(both);
    const [id = 0] = await both.engine.submit([both.order('d', 'overwrite', { allowEmpty: true })]);
    assert.equal((await both.watch.over(id)).phase, 'done');
    assert.equal(readFileSync(join(both.to, 'd', 'empty'), 'utf8'), '');
  });

  test(`${direction}: what asks waits, the rest goes on; answers hold for one or for all`, async (t) => {
    const both = ends(t, direction);
    const files = makeTrees(both);
    rmSync(join(both.from, 'd', 'empty'));
    const [id = 0] = await both.engine.submit([both.order('d', 'ask')]);
    const asks = (): Promise<Job> =>
      both.watch.job(id, ({ phase, question }) => phase === 'waiting' && question !== undefined);
    const first = (await asks()).question;
    assert.ok(first);
    assert.ok(
      readFileSync(join(both.to, 'd', 'absent-10')).equals(files.get('absent-10')?.source ?? Buffer.of()),
    );
    both.engine.answer(id, first.sourcePath, { policy: 'keep-both', scope: 'this' });
    const second = (
      await both.watch.job(
        id,
        ({ question }) => question !== undefined && question.sourcePath.at(-1) !== first.sourcePath.at(-1),
      )
    ).question;
    assert.ok(second);
    // What it no longer asks about is ignored.
    both.engine.answer(id, first.sourcePath, { policy: 'overwrite', scope: 'job' });
    both.engine.answer(id, second.sourcePath, { policy: 'newer', scope: 'job' });
    assert.equal((await both.watch.over(id)).phase, 'done');
    const kept = String(first.sourcePath.at(-1));
    assert.ok(readdirSync(join(both.to, 'd')).includes(`${kept} (2)`));
    assert.ok(readFileSync(join(both.to, 'd', kept)).equals(files.get(kept)?.target ?? Buffer.of()));
  });

  test(`${direction}: a rule that says nothing of empty files asks about them, where somebody is there`, async (t) => {
    const both = ends(t, direction);
    mkdirSync(join(both.from, 'd'));
    mkdirSync(join(both.to, 'd'));
    for (const name of ['a', 'b', 'c']) {
      put(join(both.from, 'd', name), name === 'b' ? '' : 'new', young);
      put(join(both.to, 'd', name), 'old', old);
    }
    const [id = 0] = await both.engine.submit([both.order('d', 'ask')]);
    const asked = await both.watch.job(id, (job) => job.question !== undefined);
    both.engine.answer(id, asked.question?.sourcePath ?? [], { policy: 'newer', scope: 'job' });
    const { question } = await both.watch.job(id, (job) => job.question !== undefined && job.doneFiles === 2);
    assert.equal(question?.why, 'empty');
    both.engine.answer(id, question?.sourcePath ?? [], { policy: 'overwrite', scope: 'this' });
    assert.equal((await both.watch.over(id)).phase, 'done');
    const now = ['a', 'b', 'c'].map((name) => readFileSync(join(both.to, 'd', name), 'utf8'));
    assert.deepEqual(now, ['new', '', 'new']);
  });
}

test('an answer for all downloads settles other jobs, too', async (t) => {
  const both = ends(t, 'download');
  for (const name of ['a', 'b', 'c']) {
    put(join(both.from, name), 'new', young);
    put(join(both.to, name), 'old', old);
  }
  const file = { kind: EntryKind.file } as const;
  const orders = ['a', 'b', 'c'].map((name) => both.order(name, 'ask', file));
  const ids = await both.engine.submit(orders);
  const [first = 0] = ids;
  for (const id of ids) await both.watch.job(id, ({ question }) => question !== undefined);
  const { question } = await both.watch.job(first, () => true);
  assert.ok(question);
  both.engine.answer(first, question.sourcePath, { policy: 'overwrite', scope: 'all-downloads' });
  for (const id of ids) assert.equal((await both.watch.over(id)).phase, 'done');
  for (const name of ['a', 'b', 'c']) assert.equal(readFileSync(join(both.to, name), 'utf8'), 'new');
});

test('into a drop box: what is taken is told as taken, skipped, or put beside, though nobody may look', async (t) => {
  const { shared, server } = served();
  const keyFile = join(scratchFolder(t), 'device.key');
  const accounts = new Accounts(placesOf(userEnv(server.home), server.home).accessFile);
  t.after(() => accounts.close());
  accounts.add('box', { ...newAccount, role: 'uploader' }, 0);
  accounts.addDevice('box', deviceKey(keyFile).publicKey, 'test', 0);
  const engine = new EngineCore(optsFor(t, server, keyFile));
  t.after(() => engine.close());
  const watch = new Watch(engine);
  const local = scratchFolder(t);
  for (const [i, size] of [small, journaled].entries()) {
    put(join(local, `${i}.pdf`), randomBytes(size), young);
    put(join(shared, `${i}.pdf`), 'theirs', old);
    put(join(shared, `${i} (2).pdf`), 'theirs', old);
    const send = async (existing: ConflictPolicy): Promise<Job> => {
      const source = localPath(local, `${i}.pdf`);
      const order = { kind: EntryKind.file, source, target: path(`${i}.pdf`), existing } as const;
      const [id = 0] = await engine.submit([{ direction: 'upload', ...order }]);
      return watch.over(id);
    };
    // A small file that may replace is sent without a look.
    const small = i === 0 ? 'FORBIDDEN' : 'EXISTS';
    for (const [existing, code] of [
      ['fail', 'EXISTS'],
      ['overwrite', small],
      ['newer', 'EXISTS'],
    ] as const) {
      const { phase, error } = await send(existing);
      const why = error === undefined ? '' : fromWireError(error).codeName;
      assert.deepEqual([existing, phase, why], [existing, 'failed', code]);
    }
    const skipped = await send('skip');
    assert.deepEqual([skipped.phase, skipped.skippedFiles], ['done', 1]);
    assert.equal((await send('keep-both')).phase, 'done');
    // Another version; the same one is known to be there.
    utimesSync(join(local, `${i}.pdf`), young + 1, young + 1);
    assert.equal((await send('keep-both')).phase, 'done');
    const sent = readFileSync(join(local, `${i}.pdf`));
    for (const name of [`${i} (3).pdf`, `${i} (4).pdf`])
      assert.ok(readFileSync(join(shared, name)).equals(sent));
    for (const name of [`${i}.pdf`, `${i} (2).pdf`])
      assert.equal(readFileSync(join(shared, name), 'utf8'), 'theirs');
  }
  accounts.remove('box');
});
