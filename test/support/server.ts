/** A real ferryd as a child process, with homes of its own. */

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { ferrydMain } from './programs.ts';
import { type Afterwards, scratchFolder } from './scratch.ts';

export { ferrydMain as ferryd } from './programs.ts';

export type ServerOpts = {
  readonly dir: string;
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** A command that starts it, with its own arguments: `['prlimit', '--nofile=256']`. */
  readonly through?: readonly string[];
  /** Homes of an earlier server, to start it again; default: new ones. */
  readonly home?: string;
  /** Default: any free loopback port. */
  readonly listen?: string;
};

export type Server = {
  readonly host: string;
  readonly port: number;
  readonly fingerprint: string;
  /** The invite it printed, if it printed one. */
  readonly invite: string | undefined;
  readonly pid: number;
  readonly home: string;
  /** The first group of the line of its greeting that matches. */
  readonly said: (pattern: RegExp) => string;
  /** What it has logged so far. */
  readonly log: () => string;
  /** Resolves with the first log line that matches, now or later. */
  readonly logged: (pattern: RegExp) => Promise<string>;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** The exit code; null for a signal's death. */
  readonly ended: Promise<number | null>;
};

/** The environment of a user of their own, with this home. */
export function userEnv(home: string, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _, ...inherited } = process.env;
  return {
    ...inherited,
    HOME: home,
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_STATE_HOME: join(home, 'state'),
    XDG_DATA_HOME: join(home, 'data'),
    ...more,
  };
}

/** Started on a free loopback port and taking connections; killed after the test if it still lives. */
export async function startServer(afterwards: Afterwards, opts: ServerOpts): Promise<Server> {
  const home = opts.home ?? scratchFolder(afterwards);
  // The last of two says how many; more than one cost as much as most tests.
  const args = [
    ...[ferrydMain, opts.dir, '--listen', opts.listen ?? '127.0.0.1:0', '--threads', '1'],
    ...(opts.args ?? []),
  ];
  const [command, ...before] = [...(opts.through ?? []), process.execPath];
  const child = spawn(command ?? process.execPath, [...before, ...args], {
    env: userEnv(home, opts.env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  afterwards.after(() => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  });
  const log = collectLog(child);
  const { port, fingerprint, invite, greeting } = await readGreeting(child, log.text);
  return {
    host: '127.0.0.1',
    port,
    fingerprint,
    invite,
    pid: child.pid ?? 0,
    home,
    said: (pattern) => {
      const [, found] = greeting.map((line) => pattern.exec(line)).find((match) => match !== null) ?? [];
      if (found === undefined) throw new Error(`ferryd did not say ${pattern}`);
      return found;
    },
    log: log.text,
    logged: log.logged,
    signal: (signal) => child.kill(signal),
    ended,
  };
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

function collectLog(child: Child): { text: () => string; logged: (pattern: RegExp) => Promise<string> } {
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  createInterface(child.stderr).on('line', (line) => {
    lines.push(line);
    for (const look of waiting) look();
  });
  return {
    text: () => lines.join('\n'),
    logged: (pattern) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = lines.find((line) => pattern.test(line));
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
  };
}

/** The last line of what ferryd says on stdout once it is up. */
const lastLine = /^(?:open: | {2}ferry ferry:|to let somebody in: )/;

async function readGreeting(
  child: Child,
  log: () => string,
): Promise<{ port: number; fingerprint: string; invite: string | undefined; greeting: readonly string[] }> {
  const greeting: string[] = [];
  let port = 0;
  let fingerprint = '';
  for await (const line of createInterface(child.stdout)) {
    greeting.push(line);
    port = Number(/^listening on .*:([0-9]+)$/.exec(line)?.[1] ?? port);
    fingerprint = /^fingerprint (\S+)$/.exec(line)?.[1] ?? fingerprint;
    if (lastLine.test(line)) {
      return { port, fingerprint, invite: /ferry:\/\/\S+#\S+/.exec(line)?.[0], greeting };
    }
  }
  throw new Error(`ferryd did not start:\n${log()}`);
}
