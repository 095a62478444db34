/**
 * Limits against what really goes over the line: one job over loopback through a proxy that counts, each way and at several
 * rates, per window of ten seconds after the first two; and how much still comes a second after a pause.
 */

import { randomFillSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { EntryKind, type Path, pathFromText } from '@ferry/protocol';
import { parseFingerprint } from '@ferry/protocol/session';
import { EngineCore } from '../../packages/tui/src/engine/engine-core.ts';
import type { Direction } from '../../packages/tui/src/engine/job.ts';
import { countingProxy } from '../support/counting-proxy.ts';
import { startFerry } from './ferry.ts';
import type { Bench, Row } from './measure.ts';

const kB = 1000;
const MB = 1000 * kB;
const rates = [64 * kB, 512 * kB, 5 * MB];
const windowMs = 10_000;
const settleMs = 2000;
const windows = 2;

function shown(bytesPerSecond: number): string {
  return bytesPerSecond < MB
    ? `${(bytesPerSecond / kB).toFixed(1)} kB/s`
    : `${(bytesPerSecond / MB).toFixed(2)} MB/s`;
}

/** The bytes of every window, at whatever hundred milliseconds it begins; the lowest and the highest, per second. */
async function watched(bytes: () => number): Promise<readonly [low: number, high: number]> {
  const samples: [ms: number, bytes: number][] = [];
  const began = performance.now();
  while (performance.now() - began < windows * windowMs) {
    samples.push([performance.now(), bytes()]);
    await rest(100);
  }
  const seen = samples.flatMap(([ms, from]) => {
    const end = samples.find(([later]) => later - ms >= windowMs);
    return end === undefined ? [] : [((end[1] - from) * 1000) / (end[0] - ms)];
  });
  return [Math.min(...seen), Math.max(...seen)];
}

export const limits: Bench = {
  name: 'limits',
  run: async () => {
    const home = mkdtempSync(join(tmpdir(), 'ferry-bench-'));
    const shared = join(home, 'shared');
    const local = join(home, 'local');
    for (const folder of [shared, local]) mkdirSync(folder);
    const content = randomFillSync(Buffer.alloc(192 * 1024 * 1024));
    for (const folder of [shared, local]) writeFileSync(join(folder, 'big'), content);
    const ferry = await startFerry(shared);
    const ends: (() => void)[] = [];
    const after = (end: () => void): void => {
      ends.push(end);
    };
    const rows: Row[] = [];
    try {
      const proxy = await countingProxy({ after }, Number(new URL(ferry.address).port));
      const fingerprint = parseFingerprint(ferry.fingerprint);
      if (fingerprint === undefined) throw new Error('ferryd told no fingerprint');
      const engine = new EngineCore({
        address: { host: '127.0.0.1', port: proxy.port },
        fingerprint,
        token: undefined,
        deviceKeyFile: join(home, 'device.key'),
        client: 'bench',
        attempts: { first: 1, laterMs: 5000 },
      });
      after(() => void engine.close());
      const here = (name: string): Path => pathFromText(`${local.slice(1)}/${name}`);
      let jobs = 0;
      const submit = async (direction: Direction): Promise<number> => {
        jobs += 1;
        const [there, mine] = [pathFromText(`copy${jobs}`), here(`copy${jobs}`)];
        const way = direction === 'upload' ? [here('big'), there] : [pathFromText('big'), mine];
        const [source = [], target = []] = way;
        const [id = 0] = await engine.submit([
          { direction, source, target, kind: EntryKind.file, existing: 'fail' },
        ]);
        return id;
      };
      for (const direction of ['download', 'upload'] as const) {
        for (const rate of rates) {
          engine.setLimits({ up: rate, down: rate });
          const id = await submit(direction);
          await rest(settleMs);
          const [low, high] = await watched(proxy.bytes);
          const off = Math.max(Math.abs(low / rate - 1), Math.abs(high / rate - 1));
          engine.act('pause', [id]);
          await rest(1000);
          const atPause = proxy.bytes();
          await rest(2000);
          rows.push({
            what: `${direction} at ${shown(rate)}, any 10 s`,
            ours: `${shown(low)} … ${shown(high)}`,
            peer: `${proxy.bytes() - atPause} B from 1 s after a pause on`,
            ratio: `${(off * 100).toFixed(1)} %`,
            goal: '≤ 5 %, 0 B',
          });
          engine.act('cancel', [id]);
          await rest(500);
        }
      }
    } finally {
      for (const end of ends.reverse()) end();
      await ferry.stop();
      rmSync(home, { recursive: true, force: true });
    }
    return rows;
  },
};
