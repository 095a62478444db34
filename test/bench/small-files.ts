/**
 * 10,000 small files over loopback, on a disk and durable, beside rsync over ssh, which leaves them to the page cache. Nothing is
 * removed between rounds: ext4 is slow for some seconds to use names of removed files again, whoever creates new ones.
 */

import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ferryMain, startFerry } from './ferry.ts';
import { type Bench, has, must, pair, type Row } from './measure.ts';
import { startSshd } from './sshd.ts';

const files = 10_000;
const perFolder = 500;
const rounds = 3;

export const smallFiles: Bench = {
  name: 'small-files',
  run: async () => {
    const home = mkdtempSync(join(tmpdir(), 'ferry-bench-'));
    const [shared, local] = [join(home, 'shared'), join(home, 'local')];
    for (let i = 0; i < files; i++) {
      const folder = join(shared, 'src', `d${Math.floor(i / perFolder)}`);
      if (i % perFolder === 0) mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `${i}`), randomBytes(4096));
    }
    mkdirSync(local);
    await must('cp', ['-r', join(shared, 'src'), join(local, 'src')]);
    await must('sync', []);
    const ferry = await startFerry(shared);
    const sshd = (await has('rsync')) ? await startSshd() : undefined;
    const ssh = `ssh -p ${sshd?.port} -i ${sshd?.identity} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR`;
    let count = 0;
    const fresh = (): string => {
      count += 1;
      return String(count);
    };
    const timed = async (program: string, args: readonly string[], env = process.env): Promise<number> => {
      const { seconds } = await must(program, args, env);
      await must('sync', []);
      return seconds;
    };
    const ours = (...args: readonly string[]): Promise<number> =>
      timed(process.execPath, [ferryMain, ...args, '-r', '--accept-new'], ferry.env);
    const rsync = (from: string, to: string): Promise<number> => timed('rsync', ['-r', '-e', ssh, from, to]);
    const rows: Row[] = [];
    const row = (what: string, mine: number, peer: number | undefined): void => {
      rows.push({
        what,
        ours: `${mine.toFixed(2)} s`,
        peer: peer === undefined ? 'rsync or sshd not installed' : `rsync ${peer.toFixed(2)} s`,
        ratio: peer === undefined ? '' : (mine / peer).toFixed(2),
        goal: '≤ 1.2',
      });
    };
    try {
      const up = await pair(
        () => ours('put', join(local, 'src'), `${ferry.address}/up${fresh()}`),
        sshd && (() => rsync(join(local, 'src'), sshd.target(join(shared, `up${fresh()}`)))),
        rounds,
      );
      row('10,000 × 4 KiB up', up.ours, up.peer);
      await must('diff', ['-r', join(local, 'src'), join(shared, 'up1')]);
      const down = await pair(
        () => ours('get', `${ferry.address}/src`, join(local, `down${fresh()}`)),
        sshd && (() => rsync(sshd.target(join(shared, 'src')), join(local, `down${fresh()}`))),
        rounds,
      );
      row('10,000 × 4 KiB down', down.ours, down.peer);
    } finally {
      await ferry.stop();
      sshd?.stop();
      rmSync(home, { recursive: true, force: true });
    }
    return rows;
  },
};
