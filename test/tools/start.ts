/**
 * `pnpm start [FOLDER]`: the whole of ferry on one machine. Starts a real ferryd on a free loopback port sharing FOLDER (or
 * a small demo folder that it makes), opens the browser on it with the caller's folder on the local side, and ends the
 * server when the browser ends. Keys, pins and logs live in a temporary folder that goes away with it.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { makeBundles } from './bundle.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const here = process.env['INIT_CWD'] ?? process.cwd();

function makeDemo(folder: string): string {
  if (existsSync(folder)) return folder;
  const file = (path: string, content: string | Buffer): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  };
  file(
    'read me first.txt',
    'This folder is shared by the ferryd that `pnpm start` runs.\nMark files with Space, copy them with F5.\n',
  );
  file('music/01 río.flac', randomBytes(9_000_000));
  file('music/02 海.flac', randomBytes(12_000_000));
  file('photos/2026/harbour.jpg', randomBytes(3_400_000));
  file('photos/2026/ferry at dawn.jpg', randomBytes(2_900_000));
  file('film/take-01.mov', randomBytes(64_000_000));
  file('film/take-02.mov', randomBytes(48_000_000));
  for (let i = 1; i <= 40; i++)
    file(`logs/day-${String(i).padStart(2, '0')}.log`, `${'all quiet\n'.repeat(i * 20)}`);
  mkdirSync(join(folder, 'empty'), { recursive: true });
  return folder;
}

/** The invite that ferryd prints once it takes connections. */
function inviteOf(server: ChildProcess): Promise<string> {
  return new Promise((found, reject) => {
    server.once('exit', (code) => reject(new Error(`ferryd ended with exit code ${code}`)));
    if (server.stdout === null) return;
    createInterface(server.stdout).on('line', (line) => {
      const invite = /ferry:\/\/\S+#\S+/.exec(line)?.[0];
      if (invite !== undefined) found(invite);
    });
  });
}

await makeBundles();
const [given] = process.argv.slice(2).filter((argument) => argument !== '--');
const shared = given === undefined ? makeDemo(join(root, 'demo')) : resolve(here, given);
const home = mkdtempSync(join(tmpdir(), 'ferry-start-'));
const env = {
  ...process.env,
  XDG_CONFIG_HOME: join(home, 'config'),
  XDG_STATE_HOME: join(home, 'state'),
  XDG_DATA_HOME: join(home, 'data'),
};
const log = join(home, 'ferryd.log');
const server = spawn(
  process.execPath,
  [join(root, 'packages/server/bin/ferryd.js'), shared, '--listen', '127.0.0.1:0'],
  {
    env,
    // Log lines would draw over the browser.
    stdio: ['ignore', 'pipe', openSync(log, 'a')],
    // Ctrl+C in the terminal is for the browser; the server is ended below.
    detached: true,
  },
);
let code = 1;
try {
  const invite = await inviteOf(server);
  const browser = spawn(process.execPath, [join(root, 'packages/tui/bin/ferry.js'), invite, here], {
    env,
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => browser.kill(signal));
  code = await new Promise((ended) => browser.once('exit', (status) => ended(status ?? 1)));
} catch (error) {
  process.stderr.write(
    readFileSync(log, 'utf8') || `${error instanceof Error ? error.message : String(error)}\n`,
  );
}
server.removeAllListeners('exit');
if (server.exitCode === null) {
  server.kill('SIGTERM');
  await new Promise((ended) => server.once('exit', ended));
}
rmSync(home, { recursive: true, force: true });
process.exitCode = code;
