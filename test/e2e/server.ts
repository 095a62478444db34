/**
 * A real ferryd for stories: as a user would start it, on a free loopback port, with everything it and its clients keep in a
 * folder that goes away with it.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ferrydMain, ferryMain } from '../support/programs.ts';

export { ferrydMain, ferryMain } from '../support/programs.ts';

export type Server = {
  /** `ferry://127.0.0.1:PORT` */
  readonly address: string;
  /** The line it printed, undefined with `--open`. */
  readonly invite: string | undefined;
  readonly port: number;
  readonly env: NodeJS.ProcessEnv;
  readonly child: ChildProcess;
  /** Everything it has printed. */
  readonly output: () => string;
  readonly stop: () => Promise<void>;
};

export type ServerOpts = {
  readonly args?: readonly string[];
  /** Default: one, as the second costs as much as most stories. */
  readonly threads?: number;
  /** To come back on the same port with the same identity. */
  readonly again?: Server;
  /** Run it as this user (root may). */
  readonly uid?: number;
  /** Beside this process's own. */
  readonly env?: NodeJS.ProcessEnv;
};

export async function startServer(
  shared: string,
  { args = ['--open'], threads = 1, again, uid, env: more }: ServerOpts = {},
): Promise<Server> {
  const home = again?.env['FERRY_TEST_HOME'] ?? mkdtempSync(join(tmpdir(), 'ferry-e2e-home-'));
  const env = {
    ...process.env,
    LANG: 'C.UTF-8',
    TERM: 'xterm-256color',
    ...more,
    FERRY_TEST_HOME: home,
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_STATE_HOME: join(home, 'state'),
    XDG_DATA_HOME: join(home, 'data'),
  };
  if (uid !== undefined) chownSync(home, uid, uid);
  const child = spawn(
    process.execPath,
    [
      ...[ferrydMain, shared, '--listen', `127.0.0.1:${again?.port ?? 0}`],
      ...['--threads', String(threads), ...args],
    ],
    {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(uid === undefined ? {} : { uid }),
    },
  );
  let output = '';
  child.stderr.on('data', (bytes: Buffer) => {
    output += bytes.toString();
  });
  let port = 0;
  let invite: string | undefined;
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`ferryd ended with ${code}: ${output}`)));
    createInterface(child.stdout).on('line', (line) => {
      output += `${line}\n`;
      port = Number(/^listening on 127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? port);
      invite = /ferry:\/\/\S+#\S+/.exec(line)?.[0] ?? invite;
      if (invite !== undefined || line.startsWith('open:') || line.startsWith('to let')) resolve();
    });
  });
  child.removeAllListeners('exit');
  return {
    address: `ferry://127.0.0.1:${port}`,
    invite,
    port,
    env,
    child,
    output: () => output,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await new Promise((ended) => child.once('exit', ended));
      }
      if (again === undefined) rmSync(home, { recursive: true, force: true });
    },
  };
}

export function browserCommand(address: string, local: string, ...args: readonly string[]): string[] {
  return [process.execPath, ferryMain, address, local, '--accept-new', ...args];
}
