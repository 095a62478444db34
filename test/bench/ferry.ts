/**
 * A real ferryd for a bench, and the command line that reaches it, with all state in a temporary folder.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
export const ferryMain = join(root, 'packages/tui/src/main.ts');
const ferrydMain = join(root, 'packages/server/src/main.ts');

export type Ferry = {
  /** `ferry://127.0.0.1:PORT` */
  address: string;
  env: NodeJS.ProcessEnv;
  /** Resident memory of the server now, MiB. */
  serverRss: () => number;
  stop: () => Promise<void>;
};

export async function startFerry(shared: string): Promise<Ferry> {
  const home = mkdtempSync(join(tmpdir(), 'ferry-bench-'));
  const env = {
    ...process.env,
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_STATE_HOME: join(home, 'state'),
    XDG_DATA_HOME: join(home, 'data'),
  };
  const server: ChildProcess = spawn(
    process.execPath,
    [ferrydMain, shared, '--listen', '127.0.0.1:0', '--open'],
    {
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const port = await new Promise<string>((resolve, reject) => {
    server.once('exit', (code) => reject(new Error(`ferryd ended with exit code ${code}`)));
    if (server.stdout === null) return;
    createInterface(server.stdout).on('line', (line) => {
      const found = /listening on 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
  return {
    address: `ferry://127.0.0.1:${port}`,
    env,
    serverRss: () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024,
    stop: async () => {
      server.kill('SIGKILL');
      await new Promise((ended) => server.once('close', ended));
      rmSync(home, { recursive: true, force: true });
    },
  };
}
