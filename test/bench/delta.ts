/** A 1 GiB file that is there in an older version, with 1 MiB put in front of it since: bytes that travel to bring it up to date. */

import { randomBytes, randomFillSync } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { countingProxy } from '../support/counting-proxy.ts';
import { ferryMain, startFerry } from './ferry.ts';
import { type Bench, must, type Row } from './measure.ts';

const MiB = 1024 * 1024;
const pieces = 64;

/** 1 GiB that is the same each time, after `front`. */
function write(path: string, seed: Buffer, front: Buffer): void {
  const fd = openSync(path, 'w');
  writeSync(fd, front);
  const piece = Buffer.from(seed);
  for (let i = 0; i < pieces; i++) {
    piece.writeUInt32BE(i, 0);
    for (let at = 4096; at < piece.length; at += 4096) piece.writeUInt32BE(i * 7919 + at, at);
    writeSync(fd, piece);
  }
  closeSync(fd);
}

export const delta: Bench = {
  name: 'delta',
  run: async () => {
    const folder = mkdtempSync('/dev/shm/ferry-bench-');
    const [shared, local] = [join(folder, 'shared'), join(folder, 'local')];
    mkdirSync(shared);
    mkdirSync(local);
    const seed = randomFillSync(Buffer.alloc(16 * MiB));
    write(join(shared, 'up'), seed, Buffer.alloc(0));
    write(join(local, 'up'), seed, randomBytes(MiB));
    const ferry = await startFerry(shared);
    const ends: (() => void)[] = [];
    const proxy = await countingProxy(
      { after: (end) => void ends.push(end) },
      Number(/:(\d+)$/.exec(ferry.address)?.[1]),
    );
    const address = `ferry://127.0.0.1:${proxy.port}`;
    const rows: Row[] = [];
    const row = async (what: string, ...args: readonly string[]): Promise<void> => {
      const before = proxy.bytes();
      const command = [ferryMain, ...args, '--overwrite', '--accept-new'];
      const { seconds } = await must(process.execPath, command, ferry.env);
      const travelled = (proxy.bytes() - before) / MiB;
      const ours = `${travelled.toFixed(2)} MiB in ${seconds.toFixed(1)} s`;
      rows.push({
        what: `1 GiB with 1 MiB put in front, ${what}`,
        ours,
        peer: '',
        ratio: '',
        goal: '≤ 8 MiB',
      });
    };
    try {
      await row('up', 'put', join(local, 'up'), `${address}/up`);
      await must('cmp', [join(local, 'up'), join(shared, 'up')]);
      write(join(local, 'down'), seed, Buffer.alloc(0));
      await must('cp', [join(shared, 'up'), join(shared, 'down')]);
      await row('down', 'get', `${address}/down`, join(local, 'down'));
      await must('cmp', [join(local, 'down'), join(shared, 'down')]);
    } finally {
      await ferry.stop();
      for (const end of ends) end();
      rmSync(folder, { recursive: true, force: true });
    }
    return rows;
  },
};
