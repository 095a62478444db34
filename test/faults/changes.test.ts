/**
 * The world changes while a file is on its way: its source, its target, the folder of either, whoever else sends the same, the
 * clock. Each ends with a whole file or with one named error, and what somebody else put there stays.
 */

import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as rest } from 'node:timers/promises';
import { codeName, EntryKind } from '@ferry/protocol';
import { isOver, type Job, type JobOrder } from '../../packages/tui/src/engine/job.ts';
import { type Server, startServer } from '../e2e/server.ts';
import { eventually } from '../e2e/terminal.ts';
import { seededBytes } from '../support/content.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { heldFiles } from '../support/held-files.ts';
import { engineFor, runErrand, type Where, whereIs } from '../support/one-errand.ts';
import { partialsIn } from '../support/partials.ts';
import { randomFrom, seed } from '../support/random.ts';
import { path, scratchFolder } from '../support/scratch.ts';
import { localPath, Watch } from '../tui/engine/bench.ts';

type Direction = JobOrder['direction'];

const bytes = seededBytes(10_000_000, 61);
const theirs = seededBytes(10_000_000, 62);
const older = Buffer.from('an older version');
const slow = { bytesPerSecond: 30_000_000, slices: 60_000 };
/** By then the file has begun and is far from its end. */
const midwayBytes = 3_000_000;

describe('while a file is on its way', { concurrency: 4 }, () => {
  const home = scratchFolder({ after });
  const share = join(home, 'share');
  const own = join(home, 'own');
  const random = randomFrom(seed);
  let server: Server;
  let where: Where;
  let count = 0;
  before(async () => {
    mkdirSync(share);
    mkdirSync(own);
    server = await startServer(share);
    where = whereIs(server);
  });
  after(async () => {
    const left = (): readonly string[] => [
      ...partialsIn(share).names,
      ...heldFiles(server.child.pid ?? 0, share),
      ...heldFiles(process.pid, own),
    ];
    await eventually('nothing left', () => left().length === 0).catch(() => {});
    const found = left();
    await server.stop();
    assert.deepEqual(found, []);
    assert.ok(named > 5, `${named} changes were seen`);
  });

  /** A folder on each side for one test, and content that the server has from no other. */
  function placeFor(direction: Direction) {
    const content = Buffer.from(bytes);
    content.writeUInt32BE(count);
    const name = `${count++}`;
    const [from, to] = direction === 'download' ? [share, own] : [own, share];
    const place = { from: join(from, name, 'from'), to: join(to, name, 'to') };
    mkdirSync(place.from, { recursive: true });
    mkdirSync(place.to, { recursive: true });
    const order = (source: string, target: string, more: Partial<JobOrder> = {}): JobOrder => {
      const remote = path(`${name}/${direction === 'download' ? `from/${source}` : `to/${target}`}`);
      const local = direction === 'download' ? localPath(place.to, target) : localPath(place.from, source);
      return {
        direction,
        source: direction === 'download' ? remote : local,
        target: direction === 'download' ? local : remote,
        kind: EntryKind.file,
        existing: 'fail',
        ...more,
      };
    };
    return { ...place, order, content };
  }

  /** Over a slow line; `change` comes when some of it has gone over. */
  async function midway(order: JobOrder, change: () => void | Promise<void>): Promise<Job> {
    const proxy = await startFaultProxy({ port: where.port, random, plan: () => ({ up: slow, down: slow }) });
    const moved = (): number => (order.direction === 'download' ? proxy.bytes.down : proxy.bytes.up);
    try {
      return await runErrand(engineFor({ ...where, port: proxy.port }, join(home, 'device.key')), order, {
        meanwhile: async (job) => {
          while (moved() < midwayBytes && !isOver(job()?.phase ?? 'waiting')) await rest(2);
          await change();
        },
      });
    } finally {
      await proxy.close();
    }
  }

  const codeOf = ({ error }: Job): string | undefined => error && codeName(error[0]);

  /** Changes of a source that were named. */
  let named = 0;

  for (const direction of ['download', 'upload'] as const) {
    const id = direction === 'download' ? 'XFER-07' : 'XFER-06';
    for (const [what, change] of [
      ['grows', (file) => appendFileSync(file, 'more')],
      ['shrinks', (file) => truncateSync(file, bytes.length / 2)],
      ['is emptied', (file) => truncateSync(file, 0)],
      [
        'is rewritten, its time restored',
        (file) => {
          const { atimeMs, mtimeMs } = statSync(file);
          writeFileSync(file, theirs);
          utimesSync(file, atimeMs / 1000, mtimeMs / 1000);
        },
      ],
      [
        'is replaced by another',
        (file) => {
          writeFileSync(`${file}.new`, theirs);
          renameSync(`${file}.new`, file);
        },
      ],
      ['is deleted', (file) => rmSync(file)],
    ] as const satisfies readonly (readonly [string, (file: string) => void])[])
      test(`${direction}: the source ${what}: the target is as it was (${id})`, async () => {
        const { from, to, order, content } = placeFor(direction);
        writeFileSync(join(from, 'file'), content);
        writeFileSync(join(to, 'file'), older);
        const job = await midway(order('file', 'file', { existing: 'overwrite' }), () =>
          change(join(from, 'file')),
        );
        // All of it may have been on its way already, as it was.
        if (job.phase === 'done') {
          assert.ok(readFileSync(join(to, 'file')).equals(content));
          return;
        }
        assert.equal(job.phase, 'failed');
        named += 1;
        const codes: readonly (string | undefined)[] =
          what === 'is deleted' ? ['SOURCE_CHANGED', 'NOT_FOUND'] : ['SOURCE_CHANGED'];
        assert.ok(codes.includes(codeOf(job)), JSON.stringify(job.error));
        assert.deepEqual(readdirSync(to), ['file']);
        assert.ok(readFileSync(join(to, 'file')).equals(older));
      });

    test(`${direction}: somebody takes the name: EXISTS, and theirs stays (XFER-15)`, async () => {
      const { from, to, order, content } = placeFor(direction);
      writeFileSync(join(from, 'file'), content);
      const job = await midway(order('file', 'file'), () => writeFileSync(join(to, 'file'), theirs));
      assert.equal(codeOf(job), 'EXISTS');
      assert.ok(readFileSync(join(to, 'file')).equals(theirs));
      // With the name free again it goes on with what is there.
      rmSync(join(to, 'file'));
      const again = await midway(order('file', 'file'), () => {});
      assert.equal(again.phase, 'done');
      assert.ok(readFileSync(join(to, 'file')).equals(content));
    });

    for (const [what, change] of [
      ['replaces', (file: string) => writeFileSync(`${file}.new`, theirs)],
      ['rewrites', (file: string) => writeFileSync(file, theirs)],
    ] as const)
      test(`${direction}: somebody ${what} what is to be replaced: CONFLICT, and theirs stays (XFER-14)`, async () => {
        const { from, to, order, content } = placeFor(direction);
        writeFileSync(join(from, 'file'), content);
        writeFileSync(join(to, 'file'), older);
        const file = join(to, 'file');
        const job = await midway(order('file', 'file', { existing: 'overwrite' }), () => {
          change(file);
          if (existsSync(`${file}.new`)) renameSync(`${file}.new`, file);
        });
        assert.equal(codeOf(job), 'CONFLICT', JSON.stringify(job.error));
        assert.ok(readFileSync(file).equals(theirs));
        rmSync(file);
        assert.equal((await midway(order('file', 'file'), () => {})).phase, 'done');
      });

    for (const [what, change] of [
      ['deleted', (folder) => rmSync(folder, { recursive: true })],
      ['moved away', (folder) => renameSync(folder, `${folder}-away`)],
    ] as const satisfies readonly (readonly [string, (folder: string) => void])[])
      test(`${direction}: the target’s folder is ${what}: one error, and nothing is written elsewhere (XFER-31)`, async () => {
        const { from, to, order, content } = placeFor(direction);
        mkdirSync(join(from, 'tree'));
        writeFileSync(join(from, 'tree/large'), content);
        const job = await midway(order('tree', 'tree', { kind: EntryKind.folder }), () =>
          change(join(to, 'tree')),
        );
        assert.equal(job.phase, 'failed');
        assert.deepEqual(
          job.failures.map(({ error: [code] }) => codeName(code)),
          ['NOT_FOUND'],
        );
        for (const name of readdirSync(to))
          if (name !== '.ferry') assert.deepEqual(readdirSync(join(to, name)), [], name);
        mkdirSync(join(to, 'tree'), { recursive: true });
        const again = await midway(order('tree', 'tree', { kind: EntryKind.folder }), () => {});
        assert.equal(again.phase, 'done', JSON.stringify(again.error));
        assert.ok(readFileSync(join(to, 'tree/large')).equals(content));
      });

    test(`${direction}: a part of the source’s tree is deleted: the rest arrives, and each that is missing is named (XFER-31)`, async () => {
      const { from, to, order } = placeFor(direction);
      for (const folder of ['first', 'second']) {
        mkdirSync(join(from, 'tree', folder), { recursive: true });
        for (let i = 0; i < 40; i++)
          writeFileSync(join(from, 'tree', folder, `${i}`), seededBytes(200_000, i + 1));
      }
      const job = await midway(order('tree', 'tree', { kind: EntryKind.folder }), () =>
        rmSync(join(from, 'tree/second'), { recursive: true }),
      );
      assert.equal(job.phase, 'failed');
      for (const { source, error } of job.failures) {
        assert.ok(source.includes('second' as never), source.join('/'));
        assert.ok(['NOT_FOUND', 'SOURCE_CHANGED'].includes(codeName(error[0])), error[1]);
      }
      for (let i = 0; i < 40; i++)
        assert.ok(readFileSync(join(to, 'tree/first', `${i}`)).equals(seededBytes(200_000, i + 1)), `${i}`);
    });

    for (const size of [0, 20_000, 2_000_000, 10_000_000])
      test(`${direction}: ${size} bytes are queued twice for one name: they are there once (XFER-17)`, async () => {
        const { from, to, order, content } = placeFor(direction);
        const sent = content.subarray(0, size);
        writeFileSync(join(from, 'file'), sent);
        const engine = engineFor(where, join(home, 'device.key'));
        try {
          const watch = new Watch(engine);
          const ids = await engine.submit(Array.from({ length: 3 }, () => order('file', 'file')));
          const jobs = await Promise.all(ids.map((id) => watch.over(id)));
          assert.ok(
            jobs.some(({ phase }) => phase === 'done'),
            JSON.stringify(jobs.map(({ error }) => error)),
          );
          for (const job of jobs) if (job.phase !== 'done') assert.equal(codeOf(job), 'EXISTS');
        } finally {
          await engine.close();
        }
        // Of a large one that came too late there may be a part, to be put elsewhere.
        assert.deepEqual(
          readdirSync(to).filter((name) => name !== '.ferry'),
          ['file'],
        );
        assert.ok(readFileSync(join(to, 'file')).equals(sent));
      });
  }

  for (const existing of ['fail', 'overwrite'] as const)
    test(`several clients send different files to one name, as ${existing}: one of them is there (XFER-16)`, async () => {
      for (const size of [5, 30_000, 3_000_000, 9_500_000]) {
        const contents = Array.from({ length: 4 }, (_, i) => seededBytes(size, 70 + i));
        const { from, to, order } = placeFor('upload');
        for (const [i, bytes] of contents.entries()) writeFileSync(join(from, `${i}`), bytes);
        const jobs = await Promise.all(
          contents.map((_, i) =>
            runErrand(engineFor(where, join(home, 'device.key')), order(`${i}`, 'file', { existing })),
          ),
        );
        const winners = jobs.flatMap(({ phase }, i) => (phase === 'done' ? [i] : []));
        assert.ok(existing === 'fail' ? winners.length === 1 : winners.length > 0, `${winners.length} won`);
        for (const job of jobs)
          if (job.phase !== 'done')
            assert.equal(codeOf(job), existing === 'fail' ? 'EXISTS' : 'CONFLICT', JSON.stringify(job.error));
        const there = readFileSync(join(to, 'file'));
        assert.ok(
          winners.some((i) => contents[i]?.equals(there)),
          'the file of one who was told that it is done',
        );
        assert.equal(dirname(join(to, 'file')), to);
      }
    });
});
