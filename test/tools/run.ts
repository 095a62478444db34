/**
 * Runs the checks and tests: `test` is everything a change must pass, `soak` the same randomised tests with long counts, `cluster`
 * what needs several servers, object storage and NATS (test/cluster).
 * Extra arguments are test files to run instead of all. Called by the root package's scripts; main thread.
 *
 * Tests import sources, and start the programs as bundles of the same (bundle.ts), made once before they begin.
 *
 * The tests run on the pinned Node; `next` runs those that ask something of it on the next major version. Files that start nothing
 * run in one process, the others in one each.
 *
 * Files of a whole run in which a test failed are run once more, nothing beside them: most drive real programs, and a machine may
 * be too busy for them. What fails again is a failure; what does not is called UNSTABLE, and is a fault to look into all the same.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const bin = join(root, 'node_modules/.bin');
const nextNode = join(root, 'node_modules/node26/bin/node');

type Step = {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
  /** Of many test files: that one of them by itself is run again. */
  readonly again?: { readonly files: readonly string[]; readonly alone: (file: string) => Step };
};

function testStep(
  name: string,
  node: string,
  files: readonly string[],
  env: Record<string, string> = {},
): Step {
  // Most tests wait for programs that they have started, or for time to pass; a cluster is a machine's work.
  const isCluster = files.some(isOfCluster);
  const concurrency = isCluster ? 1 : Math.max(5, availableParallelism());
  const together = env['FERRY_SOAK'] === '1' ? [] : files.filter(startsNothing);
  return {
    name,
    command: node,
    args: [
      '--test',
      `--test-concurrency=${concurrency}`,
      // A test that waits for what never comes must not hold up all of them for good; twenty rounds of harm take a quarter of an hour.
      ...(env['FERRY_SOAK'] === '1' ? [] : [`--test-timeout=${isCluster ? 3_600_000 : 280_000}`]),
      '--test-reporter=./test/tools/reporter.ts',
      '--test-reporter-destination=stdout',
      ...(together.length > 1
        ? ['test/tools/together.ts', ...files.filter((file) => !together.includes(file))]
        : files),
    ],
    env: {
      // What the programs use as well: each of some hundred processes reads what the first one has compiled.
      NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'),
      // The same everywhere; and where a machine does not say, looking for its zone costs each program 10 ms.
      TZ: 'UTC',
      FERRY_TOGETHER: together.join('\n'),
      ...env,
    },
    ...(files.length > 1 && {
      again: { files, alone: (file: string) => testStep(`again, alone: ${file}`, node, [file], env) },
    }),
  };
}

/** The text of a test file and of all that it imports of the tests, by path. */
function textsOf(file: string): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  const look = (at: string): void => {
    if (texts.has(at) || !at.startsWith('test/')) return;
    const text = readFileSync(join(root, at), 'utf8');
    texts.set(at, text);
    for (const [, to = ''] of text.matchAll(/from '(\.[^']+)'/g)) look(normalize(join(dirname(at), to)));
  };
  look(file);
  return texts;
}

/** Neither this test file nor what it imports of the tests starts programs or threads, opens sockets or changes how modules load. */
function startsNothing(file: string): boolean {
  const starts = /from 'node:(?:child_process|module|net|tls|worker_threads)'/;
  return textsOf(file)
    .values()
    .every((text) => !starts.test(text));
}

/** @param env of the tests of a cluster */
function steps(mode: string, chosen: readonly string[], env: Record<string, string>): Step[] {
  if (mode === 'soak') return [testStep('soak', process.execPath, pick(chosen), { FERRY_SOAK: '1' })];
  if (mode === 'cluster') {
    const files = chosen.length > 0 ? chosen : every().filter(isOfCluster);
    return [testStep('cluster', process.execPath, files, env)];
  }
  if (mode === 'next') {
    if (existsSync(nextNode))
      return [testStep('tests on the next Node', nextNode, fast(), { FERRY_BRIEF: '1' })];
    process.stdout.write('SKIPPED: tests on the next Node (not installed for this platform)\n');
    return [];
  }
  const checks: Step[] = [
    { name: 'types', command: join(bin, 'tsc'), args: ['-p', root] },
    {
      name: 'format and lint',
      command: join(bin, 'biome'),
      args: ['check', '--config-path=test/tools/format.json', '.'],
    },
    {
      name: 'lint with types',
      command: join(bin, 'oxlint'),
      args: ['--config=test/tools/oxlint.json', '--type-aware', '--deny-warnings', 'packages', 'test'],
    },
  ];
  const tests = [testStep('tests', process.execPath, pick(chosen))];
  return chosen.length > 0 ? tests : [...checks, ...tests];
}

/** What the runtime is asked for: files, threads, TLS, SQLite. The rest says nothing that the run on the pinned Node does not. */
const ofTheRuntime = [
  'test/protocol/disk/',
  'test/protocol/link/',
  'test/protocol/session/',
  ...['access', 'bus', 'lane', 'restart', 'session', 'storage/local'].map(
    (name) => `test/server/${name}.test.ts`,
  ),
];

function fast(): string[] {
  return all().filter((file) => ofTheRuntime.some((beginning) => file.startsWith(beginning)));
}

/** What a change must pass. */
function all(): string[] {
  return every().filter((file) => !isOfCluster(file));
}

function every(): string[] {
  return globSync('test/**/*.test.ts', { cwd: root })
    .filter((file) => !file.includes('node_modules'))
    .toSorted();
}

function isOfCluster(file: string): boolean {
  return file.startsWith('test/cluster/');
}

function pick(chosen: readonly string[]): readonly string[] {
  return chosen.length > 0 ? chosen : all();
}

/** One cluster for all files: starting it takes half a minute. Without it, tests say what they lack. */
async function startShared(): Promise<
  { readonly env: Record<string, string>; readonly down: () => Promise<void> } | undefined
> {
  const { missingPrograms, startCluster } = await import('../cluster/cluster.ts');
  const missing = await missingPrograms({ storage: 3 });
  if (missing.length > 0) {
    process.stdout.write(`SKIPPED: the real cluster (not installed: ${missing.join(', ')})\n`);
    return undefined;
  }
  const { place, bus, env, down } = await startCluster({ storage: 3, nats: 3 });
  // What it has started outlives this process, if nobody ends it.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void down().then(() => process.exit(1)));
  return { env: { ...place, ...env, NATS_URL: bus } as Record<string, string>, down };
}

/** For test/support/programs.ts. undefined: a source is broken. */
async function bundles(): Promise<Record<string, string> | undefined> {
  try {
    const { ferry, ferryd } = await bundle();
    return { FERRY_TEST_FERRY: ferry, FERRY_TEST_FERRYD: ferryd };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') {
      process.stdout.write('SKIPPED: bundles (esbuild is not installed), the sources run\n');
      return {};
    }
    process.stdout.write(`── bundles: FAILED: ${String(error)}\n`);
    return undefined;
  }
}

function run({ name, command, args, env }: Step): boolean {
  const began = performance.now();
  process.stdout.write(`── ${name}\n`);
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...programs, ...env, PATH: `${bin}:${process.env['PATH'] ?? ''}` },
  });
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  process.stdout.write(`── ${name}: ${status === 0 ? 'ok' : 'FAILED'} in ${seconds} s\n\n`);
  return status === 0;
}

/** More files than these do not fail by chance. */
const mostUnstable = 8;

/** Which files failed is told by the reporter, as those where the tests stand: shared ones, too. */
function runTests(step: Step, { files, alone }: NonNullable<Step['again']>): boolean {
  const scratch = mkdtempSync(join(tmpdir(), 'ferry-run-'));
  const list = join(scratch, 'failed');
  try {
    if (run({ ...step, env: { ...step.env, FERRY_FAILED: list } })) return true;
    const failedIn = existsSync(list) ? readFileSync(list, 'utf8').split('\n') : [];
    const unstable = files.filter((file) => failedIn.some((at) => textsOf(file).has(at)));
    if (unstable.length === 0 || unstable.length > mostUnstable) return false;
    if (!unstable.every((file) => run(alone(file)))) return false;
    for (const file of unstable) process.stdout.write(`UNSTABLE: ${file} (failed, and passed alone)\n`);
    return true;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const [mode = 'test', ...chosen] = process.argv.slice(2);
const programs = await bundles();
let failed = programs === undefined ? 1 : 0;
const cluster = mode === 'cluster' ? await startShared() : undefined;
for (const step of steps(mode, chosen, cluster?.env ?? {})) {
  // Of a few that were asked for, and of long counts, each failure is to be seen as it is.
  const { again } = mode === 'soak' || (mode === 'test' && chosen.length > 0) ? {} : step;
  if (!(again === undefined ? run(step) : runTests(step, again))) failed += 1;
}
await cluster?.down();
process.exitCode = failed === 0 ? 0 : 1;
