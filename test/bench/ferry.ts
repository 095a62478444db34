/**
 * A real ferryd for a bench, and the command line that reaches it, with all state in a temporary folder.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ferrydMain } from '../support/programs.ts';

export { ferryMain } from '../support/programs.ts';

export type Ferry = {
  /** `ferry://127.0.0.1:PORT` */
  address: string;
  fingerprint: string;
  env: NodeJS.ProcessEnv;
  /** Resident memory of the server now, MiB. */
  serverRss: () => number;
  /** The most it ever was. */
  serverPeak: () => number;
  stop: () => Promise<void>;
};

export type FerryPlace = { readonly host: string; readonly prefix: readonly string[] };

export async function startFerry(
  shared: string,
  { host, prefix }: FerryPlace = { host: '127.0.0.1', prefix: [] },
): Promise<Ferry> {
  const home = mkdtempSync(join(tmpdir(), 'ferry-bench-'));
  const env = {
    ...process.env,
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_STATE_HOME: join(home, 'state'),
    XDG_DATA_HOME: join(home, 'data'),
  };
  const listen = `${host}:0`;
  const command = [...prefix, process.execPath, ferrydMain, shared, '--listen', listen, '--open'];
  const [program = '', ...args] = command;
  const server: ChildProcess = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const { port, fingerprint } = await new Promise<{ port: string; fingerprint: string }>(
    (resolve, reject) => {
      server.once('exit', (code) => reject(new Error(`ferryd ended with exit code ${code}`)));
      if (server.stdout === null) return;
      let at = '';
      createInterface(server.stdout).on('line', (line) => {
        at = /listening on [\d.]+:(\d+)/.exec(line)?.[1] ?? at;
        const print = /^fingerprint (\S+)$/.exec(line)?.[1];
        if (print !== undefined) resolve({ port: at, fingerprint: print });
      });
    },
  );
  return {
    fingerprint,
    address: `ferry://${host}:${port}`,
    env,
    serverRss: () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024,
    serverPeak: () =>
      Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024,
    stop: async () => {
      server.kill('SIGKILL');
      await new Promise((ended) => server.once('close', ended));
      rmSync(home, { recursive: true, force: true });
    },
  };
}
