/**
 * Lines that are cut, end, stand still or flip a bit, in the handshake, the login, among the blocks and between a commit and its
 * answer: every file arrives whole and once all the same, and nothing is left (XFER-01, XFER-17, XFER-25, XFER-29).
 */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { EntryKind, limits } from '@ferry/protocol';
import type { JobOrder } from '../../packages/tui/src/engine/job.ts';
import { type Server, startServer } from '../e2e/server.ts';
import { eventually } from '../e2e/terminal.ts';
import { assertArrived, type Cargo, stow } from '../support/cargo.ts';
import { seededBytes } from '../support/content.ts';
import { type Fault, type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { heldFiles } from '../support/held-files.ts';
import { engineFor, runErrand, type Where, whereIs } from '../support/one-errand.ts';
import { partialsIn } from '../support/partials.ts';
import { randomFrom, runs, seed } from '../support/random.ts';
import { path, scratchFolder } from '../support/scratch.ts';
import { localPath } from '../tui/engine/bench.ts';

type Shape = { readonly what: string; readonly files: Cargo; readonly older?: Cargo };

const one = (content: Buffer): Cargo => new Map([['box/file', content]]);
const large = seededBytes(9_300_000, 4);
const shapes: readonly Shape[] = [
  { what: 'an empty file', files: one(Buffer.alloc(0)) },
  { what: 'a small file', files: one(seededBytes(40_000, 1)) },
  { what: 'a block and a byte', files: one(seededBytes(limits.blockBytes + 1, 2)) },
  {
    what: 'many small files',
    files: new Map(Array.from({ length: 20 }, (_, i) => [`box/${i}`, seededBytes(500 * i, i + 1)])),
  },
  { what: 'a large file', files: one(large) },
  {
    what: 'what a large file has new',
    files: one(large),
    older: one(Buffer.concat([large.subarray(0, 4_000_000), seededBytes(9, 3), large.subarray(4_001_000)])),
  },
];

/** Rounds that go on at once: most of each is waiting for another attempt. */
const atOnce = 8;

type Place = { readonly connection: number; readonly way: 'up' | 'down'; readonly at: number };

describe('a line that fails', { concurrency: true }, () => {
  for (const direction of ['download', 'upload'] as const)
    describe(direction, { concurrency: 1 }, () => overALine(direction));
});

function overALine(direction: JobOrder['direction']): void {
  const home = scratchFolder({ after });
  const share = join(home, 'share');
  const own = join(home, 'own');
  const random = randomFrom(seed + direction.length);
  let server: Server;
  let where: Where;
  let rounds = 0;
  before(async () => {
    mkdirSync(share);
    mkdirSync(own);
    server = await startServer(share, { threads: 2 });
    where = whereIs(server);
  });
  after(() => server.stop());

  /** Moves it over a line of its own with these faults. */
  async function round(
    { what, files, older }: Shape,
    faults: readonly (Place & { fault: Fault })[],
  ): Promise<FaultProxy> {
    const name = `round-${rounds++}`;
    const from = join(direction === 'download' ? share : own, `${name}-from`);
    const to = join(direction === 'download' ? own : share, `${name}-to`);
    stow(from, files, 1_700_000_000);
    stow(to, older ?? new Map(), 1_600_000_000);
    const proxy = await startFaultProxy({
      port: where.port,
      random,
      plan: (connection) => {
        const of = (way: Place['way']): Fault[] =>
          faults.flatMap((one) => (one.connection === connection && one.way === way ? [one.fault] : []));
        return { up: { faults: of('up') }, down: { faults: of('down') } };
      },
    });
    const remote = path(direction === 'download' ? `${name}-from/box` : `${name}-to/box`);
    const local = localPath(direction === 'download' ? to : from, 'box');
    const hint = `${what}, ${direction}, ${JSON.stringify(faults)} (seed ${seed})`;
    try {
      const engine = engineFor({ ...where, port: proxy.port }, join(own, 'device.key'));
      const job = await runErrand(engine, {
        direction,
        source: direction === 'download' ? remote : local,
        target: direction === 'download' ? local : remote,
        kind: EntryKind.folder,
        existing: older === undefined ? 'fail' : 'overwrite',
      });
      assert.equal(job.phase, 'done', `${hint}: ${JSON.stringify([job.error, job.failures])}`);
      assert.deepEqual([job.doneFiles, job.failedFiles, job.skippedFiles], [files.size, 0, 0], hint);
      assertArrived(from, to, files, hint);
      assert.ok(!existsSync(join(to, '.ferry')), hint);
    } finally {
      await proxy.close();
      rmSync(from, { recursive: true });
      rmSync(to, { recursive: true });
    }
    return proxy;
  }

  /** A place on one of the connections of a round without faults. */
  function somePlace({ each }: FaultProxy, connection = random(each.length)): Place {
    const way = random(2) === 0 ? 'up' : 'down';
    const bytes = each[connection]?.[way] ?? 0;
    // Half of them where the connection begins or ends: there the words are, between them the blocks.
    const at = [
      random(bytes),
      random(bytes),
      random(Math.min(bytes, 4000)),
      bytes - 1 - random(Math.min(bytes, 300)),
    ];
    return { connection, way, at: Math.max(0, at[random(at.length)] ?? 0) };
  }

  function someFault(at: number): Fault {
    // In a soak now and then longer than anybody waits for a block.
    const ms = runs(1) > 1 && random(50) === 0 ? 20_000 : 1 + random(300);
    const kinds: readonly Fault[] = [
      { kind: 'reset', at },
      { kind: 'end', at },
      { kind: 'flip', at, bit: random(8) },
      { kind: 'stall', at, ms },
    ];
    return kinds[random(kinds.length)] ?? { kind: 'reset', at };
  }

  /** Some at once; one that fails stops no other. */
  async function all(steps: readonly (() => Promise<void>)[]): Promise<void> {
    const next = steps.values();
    const failures: unknown[] = [];
    const work = async (): Promise<void> => {
      for (const step of next) await step().catch((error: unknown) => failures.push(error));
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    if (failures.length > 0) throw failures[0];
  }

  async function nothingIsLeft(): Promise<void> {
    const left = (): readonly string[] => [
      ...partialsIn(share).names,
      ...heldFiles(server.child.pid ?? 0, share),
      ...heldFiles(process.pid, own),
    ];
    await eventually('nothing left', () => left().length === 0).catch(() => {});
    assert.deepEqual(left(), []);
  }

  test('cut, ended, stalled, a bit flipped anywhere (XFER-01, XFER-25, XFER-29)', async (t) => {
    const happened = { reset: 0, end: 0, stall: 0, flip: 0 };
    const steps: (() => Promise<void>)[] = [];
    for (const shape of shapes) {
      const clean = await round(shape, []);
      for (let i = 0; i < runs(6); i++)
        steps.push(async () => {
          const faults = Array.from({ length: 1 + random(3) }, () => {
            const place = somePlace(clean);
            return { ...place, fault: someFault(place.at) };
          });
          const proxy = await round(shape, faults);
          for (const kind of Object.keys(happened) as Fault['kind'][]) happened[kind] += proxy.happened[kind];
        });
    }
    await all(steps);
    await nothingIsLeft();
    t.diagnostic(
      `count: ${direction}: ${steps.length} rounds with ${happened.reset} resets, ${happened.end} ends, ${happened.stall} stalls and ${happened.flip} flipped bits: all arrived whole and once (seed ${seed})`,
    );
  });

  test('cut right before the last answers are heard: nothing is there twice, nothing is missing (XFER-17)', async (t) => {
    const steps: (() => Promise<void>)[] = [];
    for (const shape of shapes) {
      const clean = await round(shape, []);
      for (let i = 0; i < runs(3); i++)
        steps.push(async () => {
          const connection = 1 + random(clean.each.length - 1);
          const at = Math.max(0, (clean.each[connection]?.down ?? 0) - 1 - random(60));
          await round(shape, [{ connection, way: 'down', at, fault: { kind: 'reset', at } }]);
        });
    }
    await all(steps);
    await nothingIsLeft();
    t.diagnostic(`count: ${direction}: ${steps.length} answers lost, every file there once (seed ${seed})`);
  });
}
