/** A fleet for rounds.ts on a real cluster: servers over object storage, behind haproxy. Main thread of a test file. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { type Afterwards, scratchFolder } from '../support/scratch.ts';
import type { Cluster, Daemon } from './cluster.ts';
import {
  digestsIn,
  type Fleet,
  freePort,
  inviteFrom,
  Member,
  type Part,
  partOf,
  startBalancer,
} from './fleet.ts';

export type ClusterFleetOpts = {
  readonly servers: number;
  /** Of this run alone. */
  readonly bucket: string;
};

/** Several servers share what NATS keeps; one keeps its accounts to itself. */
export async function clusterFleet(
  afterwards: Afterwards,
  cluster: Cluster,
  { servers, bucket }: ClusterFleetOpts,
): Promise<Fleet> {
  await rclone(cluster, ['mkdir', `store:${bucket}`]);
  const hasBus = servers > 1;
  const bus = hasBus ? busOf(cluster, bucket) : [];
  const members: Member[] = [];
  for (let i = 0; i < servers; i++) {
    const home = scratchFolder(afterwards);
    const [first] = members;
    if (first !== undefined) shareIdentity(first.home, home);
    const member = new Member(afterwards, {
      home,
      behind: { port: await freePort(), healthPort: await freePort() },
      args: {
        files: `s3://${bucket}/files`,
        ...(hasBus ? { bus: cluster.bus, options: ['--bus-name', bucket] } : {}),
      },
      env: cluster.env,
    });
    // One after the other: the first makes the key that all show.
    await member.start();
    members.push(member);
  }
  const [first] = members;
  if (first === undefined) throw new Error('a fleet of no servers');
  const balancer = await startBalancer(afterwards, members);
  const mirror = scratchFolder(afterwards);
  const stored = async (folder: string): Promise<ReadonlyMap<string, string>> => {
    // What replaced something has another time in the store; what is gone there goes here.
    await rclone(cluster, [
      'sync',
      '--use-server-modtime',
      '--transfers',
      '8',
      `store:${bucket}/files`,
      folder,
    ]);
    return digestsIn(folder);
  };
  const storage = cluster.daemons.filter((daemon) => daemon.startsWith('osd.'));
  return {
    host: '127.0.0.1',
    port: balancer.port,
    fingerprint: first.server.fingerprint,
    parts: [
      ...members.map((member, i) => partOf(`ferryd ${i + 1}`, member)),
      ...storage.slice(0, 1).map((daemon) => daemonPart('a storage daemon', cluster, async () => daemon)),
      daemonPart('the gateway', cluster, async () => 'rgw'),
      ...(hasBus ? natsParts(cluster) : []),
      partOf('haproxy', balancer),
    ],
    servers: members,
    invite: (user, uses) => inviteFrom(first, user, uses, { args: bus, env: cluster.env }),
    stored: () => stored(mirror),
    storedAfresh: () => stored(scratchFolder(afterwards)),
    log: () => members.map(({ log }, i) => `── ferryd ${i + 1}\n${log}`).join('\n'),
  };
}

/** Options that let servers belong together, and to no others of this cluster. */
export function busOf({ bus }: Cluster, bucket: string): readonly string[] {
  return ['--bus', bus, '--bus-name', bucket];
}

/** The leader of what all nodes decide, and one that leads nothing of that. */
function natsParts(cluster: Cluster): readonly Part[] {
  const leader = (): Promise<Daemon | undefined> => cluster.leader('meta');
  const follower = async (): Promise<Daemon | undefined> => {
    const leads = await leader();
    return cluster.daemons.find((daemon) => daemon.startsWith('nats.') && daemon !== leads);
  };
  return [daemonPart('a NATS node', cluster, follower), daemonPart('the leader of NATS', cluster, leader)];
}

function daemonPart(name: string, cluster: Cluster, choose: () => Promise<Daemon | undefined>): Part {
  let killed: Daemon | undefined;
  return {
    name,
    kill: async () => {
      killed = await choose();
      if (killed === undefined) throw new Error(`there is no ${name}`);
      await cluster.kill(killed);
    },
    start: async () => {
      if (killed !== undefined) await cluster.start(killed);
    },
    healed: async () => {
      while (!(await cluster.isSettled()) || (await cluster.leader('meta')) === undefined) await rest(200);
    },
  };
}

/** Clients know all servers by one key. */
function shareIdentity(from: string, to: string): void {
  const folder = join(to, 'data', 'ferryd');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  copyFileSync(join(from, 'data', 'ferryd', 'identity.pem'), join(folder, 'identity.pem'));
}

/** rclone with the cluster's gateway as `store:`. Throws with what it said. */
export async function rclone(cluster: Cluster, args: readonly string[]): Promise<void> {
  const child = spawn('rclone', args, { env: rcloneEnv(cluster), stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
  await once(child, 'close');
  if (child.exitCode !== 0) throw new Error(`rclone ${args.join(' ')}: ${said}`);
}

export function rcloneEnv(cluster: Cluster): NodeJS.ProcessEnv {
  // Old ones refuse to work with it, even where nothing is secured.
  const { AWS_CA_BUNDLE: _, ...inherited } = process.env;
  return {
    ...inherited,
    ...cluster.env,
    RCLONE_CONFIG: '/dev/null',
    RCLONE_CONFIG_STORE_TYPE: 's3',
    RCLONE_CONFIG_STORE_PROVIDER: 'Ceph',
    RCLONE_CONFIG_STORE_ENV_AUTH: 'true',
    RCLONE_CONFIG_STORE_ENDPOINT: cluster.env['AWS_ENDPOINT_URL_S3'],
  };
}
