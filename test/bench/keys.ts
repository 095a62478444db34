/**
 * A key in a 100,000-entry remote folder while eight downloads run, to the last byte on the terminal; beside Midnight
 * Commander in the same folder with nothing else running.
 */

import { linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ferryMain, startFerry } from './ferry.ts';
import { keylag } from './keylag.ts';
import { type Bench, has, type Row } from './measure.ts';
import { writeNoise } from './noise.ts';

const entries = 100_000;
const downloads = 8;
const presses = 300;

/** Large enough to outlast the key presses, small enough for this machine's memory. */
function downloadBytes(): number {
  const availableKiB = Number(/MemAvailable:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0);
  return Math.min(1.75 * 1024 ** 3, (availableKiB * 1024) / 2 / downloads);
}

export const keys: Bench = {
  name: 'keys',
  run: async () => {
    const folder = mkdtempSync('/dev/shm/ferry-bench-');
    const shared = join(folder, 'shared');
    const local = join(folder, 'local');
    const many = join(shared, 'many');
    mkdirSync(many, { recursive: true });
    mkdirSync(local);
    for (let i = 0; i < entries; i++)
      writeFileSync(join(many, `entry-${String(i).padStart(6, '0')}.txt`), '');
    writeNoise(join(folder, 'noise'), downloadBytes());
    for (let i = 1; i <= downloads; i++) linkSync(join(folder, 'noise'), join(shared, `noise-${i}.bin`));
    const ferry = await startFerry(shared);
    const rows: Row[] = [];
    try {
      const browser = [process.execPath, ferryMain, ferry.address, local, '--accept-new'];
      // Marks the eight files below the folder, queues them, enters the folder, lets it load, and then measures.
      const story = `down:1,space:${downloads},f5:1,home:1,enter:1,end:5,home:1,pagedown:20,down:${presses}`;
      const steps = (await keylag(browser, { ready: 'noise-8.bin', keys: story, env: ferry.env })).keys[
        'down'
      ];
      const ours = steps?.last_ms;
      // The figure says nothing if what it was measured beside had ended by then.
      const whole = readdirSync(local).filter((name) => name.startsWith('noise')).length;
      const beside =
        whole < downloads
          ? `${downloads - whole} of ${downloads} still moving at the end`
          : 'DOWNLOADS HAD ENDED';
      const mc = (await has('mc'))
        ? (await keylag(['mc', many, local], { ready: 'entry-00000', keys: `pagedown:20,down:${presses}` }))
            .keys['down']
        : undefined;
      for (const [quantile, goal] of [
        ['p50', '≤ 2 ms'],
        ['p99', '≤ 10 ms'],
      ] as const) {
        rows.push({
          what: `key among 100,000 entries, ${downloads} downloads (${beside}), ${quantile}`,
          ours: `${ours?.[quantile]} ms`,
          peer: mc === undefined ? 'mc not installed' : `mc (idle) ${mc.last_ms[quantile]} ms`,
          ratio:
            mc === undefined || ours === undefined ? '' : (mc.last_ms[quantile] / ours[quantile]).toFixed(2),
          goal,
        });
      }
      rows.push({
        what: 'bytes to the terminal for it, p50; each step scrolls',
        ours: `${steps?.bytes_p50}`,
        peer: mc === undefined ? 'mc not installed' : `mc ${mc.bytes_p50}`,
        ratio: '',
        goal: '≤ 1500',
      });
    } finally {
      await ferry.stop();
      rmSync(folder, { recursive: true, force: true });
    }
    return rows;
  },
};
