/**
 * Far away: 100 ms, 500 Mbit/s, with a little loss. One large file beside iperf3 with eight streams, which is what the line
 * can carry, aria2 with eight connections and scp; and a folder of small files beside rsync over ssh and lftp. The line is built of network namespaces by test/tools/wan,
 * which wants root, gcc and iproute2; where they are missing the bench says so.
 */

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ferryMain, startFerry } from './ferry.ts';
import { type Bench, has, must, type Ran, type Row, run } from './measure.ts';
import { startNginx } from './nginx.ts';
import { startSshd } from './sshd.ts';

const wan = join(dirname(fileURLToPath(import.meta.url)), '../tools/wan/wan');
const near = [wan, 'near'] as const;
const far = [wan, 'far'] as const;
const farHost = '10.77.0.2';
const size = 500_000_000;
const smallFiles = 1000;
/** scp would need the better part of a minute for all of it. */
const scpBytes = 60_000_000;

function mbit(bytes: number, seconds: number): string {
  return `${Math.round((bytes * 8) / 1e6 / seconds)} Mbit/s`;
}

/** What eight streams of iperf3 get, Mbit/s. */
async function iperf(reverse: boolean): Promise<number | undefined> {
  if (!(await has('iperf3'))) return undefined;
  const server = spawn(far[0], [far[1], 'iperf3', '-s', '-1'], { stdio: 'ignore' });
  await rest(500);
  const args = ['iperf3', '-c', farHost, '-P', '8', '-n', String(size), '-J', ...(reverse ? ['-R'] : [])];
  const { output } = await run(near[0], [near[1], ...args]);
  server.kill('SIGTERM');
  const end = (JSON.parse(output) as { end: { sum_received: { bits_per_second: number } } }).end;
  return end.sum_received.bits_per_second / 1e6;
}

async function overLine(loss: string): Promise<Row[]> {
  const folder = mkdtempSync('/dev/shm/ferry-bench-');
  const shared = join(folder, 'shared');
  const local = join(folder, 'local');
  mkdirSync(join(shared, 'small'), { recursive: true });
  mkdirSync(local);
  writeFileSync(join(shared, 'big'), randomBytes(size));
  for (let i = 0; i < smallFiles; i++) writeFileSync(join(shared, 'small', `${i}`), randomBytes(4096));
  await must(wan, ['up', '100', '500', loss]);
  const ferry = await startFerry(shared, { host: farHost, prefix: far });
  const sshd = await startSshd({ host: farHost, prefix: far });
  const nginx = (await has('aria2c')) ? await startNginx(shared, { host: farHost, prefix: far }) : undefined;
  const rows: Row[] = [];
  const ours = async (...args: readonly string[]): Promise<number> => {
    const command = [near[1], process.execPath, ferryMain, ...args, '--accept-new'];
    const { seconds, peakMiB } = await must(near[0], command, ferry.env);
    clientPeak = Math.max(clientPeak, peakMiB);
    return seconds;
  };
  let clientPeak = 0;
  /** What others need for the same, with nothing expected of it. */
  const beside = (what: string, peer: string, mine: number, bytes: number, theirs: Ran): void => {
    rows.push({
      what: `${what}, ${loss} % lost`,
      ours: mbit(size, mine),
      peer: theirs.code === 0 ? `${peer} ${mbit(bytes, theirs.seconds)}` : `${peer} failed`,
      ratio: (((size / mine) * theirs.seconds) / bytes).toFixed(2),
      goal: '≥ 1',
    });
  };
  const big = (what: string, seconds: number, line: number | undefined): void => {
    const mine = (size * 8) / 1e6 / seconds;
    rows.push({
      what: `${what}, ${loss} % lost`,
      ours: mbit(size, seconds),
      peer: line === undefined ? 'iperf3 not installed' : `iperf3 -P 8 ${Math.round(line)} Mbit/s`,
      ratio: line === undefined ? '' : (mine / line).toFixed(2),
      goal: '≥ 0.9',
    });
  };
  const small = (what: string, seconds: number, peer: number | undefined): void => {
    rows.push({
      what: `${what}, ${loss} % lost`,
      ours: `${seconds.toFixed(2)} s`,
      peer: peer === undefined ? 'rsync or sshd not installed' : `rsync ${peer.toFixed(2)} s`,
      ratio: peer === undefined ? '' : (peer / seconds).toFixed(2),
      goal: '≥ 1',
    });
  };
  const rsync = async (from: string, to: string): Promise<number | undefined> => {
    if (sshd === undefined || !(await has('rsync'))) return undefined;
    const ssh = `ssh -p ${sshd.port} -i ${sshd.identity} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR`;
    return (await must(near[0], [near[1], 'rsync', '-r', '-e', ssh, from, to])).seconds;
  };
  try {
    // At first contact the identity is looked at over a connection of its own: once in a server's life.
    await ours('ls', `${ferry.address}/`);
    const bigDown = await ours('get', `${ferry.address}/big`, local);
    big('500 MB down', bigDown, await iperf(true));
    if (nginx !== undefined) {
      const out = ['-d', local, '-o', 'aria', nginx.url('big')];
      const args = [
        'aria2c',
        '-q',
        '--check-certificate=false',
        '-x8',
        '-s8',
        '-k1M',
        '--file-allocation=none',
        ...out,
      ];
      beside('500 MB down', 'aria2 -x8', bigDown, size, await run(near[0], [near[1], ...args]));
    }
    if (sshd !== undefined) {
      writeFileSync(join(shared, 'piece'), randomBytes(scpBytes));
      const args = ['scp', '-q', ...sshd.options, sshd.target(join(shared, 'piece')), join(local, 'piece')];
      beside('500 MB down', 'scp', bigDown, scpBytes, await run(near[0], [near[1], ...args]));
    }
    await must('cmp', [join(shared, 'big'), join(local, 'big')]);
    // Content that the server has already would not travel.
    writeFileSync(join(local, 'big'), randomBytes(size));
    big('500 MB up', await ours('put', join(local, 'big'), `${ferry.address}/up`), await iperf(false));
    await must('cmp', [join(local, 'big'), join(shared, 'up')]);
    const down = await ours('get', '-r', `${ferry.address}/small`, local);
    small(
      '1,000 × 4 KiB down',
      down,
      await rsync(`${sshd?.target(join(shared, 'small'))}`, join(local, 'r')),
    );
    const up = await ours('put', '-r', join(local, 'small'), `${ferry.address}/back`);
    if (sshd !== undefined && (await has('lftp'))) {
      const connect = `ssh -a -x -i ${sshd.identity} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR`;
      const [login = '', host = ''] = sshd.host.split('@');
      const script = `set sftp:connect-program "${connect}"; open -p ${sshd.port} sftp://${login}:x@${host}; mirror --parallel=8 ${join(shared, 'small')} ${join(local, 'lftp')}`;
      const { code, seconds } = await run(near[0], [near[1], 'timeout', '120', 'lftp', '-c', script]);
      rows.push({
        what: `1,000 × 4 KiB down, ${loss} % lost`,
        ours: `${down.toFixed(2)} s`,
        peer: code === 0 ? `lftp, 8 at once ${seconds.toFixed(1)} s` : 'lftp failed',
        ratio: code === 0 ? (seconds / down).toFixed(2) : '',
        goal: '≥ 1',
      });
    }
    small('1,000 × 4 KiB up', up, await rsync(join(local, 'small'), `${sshd?.target(join(shared, 'r'))}`));
    await must('diff', ['-r', join(shared, 'small'), join(shared, 'back')]);
    const peak = `${Math.round(clientPeak)} and ${Math.round(ferry.serverPeak())} MiB`;
    rows.push({
      what: `memory at most, client and server, ${loss} % lost`,
      ours: peak,
      peer: '',
      ratio: '',
      goal: '≤ 250',
    });
  } finally {
    await ferry.stop();
    sshd?.stop();
    nginx?.stop();
    await run(wan, ['down']);
    rmSync(folder, { recursive: true, force: true });
  }
  return rows;
}

export const longLine: Bench = {
  name: 'long-line',
  run: async () => {
    if (process.getuid?.() !== 0 || !(await has('gcc')) || !(await has('ip'))) {
      process.stdout.write('  the long line wants root, gcc and iproute2: left out\n');
      return [];
    }
    return [...(await overLine('0.01')), ...(await overLine('0.1'))];
  },
};
