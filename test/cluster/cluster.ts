/**
 * The real cluster of test/tools/cluster as tests see it: Ceph with its S3 gateway and NATS, on ports that are free now and in a
 * folder of its own, so that several can run at once. Main thread of a test file.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const tool = join(fileURLToPath(import.meta.url), '../../tools/cluster/cluster');

/** As the tool names them: `mon.a`, `mgr.x`, `osd.0`…, `rgw`, `nats.1`… */
export type Daemon = `mon.a` | 'mgr.x' | 'rgw' | `osd.${number}` | `nats.${number}`;

export type ClusterOpts = {
  /** Storage daemons; three or more keep three copies, 0: no object storage. */
  readonly storage: number;
  /** NATS nodes. */
  readonly nats: number;
};

export type Cluster = {
  /** What an S3 client reads from its environment. */
  readonly env: NodeJS.ProcessEnv;
  /** `nats://…,nats://…` */
  readonly bus: string;
  readonly daemons: readonly Daemon[];
  /** With SIGKILL. */
  readonly kill: (daemon: Daemon) => Promise<void>;
  /** Again, after `kill`. Resolves when it has been started, which is before it answers. */
  readonly start: (daemon: Daemon) => Promise<void>;
  /** The node that leads a stream, or `meta` what all nodes decide; undefined while there is none. */
  readonly leader: (stream: string) => Promise<Daemon | undefined>;
  /** Whether every storage daemon has what it should have. */
  readonly isSettled: () => Promise<boolean>;
  /** Ends all of it and removes what it kept. Idempotent. */
  readonly down: () => Promise<void>;
};

/** What a real cluster needs and this machine has not; empty: it can be started. */
export async function missingPrograms({ storage }: Pick<ClusterOpts, 'storage'>): Promise<readonly string[]> {
  const { out } = await run(['missing'], process.env);
  const missing = out.split('\n').filter((line) => line !== '');
  return storage > 0 ? missing : missing.filter((program) => !/^(ceph|rados|rclone)/.test(program));
}

/** Where the tool keeps one, for whoever starts tests that share it. */
export type Place = { readonly FERRY_CLUSTER_HOME: string; readonly FERRY_CLUSTER_PORT: string };

/** Takes up to a minute with object storage, a second without. Throws when it does not come up; nothing is left then. */
export async function startCluster({
  storage,
  nats,
}: ClusterOpts): Promise<Cluster & { readonly place: Place }> {
  const home = mkdtempSync(join(tmpdir(), 'ferry-cluster-'));
  // The tool begins with a folder that is not there.
  rmSync(home, { recursive: true });
  const place = { FERRY_CLUSTER_HOME: home, FERRY_CLUSTER_PORT: String(await freePorts()) };
  try {
    const { code, out } = await run(['up', String(storage), String(nats)], { ...process.env, ...place });
    if (code !== 0) throw new Error(`no cluster came up:\n${out}`);
    return { ...(await clusterAt(place)), place };
  } catch (error) {
    await run(['down'], { ...process.env, ...place });
    throw error;
  }
}

/** The one that run.ts has started for all tests; undefined: there is none, as this machine lacks what it needs. */
export async function sharedCluster(): Promise<Cluster | undefined> {
  const { FERRY_CLUSTER_HOME, FERRY_CLUSTER_PORT } = process.env;
  if (FERRY_CLUSTER_HOME === undefined || FERRY_CLUSTER_PORT === undefined) return undefined;
  return await clusterAt({ FERRY_CLUSTER_HOME, FERRY_CLUSTER_PORT });
}

async function clusterAt(place: Place): Promise<Cluster> {
  const env = { ...process.env, ...place };
  const must = async (...args: readonly string[]): Promise<string> => {
    const { code, out } = await run(args, env);
    if (code !== 0) throw new Error(`cluster ${args.join(' ')} failed:\n${out}`);
    return out;
  };
  const told = await must('env');
  const variables = Object.fromEntries(
    [...told.matchAll(/([A-Z][A-Z0-9_]*)=(\S*)/g)].map(([, k, v]) => [k, v]),
  );
  const { NATS_URL: bus = '', ...ofS3 } = variables as Record<string, string>;
  const daemons = (await must('status')).split('\n').flatMap((line) => line.split(' ')[0] || []) as Daemon[];
  return {
    env: ofS3,
    bus,
    daemons,
    kill: async (daemon) => {
      await must('kill', daemon);
    },
    start: async (daemon) => {
      await must('start', daemon);
    },
    leader: async (stream) => {
      const { out } = await run(['leader', stream], env);
      return /^nats\.\d$/m.exec(out)?.[0] as Daemon | undefined;
    },
    isSettled: async () => (await run(['settled'], env)).code === 0,
    down: async () => {
      await run(['down'], env);
    },
  };
}

async function run(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ readonly code: number | null; readonly out: string }> {
  // In a session of its own: what it starts must not end with a signal to the tests.
  const child = spawn(tool, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => {
      out += bytes.toString();
    });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out };
}

/** So many ports in a row belong to a cluster. */
const portsOfOne = 50;

/** The first of as many that nobody had a moment ago. */
async function freePorts(): Promise<number> {
  for (;;) {
    const first = 20_000 + portsOfOne * Math.floor(Math.random() * 200);
    const ports = Array.from({ length: portsOfOne }, (_, i) => first + i);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return first;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  server.once('error', () => resolve(false));
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  return await promise;
}
