/**
 * Runs or watches a program under strace and reads what it saw: which thread asked the system for what, in which order,
 * with faults put in its way if wanted. For the tests of faults.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Call, parseTrace } from './trace.ts';

/** Every call that changes files or names, and those that say something to others. */
export const changing = [
  ...['openat', 'close', 'write', 'writev', 'pwrite64', 'pwritev', 'ftruncate', 'fsync', 'fdatasync'],
  ...['link', 'linkat', 'rename', 'renameat', 'renameat2', 'unlink', 'unlinkat', 'mkdir', 'mkdirat', 'rmdir'],
  ...['symlink', 'symlinkat', 'fchmod', 'chmod', 'utimensat', 'sendto', 'sendmsg'],
] as const;

export type Fault = {
  readonly call: string;
  /** `error=EIO`, `retval=0`, `signal=KILL` … */
  readonly what: string;
  /** The how-manieth call of that name of each thread, from 1; all of them without it. */
  readonly nth?: number | undefined;
  /** Only calls on this file, as the descriptor's path. */
  readonly path?: string | undefined;
};

function options(output: string, fault: Fault | undefined): string[] {
  const inject =
    fault === undefined
      ? []
      : ['-e', `inject=${fault.call}:${fault.what}${fault.nth === undefined ? '' : `:when=${fault.nth}`}`];
  const only = fault?.path === undefined ? [] : ['-P', fault.path];
  return ['-y', '-s', '48', '-o', output, '-e', `trace=${changing.join(',')}`, ...inject, ...only];
}

/** Why programs cannot be watched here; false when they can. */
export const noStrace = ((): string | false => {
  if (process.platform !== 'linux') return 'strace is there on Linux only';
  const own = spawnSync('strace', ['-f', '-y', '-e', 'inject=fsync:error=EIO', 'true']);
  if (own.status !== 0) return 'strace is not installed or may not trace';
  // However busy the machine is: five seconds, unless it is refused before.
  const attach = [
    'sleep 9 >/dev/null 2>&1 & own=$!; strace -o /dev/null -p $own & tracer=$!',
    'for i in $(seq 100); do',
    '  kill -0 $tracer 2>/dev/null || break',
    "  grep -q '^TracerPid:[[:space:]]0$' /proc/$own/status || break",
    '  sleep 0.05',
    'done; kill $own; wait',
  ].join('\n');
  const other = spawnSync('sh', ['-c', attach], { encoding: 'utf8' });
  return other.stderr.includes('attached') ? false : 'strace may not attach to other processes';
})();

export type Watch = {
  /** Stops watching, which does the program nothing. What it did meanwhile. */
  end(): Promise<readonly Call[]>;
};

/** Watches those threads of a running program of which `wanted` says so, by name. */
export async function watch(pid: number, wanted: (name: string) => boolean, fault?: Fault): Promise<Watch> {
  const threads = readdirSync(`/proc/${pid}/task`).filter((tid) =>
    wanted(readFileSync(`/proc/${pid}/task/${tid}/comm`, 'utf8').trim()),
  );
  if (threads.length === 0) throw new Error('the program has no such threads');
  const folder = mkdtempSync(join(tmpdir(), 'ferry-strace-'));
  const output = join(folder, 'trace');
  const tracer = spawn('strace', [...options(output, fault), ...threads.flatMap((tid) => ['-p', tid])], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise((resolve) => tracer.once('exit', resolve));
  const known = openFiles(pid);
  await attached(tracer, threads.length);
  return {
    end: async () => {
      tracer.kill('SIGINT');
      await ended;
      const calls = parseTrace(readFileSync(output, 'latin1'), known);
      rmSync(folder, { recursive: true, force: true });
      return calls;
    },
  };
}

function attached(tracer: ChildProcess, threads: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    tracer.once('exit', () => reject(new Error(`strace has ended: ${said}`)));
    tracer.stderr?.on('data', (bytes: Buffer) => {
      said += bytes.toString();
      if (said.split(' attached').length - 1 >= threads) resolve();
    });
  });
}

/** Descriptors and what they are open on. */
function openFiles(pid: number): ReadonlyMap<number, string> {
  const list = spawnSync('find', [`/proc/${pid}/fd`, '-type', 'l', '-printf', '%f %l\\n'], {
    encoding: 'utf8',
  });
  return new Map(
    list.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => [Number(line.split(' ', 1)[0]), line.slice(line.indexOf(' ') + 1)]),
  );
}

export type Run = {
  /** null when a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly calls: readonly Call[];
};

/** Runs a program from its start to its end. It is ended when it takes longer than a minute. */
export async function runTraced(
  command: readonly string[],
  env: NodeJS.ProcessEnv,
  fault?: Fault,
): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), 'ferry-strace-'));
  const output = join(folder, 'trace');
  try {
    // Much faster, but a signal is lost on the way.
    const quick = fault?.what.startsWith('signal=') === true ? [] : ['--seccomp-bpf'];
    const ran = await run(['strace', '-f', ...quick, ...options(output, fault), ...command], env);
    return { ...ran, calls: parseTrace(readFileSync(output, 'latin1'), new Map()) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As {@link runTraced}, without looking. */
export async function run(
  [program = '', ...args]: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Omit<Run, 'calls'>> {
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (bytes: Buffer) => {
    stdout += bytes.toString();
  });
  child.stderr.on('data', (bytes: Buffer) => {
    stderr += bytes.toString();
  });
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { status, stdout, stderr };
}
