/**
 * What every bench shares: running a command and timing it whole, pairing ours with a peer's, and the rows of the report.
 * Benches are not tests: they print figures and ratios, and never fail on a slow machine. Main thread.
 */

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

export type Row = {
  what: string;
  ours: string;
  peer: string;
  ratio: string;
  goal: string;
};

export type Bench = { name: string; run: () => Promise<Row[]> };

export type Ran = {
  seconds: number;
  code: number;
  output: string;
  /** The most memory that was seen resident, MiB; 0 where it ended before it was looked at. */
  peakMiB: number;
};

/** How often a command's memory is looked at, milliseconds; the kernel keeps the maximum itself. */
const lookMs = 100;

function peakOf(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** Runs a command to its end, or ends it after `mostS` seconds; wall time of the whole process. */
export function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  mostS?: number,
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let peakMiB = 0;
    const look = setInterval(() => {
      peakMiB = Math.max(peakMiB, peakOf(child.pid));
    }, lookMs);
    child.stdout.on('data', (bytes: Buffer) => {
      output += bytes.toString();
    });
    child.stderr.on('data', (bytes: Buffer) => {
      output += bytes.toString();
    });
    const late = mostS === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), mostS * 1000);
    child.once('error', reject);
    child.once('close', (code) => {
      clearInterval(look);
      clearTimeout(late);
      resolve({ seconds: (performance.now() - began) / 1000, code: code ?? 1, output, peakMiB });
    });
  });
}

/** Like {@link run}; a failure is an error that shows what the command said. */
export async function must(
  command: string,
  args: readonly string[],
  env?: NodeJS.ProcessEnv,
  mostS?: number,
): Promise<Ran> {
  const ran = await run(command, args, env, mostS);
  if (mostS !== undefined && ran.seconds >= mostS)
    throw new Error(`${command} ${args[0] ?? ''} did not end within ${mostS} s`);
  if (ran.code !== 0) throw new Error(`${command} ${args.join(' ')}: exit code ${ran.code}\n${ran.output}`);
  return ran;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/**
 * Runs both in turn, so that a busy moment of the machine hits both; medians of `rounds`, after one warm-up each. After `mostS` seconds
 * no round is begun, as long as there was one.
 */
export async function pair(
  ours: () => Promise<number>,
  peer: (() => Promise<number>) | undefined,
  rounds: number,
  mostS = Number.POSITIVE_INFINITY,
): Promise<{ ours: number; peer: number | undefined }> {
  const beganMs = performance.now();
  const mine: number[] = [];
  const theirs: number[] = [];
  await ours();
  await peer?.();
  for (let round = 0; round < rounds; round++) {
    if (round > 0 && performance.now() - beganMs > mostS * 1000) break;
    mine.push(await ours());
    if (peer !== undefined) theirs.push(await peer());
  }
  return { ours: median(mine), peer: peer === undefined ? undefined : median(theirs) };
}

export function has(command: string): Promise<boolean> {
  return run('sh', ['-c', `command -v ${command}`]).then(({ code }) => code === 0);
}

export function mbps(bytes: number, seconds: number): string {
  return `${Math.round(bytes / 1e6 / seconds)} MB/s`;
}

export function ms(seconds: number): string {
  return `${Math.round(seconds * 1000)} ms`;
}
