/**
 * Servers behind a balancer as the rounds of rounds.ts see them: one address, parts that can be killed, and what the store holds,
 * asked without any ferryd. Made in two ways: one ferryd on a folder here, and in cluster-fleet.ts three on object storage and NATS.
 */

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { parseAddress } from '@ferry/protocol/session';
import { type Afterwards, scratchFolder } from '../support/scratch.ts';
import { ferryd, type Server, startServer, userEnv } from '../support/server.ts';
import { type Balancer, type Behind, newBalancer } from './balancer.ts';
import { unitCommand } from './unit.ts';

/** Something that dies and comes back. */
export type Part = {
  readonly name: string;
  /** With SIGKILL. */
  readonly kill: () => Promise<void>;
  /** Resolves when it has been started, which may be before it answers. */
  readonly start: () => Promise<void>;
  /** Resolves when it has caught up with what it missed, so that another may die. */
  readonly healed: () => Promise<void>;
};

export type Fleet = {
  /** `127.0.0.1:PORT` of the balancer, whose servers all show the same fingerprint. */
  readonly host: string;
  readonly port: number;
  readonly fingerprint: string;
  /** In the order in which rounds kill them. */
  readonly parts: readonly Part[];
  readonly servers: readonly Member[];
  /** Of an account of that name, for so many devices; tried again while no one can make it. */
  readonly invite: (user: string, uses: number) => Promise<Uint8Array>;
  /** SHA-256 (hex) of what the store holds, by path; asked of the store itself. */
  readonly stored: () => Promise<ReadonlyMap<string, string>>;
  /** The same, and nothing of it remembered from an earlier look. */
  readonly storedAfresh: () => Promise<ReadonlyMap<string, string>>;
  /** What its servers have logged, for whoever looks for a fault. */
  readonly log: () => string;
};

/** One ferryd of a fleet, on the same port for as long as the fleet lives. */
export class Member {
  readonly behind: Behind;
  readonly home: string;
  readonly #afterwards: Afterwards;
  readonly #args: MemberArgs;
  readonly #env: NodeJS.ProcessEnv;
  #server: Server | undefined;
  #logged = '';
  #peakMiB = 0;

  constructor(
    afterwards: Afterwards,
    { behind, home, args, env = {} }: Pick<Member, 'behind' | 'home'> & MemberOpts,
  ) {
    this.#afterwards = afterwards;
    this.behind = behind;
    this.home = home;
    this.#args = args;
    this.#env = env;
  }

  /** The one that runs, or ran last. */
  get server(): Server {
    if (this.#server === undefined) throw new Error('it was never started');
    return this.#server;
  }

  /** The most memory that any of its processes had, MiB. */
  get peakMiB(): number {
    return Math.max(this.#peakMiB, this.#peakNow());
  }

  get log(): string {
    return `${this.#logged}\n${this.#server?.log() ?? ''}`;
  }

  async start(): Promise<void> {
    const { port, healthPort } = this.behind;
    const { files, bus, options = [] } = this.#args;
    const [listen, metrics] = [`127.0.0.1:${port}`, `127.0.0.1:${healthPort}`];
    const more = ['--threads', '2', ...options];
    const alone = { dir: files, listen, args: ['--behind', '127.0.0.1', '--metrics', metrics, ...more] };
    const command =
      bus === undefined
        ? alone
        : unitCommand({
            FERRY_FILES: files,
            FERRY_BUS: bus,
            FERRY_BALANCER: '127.0.0.1',
            FERRY_LISTEN: listen,
            FERRY_METRICS: metrics,
            FERRY_OPTIONS: more.join(' '),
          });
    this.#logged = this.log.slice(-65_536);
    this.#server = await startServer(this.#afterwards, { ...command, home: this.home, env: this.#env });
  }

  async kill(): Promise<void> {
    this.#peakMiB = this.peakMiB;
    this.server.signal('SIGKILL');
    await this.server.ended;
  }

  #peakNow(): number {
    if (this.#server === undefined) return 0;
    try {
      const status = readFileSync(`/proc/${this.#server.pid}/status`, 'utf8');
      return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
    } catch {
      return 0;
    }
  }
}

export type MemberArgs = {
  readonly files: string;
  /** With one it is started as deploy/ferryd@.service says. */
  readonly bus?: string;
  readonly options?: readonly string[];
};

export type MemberOpts = {
  readonly args: MemberArgs;
  readonly env?: NodeJS.ProcessEnv;
};

/** One ferryd that shares a folder, behind haproxy. */
export async function localFleet(afterwards: Afterwards): Promise<Fleet> {
  const folder = scratchFolder(afterwards);
  const member = new Member(afterwards, {
    home: scratchFolder(afterwards),
    behind: { port: await freePort(), healthPort: await freePort() },
    args: { files: folder },
  });
  await member.start();
  const balancer = await startBalancer(afterwards, [member]);
  return {
    host: '127.0.0.1',
    port: balancer.port,
    fingerprint: member.server.fingerprint,
    parts: [partOf('ferryd', member), partOf('haproxy', balancer)],
    servers: [member],
    invite: (user, uses) => inviteFrom(member, user, uses),
    stored: async () => digestsIn(folder),
    storedAfresh: async () => digestsIn(folder),
    log: () => member.log,
  };
}

export function partOf(name: string, one: Pick<Part, 'kill' | 'start'>): Part {
  return { name, kill: () => one.kill(), start: () => one.start(), healed: async () => {} };
}

/** In front of these, and gone after the test. */
export async function startBalancer(afterwards: Afterwards, members: readonly Member[]): Promise<Balancer> {
  const balancer = newBalancer(
    await freePort(),
    members.map(({ behind }) => behind),
  );
  afterwards.after(() => void balancer.kill());
  await balancer.start();
  return balancer;
}

/** By the owner's command beside this server; `more` are further options of it. */
export async function inviteFrom(
  member: Member,
  user: string,
  uses: number,
  more: { readonly args?: readonly string[]; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Uint8Array> {
  const args = ['invite', '--user', user, '--uses', String(uses), ...(more.args ?? [])];
  const child = spawn(process.execPath, [ferryd, ...args], {
    env: userEnv(member.home, more.env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => {
      out += bytes.toString();
    });
  await once(child, 'close');
  const token = parseAddress(/ferry:\/\/\S+/.exec(out)?.[0] ?? '').invite?.token;
  if (child.exitCode !== 0 || token === undefined) throw new Error(`no invite: ${out}`);
  return token;
}

/** SHA-256 of every file below, what ferry keeps for itself left out. */
export function digestsIn(folder: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const walk = (below: string): void => {
    for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
      const name = join(below, entry.name);
      if (entry.name === '.ferry') continue;
      if (entry.isDirectory()) walk(name);
      else found.set(name, digestOf(readFileSync(join(folder, name))));
    }
  };
  mkdirSync(folder, { recursive: true });
  walk('');
  return found;
}

export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Nobody had it a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a port without a number');
  return address.port;
}
