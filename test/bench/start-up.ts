/**
 * How soon ferry is there: `ferry ls` of an empty folder as a whole process beside `sftp` doing the same, and the browser
 * from its start to the first listing beside Midnight Commander's.
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ferryMain, startFerry } from './ferry.ts';
import { keylag } from './keylag.ts';
import { type Bench, has, median, ms, must, pair, type Row } from './measure.ts';
import { startSshd } from './sshd.ts';

const rounds = 9;

export const startUp: Bench = {
  name: 'start-up',
  run: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ferry-bench-'));
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    writeFileSync(join(folder, 'seen-when-listed'), '');
    const ferry = await startFerry(folder);
    const sshd = await startSshd();
    const rows: Row[] = [];
    try {
      const list = async (): Promise<number> =>
        (await must(process.execPath, [ferryMain, 'ls', `${ferry.address}/empty`, '--accept-new'], ferry.env))
          .seconds;
      const script = join(folder, 'sftp-script');
      writeFileSync(script, `ls ${empty}\n`);
      const sftp =
        sshd === undefined
          ? undefined
          : async (): Promise<number> =>
              (await must('sftp', ['-q', ...sshd.options, '-b', script, sshd.host])).seconds;
      const listed = await pair(list, sftp, rounds);
      rows.push({
        what: 'ls of an empty folder, whole process',
        ours: ms(listed.ours),
        peer: listed.peer === undefined ? 'sftp not installed' : `sftp ${ms(listed.peer)}`,
        ratio: listed.peer === undefined ? '' : (listed.peer / listed.ours).toFixed(2),
        goal: '≤ 350 ms',
      });
      const started: number[] = [];
      const peer: number[] = [];
      const mc = await has('mc');
      for (let round = 0; round < 5; round++) {
        const browser = [process.execPath, ferryMain, ferry.address, empty, '--accept-new'];
        started.push(
          (await keylag(browser, { ready: 'seen-when-listed', keys: 'down:1', env: ferry.env })).start_ms /
            1000,
        );
        if (mc)
          peer.push(
            (await keylag(['mc', folder, folder], { ready: 'seen-when-li', keys: 'down:1' })).start_ms / 1000,
          );
      }
      rows.push({
        what: 'browser start to first listing',
        ours: ms(median(started)),
        peer: mc ? `mc ${ms(median(peer))}` : 'mc not installed',
        ratio: mc ? (median(peer) / median(started)).toFixed(2) : '',
        goal: '≤ 600 ms',
      });
    } finally {
      await ferry.stop();
      sshd?.stop();
      rmSync(folder, { recursive: true, force: true });
    }
    return rows;
  },
};
