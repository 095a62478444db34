/**
 * One 2 GiB file down and up, memory to memory over loopback, beside scp with its default cipher, curl over HTTPS from nginx,
 * and cp.
 */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ferryMain, startFerry } from './ferry.ts';
import { type Bench, has, mbps, must, pair, type Row } from './measure.ts';
import { startNginx } from './nginx.ts';
import { writeNoise } from './noise.ts';
import { startSshd } from './sshd.ts';

const size = 2 * 1024 ** 3;
const rounds = 5;

export const bigFile: Bench = {
  name: 'big-file',
  run: async () => {
    const folder = mkdtempSync('/dev/shm/ferry-bench-');
    const shared = join(folder, 'shared');
    const local = join(folder, 'local');
    mkdirSync(shared);
    mkdirSync(local);
    writeNoise(join(shared, 'big'), size);
    const ferry = await startFerry(shared);
    const sshd = await startSshd();
    const nginx = (await has('curl')) ? await startNginx(shared) : undefined;
    const out = join(local, 'big');
    const up = join(shared, 'up');
    const timed = async (
      target: string,
      command: string,
      args: readonly string[],
      env?: NodeJS.ProcessEnv,
    ): Promise<number> => {
      rmSync(target, { force: true });
      const { seconds, peakMiB } = await must(command, args, env);
      if (env !== undefined) clientPeak = Math.max(clientPeak, peakMiB);
      return seconds;
    };
    let clientPeak = 0;
    const ours = (target: string, ...args: readonly string[]): Promise<number> =>
      timed(target, process.execPath, [ferryMain, ...args, '--accept-new'], ferry.env);
    const rows: Row[] = [];
    try {
      const scp = (target: string, from: string, to: string): (() => Promise<number>) | undefined =>
        sshd === undefined ? undefined : () => timed(target, 'scp', ['-q', ...sshd.options, from, to]);
      const row = (
        what: string,
        peerName: string,
        seconds: { ours: number; peer: number | undefined },
        goal: string,
      ): void => {
        const { ours: mine, peer } = seconds;
        rows.push({
          what,
          ours: mbps(size, mine),
          peer: peer === undefined ? `${peerName} not installed` : `${peerName} ${mbps(size, peer)}`,
          ratio: peer === undefined ? '' : (peer / mine).toFixed(2),
          goal,
        });
      };
      const down = await pair(
        () => ours(out, 'get', `${ferry.address}/big`, local),
        scp(out, sshd?.target(join(shared, 'big')) ?? '', out),
        rounds,
      );
      row('2 GiB down', 'scp', down, '≥ 2');
      const curl = await pair(
        () => ours(out, 'get', `${ferry.address}/big`, local),
        nginx && (() => timed(out, 'curl', ['-sk', '-o', out, nginx.url('big')])),
        rounds,
      );
      row('2 GiB down', 'nginx and curl', curl, '≥ 1.3');
      const copy = await pair(
        () => ours(out, 'get', `${ferry.address}/big`, local),
        () => timed(out, 'cp', [join(shared, 'big'), out]),
        rounds,
      );
      row('2 GiB down', 'cp', copy, '≥ 0.7');
      const upward = await pair(
        () => ours(up, 'put', join(local, 'big'), `${ferry.address}/up`),
        scp(up, join(local, 'big'), sshd?.target(up) ?? ''),
        rounds,
      );
      row('2 GiB up', 'scp', upward, '≥ 2');
      const memory = `${Math.round(clientPeak)} and ${Math.round(ferry.serverPeak())} MiB`;
      rows.push({
        what: 'memory at most, client and server',
        ours: memory,
        peer: '',
        ratio: '',
        goal: '≤ 250',
      });
    } finally {
      await ferry.stop();
      sshd?.stop();
      nginx?.stop();
      rmSync(folder, { recursive: true, force: true });
    }
    return rows;
  },
};
