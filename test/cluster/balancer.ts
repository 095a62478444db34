/** A real haproxy with the file that docs/SCALE.md shows, in front of up to three servers. Main thread of a test file. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const config = join(fileURLToPath(import.meta.url), '../../../deploy/haproxy.cfg');

export type Behind = { readonly port: number; readonly healthPort: number };

export type Balancer = {
  readonly port: number;
  /** With SIGKILL; every connection through it ends. */
  readonly kill: () => Promise<void>;
  /** Again, on the same port. Resolves when it takes connections. */
  readonly start: () => Promise<void>;
  /** What it has said on stderr. */
  readonly log: () => string;
};

/** Not started yet. @param behind at most three; of fewer the rest counts as dead */
export function newBalancer(port: number, behind: readonly Behind[]): Balancer {
  let child: ChildProcess | undefined;
  let log = '';
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    FERRY_BIND: `127.0.0.1:${port}`,
    FERRY_CONNECTIONS: '2000',
  };
  for (const number of [1, 2, 3]) {
    const one = behind[number - 1];
    // Port 1: nobody answers there.
    env[`FERRY_${number}`] = `127.0.0.1:${one?.port ?? 1}`;
    env[`FERRY_${number}_HEALTH`] = String(one?.healthPort ?? 1);
  }
  return {
    port,
    log: () => log,
    kill: async () => {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
    start: async () => {
      const started = spawn('haproxy', ['-db', '-f', config], { env, stdio: ['ignore', 'ignore', 'pipe'] });
      child = started;
      started.stderr.on('data', (bytes: Buffer) => {
        log = (log + bytes.toString()).slice(-65_536);
      });
      while (!(await answers(port))) {
        if (started.exitCode !== null) throw new Error(`haproxy ended:\n${log}`);
        await rest(20);
      }
    },
  };
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
