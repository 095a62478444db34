/**
 * `pnpm bench:cluster`: ferry over object storage beside rclone straight to the same gateway, in one run, as ratios; and what a server
 * takes in memory while sixteen files move. Starts Ceph by itself, on this machine, unless one is named as run.ts does.
 */

import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingPrograms, sharedCluster, startCluster } from '../cluster/cluster.ts';
import { rclone, rcloneEnv } from '../cluster/cluster-fleet.ts';
import { type Ferry, ferryMain, startFerry } from './ferry.ts';
import { mbps, must, pair, type Row } from './measure.ts';
import { printTable } from './table.ts';

const bigBytes = 2 ** 30;
const smallFiles = 2000;
const smallBytes = 4096;
const atOnce = 16;
const atOnceBytes = 2 ** 27;
const rounds = Number(process.env['FERRY_BENCH_ROUNDS'] ?? 3);
/** Whole in four minutes: seconds of a row, and of one command, which on a busy machine is the row. */
const rowS = 25;
const commandS = 60;

const missing = await missingPrograms({ storage: 3 });
if (missing.length > 0) {
  process.stdout.write(`SKIPPED: not installed: ${missing.join(', ')}\n`);
  process.exit(0);
}
const running = await sharedCluster();
const cluster = running ?? (await startCluster({ storage: 3, nats: 1 }));
const home = mkdtempSync(join(tmpdir(), 'ferry-bench-'));
const bucket = `bench-${Date.now()}`;
const rows: Row[] = [];
/** Minutes go by between two. */
const tell = (row: Row): void => {
  rows.push(row);
  process.stdout.write(`${row.what}: ${row.ours}; ${row.peer} ${row.ratio} (${row.goal})\n`);
};
let ferry: Ferry | undefined;

try {
  await rclone(cluster, ['mkdir', `store:${bucket}`]);
  const inherited = { ...process.env };
  Object.assign(process.env, cluster.env);
  ferry = await startFerry(`s3://${bucket}/ferry`);
  process.env = inherited;
  const { address, env } = ferry;
  const shell = rcloneEnv(cluster);
  mkdirSync(join(home, 'small'));
  writeFileSync(join(home, 'big'), randomBytes(bigBytes));
  for (let i = 0; i < smallFiles; i++) writeFileSync(join(home, 'small', `${i}`), randomBytes(smallBytes));

  const ours = async (...args: readonly string[]): Promise<number> =>
    (await must(process.execPath, [ferryMain, ...args, '--accept-new'], env, commandS)).seconds;
  // As many at once as ferry has lanes: its own default of four would compare settings, not programs.
  const theirs = async (...args: readonly string[]): Promise<number> =>
    (await must('rclone', [...args, '--transfers', '16', '--s3-upload-concurrency', '16'], shell, commandS))
      .seconds;
  let count = 0;
  const fresh = (): string => `${count++}`;
  /** Each of its own name, as nobody is to gain from what is there; the sort of thing that came last goes at once. */
  const compare = async (
    what: string,
    bytes: number,
    goal: string,
    mine: (name: string) => Promise<number>,
    peers: (name: string) => Promise<number>,
  ): Promise<void> => {
    const ended = await pair(
      () => mine(fresh()),
      () => peers(fresh()),
      rounds,
      rowS,
    ).catch((error: unknown) => {
      tell({ what, ours: String(error).slice(0, 200), peer: '', ratio: '', goal });
    });
    if (ended === undefined) return;
    const { ours: own, peer = 0 } = ended;
    tell({
      what,
      ours: `${own.toFixed(2)} s, ${mbps(bytes, own)}`,
      peer: `rclone ${peer.toFixed(2)} s, ${mbps(bytes, peer)}`,
      ratio: (peer / own).toFixed(2),
      goal,
    });
  };
  const purge = (path: string): Promise<void> => rclone(cluster, ['purge', `store:${bucket}/${path}`]);
  const local = (name: string): string => join(home, `down-${name}`);

  await ours('put', join(home, 'big'), `${address}/big`);
  await compare(
    '1 GiB up',
    bigBytes,
    '≥ 0.8',
    async (name) => {
      const seconds = await ours('put', join(home, 'big'), `${address}/up-${name}`);
      await rclone(cluster, ['deletefile', `store:${bucket}/ferry/up-${name}`]);
      return seconds;
    },
    async (name) => {
      const seconds = await theirs('copyto', join(home, 'big'), `store:${bucket}/rclone/up-${name}`);
      await rclone(cluster, ['deletefile', `store:${bucket}/rclone/up-${name}`]);
      return seconds;
    },
  );
  await compare(
    '1 GiB down',
    bigBytes,
    '≥ 0.8',
    async (name) => {
      const seconds = await ours('get', `${address}/big`, local(name));
      rmSync(local(name));
      return seconds;
    },
    async (name) => {
      const seconds = await theirs('copyto', `store:${bucket}/ferry/big`, local(name));
      rmSync(local(name));
      return seconds;
    },
  );
  const smallTotal = smallFiles * smallBytes;
  await compare(
    '2,000 × 4 KiB up',
    smallTotal,
    '≥ 1',
    (name) => ours('put', '-r', join(home, 'small'), `${address}/small-${name}`),
    async (name) => {
      const seconds = await theirs('copy', join(home, 'small'), `store:${bucket}/rclone/small-${name}`);
      await purge(`rclone/small-${name}`);
      return seconds;
    },
  );
  await ours('put', '-r', join(home, 'small'), `${address}/small`);
  await compare(
    '2,000 × 4 KiB down',
    smallTotal,
    '≥ 1',
    (name) => ours('get', '-r', `${address}/small`, local(name)),
    (name) => theirs('copy', `store:${bucket}/ferry/small`, local(name)),
  );

  const beforeMiB = ferry.serverPeak();
  mkdirSync(join(home, 'many'));
  for (let i = 0; i < atOnce; i++) writeFileSync(join(home, 'many', `${i}`), randomBytes(atOnceBytes));
  const moved = await Promise.allSettled(
    Array.from({ length: atOnce }, (_, i) =>
      ours('put', join(home, 'many', `${i}`), `${address}/many-${i}`).then(() =>
        ours('get', `${address}/many-${i}`, local(`many-${i}`)),
      ),
    ),
  );
  tell({
    what: `memory of ferryd, ${atOnce} × ${atOnceBytes / 2 ** 20} MiB up and down at once`,
    ours: `${Math.round(ferry.serverPeak())} MiB (${Math.round(beforeMiB)} before)`,
    peer: `${moved.filter(({ status }) => status === 'fulfilled').length} ended`,
    ratio: '',
    goal: '≤ 300 MiB',
  });
} finally {
  await ferry?.stop();
  rmSync(home, { recursive: true, force: true });
  if (running === undefined) await cluster.down();
}
printTable(rows);
