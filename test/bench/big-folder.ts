/**
 * A remote folder of 1,000,000 entries: how soon its first rows are there, and all of them in order; what it takes of memory, how
 * long keys wait meanwhile; and what the browser takes of the processor when nothing happens and when eight downloads run.
 */

import { closeSync, linkSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { randomFrom, seed } from '../support/random.ts';
import { ferryMain, startFerry } from './ferry.ts';
import { keylag } from './keylag.ts';
import { type Bench, ms, type Row } from './measure.ts';
import { writeNoise } from './noise.ts';

const entries = 1_000_000;
const downloads = 8;
const downloadBytes = 1.5 * 1024 ** 3;
/** Comes first in the order; made first, it is among the last that the folder tells of. */
const first = 'AAA-whole';

function shuffled(count: number): Uint32Array {
  const random = randomFrom(seed);
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random(i + 1);
    const kept = order[i] ?? 0;
    order[i] = order[j] ?? 0;
    order[j] = kept;
  }
  return order;
}

export const bigFolder: Bench = {
  name: 'big-folder',
  run: async () => {
    const folder = mkdtempSync('/dev/shm/ferry-bench-');
    const shared = join(folder, 'shared');
    const local = join(folder, 'local');
    const many = join(shared, 'many');
    const large = join(shared, 'large');
    for (const one of [many, large, local]) mkdirSync(one, { recursive: true });
    closeSync(openSync(join(many, first), 'w'));
    for (const i of shuffled(entries - 1))
      closeSync(openSync(join(many, `entry-${String(i).padStart(6, '0')}.txt`), 'w'));
    writeNoise(join(folder, 'noise'), downloadBytes);
    for (let i = 1; i <= downloads; i++) linkSync(join(folder, 'noise'), join(large, `noise-${i}.bin`));
    const ferry = await startFerry(shared);
    const rows: Row[] = [];
    const row = (what: string, ours: string, goal: string): void => {
      rows.push({ what, ours, peer: '', ratio: '', goal });
    };
    const browser = (where: string): string[] => [
      process.execPath,
      ferryMain,
      `${ferry.address}/${where}`,
      local,
      '--accept-new',
    ];
    try {
      const { env } = ferry;
      const empty = await keylag(browser(''), { ready: 'many/', keys: 'down:1', env, watch: 10 });
      row('browser with nothing to do, all threads', `${empty.cpu_percent?.all} %`, '≤ 1 %');
      const early = await keylag(browser('many'), { ready: 'entry-', keys: 'down:150', env });
      row(
        `first rows of ${entries}, after those of a small folder`,
        ms((early.start_ms - empty.start_ms) / 1000),
        '≤ 300 ms',
      );
      const keys = early.keys['down']?.last_ms;
      row('a key while they come, p50 and p99', `${keys?.p50} ms, ${keys?.p99} ms`, '');
      const whole = await keylag(browser('many'), { ready: first, keys: 'end:1,home:1', env });
      row(
        `all ${entries} in order, from the start of the browser`,
        ms(whole.start_ms / 1000),
        '≤ 6 s after the start',
      );
      row(
        'what that took of the processor: screen, whole browser',
        `${whole.cpu_at_ready_s.first_thread} s, ${whole.cpu_at_ready_s.all} s`,
        '',
      );
      row('the most memory that it took', `${whole.peak_mib} MiB`, '≤ 400 MiB');
      const moving = await keylag(browser('large'), {
        ready: 'noise-8.bin',
        keys: `space:${downloads},f5:1`,
        env,
        watch: 8,
      });
      row(
        `screen thread, ${downloads} downloads`,
        `${moving.cpu_percent?.first_thread} % of a core`,
        '≤ 15 %',
      );
    } finally {
      await ferry.stop();
      rmSync(folder, { recursive: true, force: true });
    }
    return rows;
  },
};
