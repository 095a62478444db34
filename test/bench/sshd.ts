/**
 * A throw-away OpenSSH server on loopback, with a key of its own, as the peer of benches and interop checks.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { must, run } from './measure.ts';

export type Sshd = {
  /** Options for scp and sftp that reach this server and no other. */
  options: readonly string[];
  target: (path: string) => string;
  host: string;
  port: number;
  /** File of the key that it lets in. */
  identity: string;
  stop: () => void;
};

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Where it listens: loopback, or a host of the long line. */
export type SshdPlace = { readonly host: string; readonly prefix: readonly string[] };

/** undefined when OpenSSH's server is not installed. */
export async function startSshd(
  { host, prefix }: SshdPlace = { host: '127.0.0.1', prefix: [] },
): Promise<Sshd | undefined> {
  const found = await run('sh', ['-c', 'command -v sshd || ls /usr/sbin/sshd']);
  if (found.code !== 0) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'ferry-sshd-'));
  for (const key of ['host', 'user'])
    await must('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, key)]);
  writeFileSync(join(folder, 'authorized'), readFileSync(join(folder, 'user.pub')), { mode: 0o600 });
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
  const port = await freePort();
  const config = [
    `Port ${port}`,
    `ListenAddress ${host}`,
    `HostKey ${join(folder, 'host')}`,
    `AuthorizedKeysFile ${join(folder, 'authorized')}`,
    'StrictModes no',
    'UsePAM no',
    'PermitRootLogin yes',
    'PidFile none',
    'Subsystem sftp internal-sftp',
  ];
  writeFileSync(join(folder, 'config'), `${config.join('\n')}\n`);
  const [program, ...args] = [...prefix, found.output.trim(), '-D', '-f', join(folder, 'config')];
  const server: ChildProcess = spawn(program, args, { stdio: 'ignore' });
  // Who is in another network namespace cannot be asked from here; it is there by the time it is needed.
  for (let tries = 0; host === '127.0.0.1' && !(await answers(port)); tries++) {
    if (tries > 500 || server.exitCode !== null) throw new Error('sshd did not start');
  }
  const login = `${userInfo().username}@${host}`;
  return {
    options: [
      '-P',
      String(port),
      '-i',
      join(folder, 'user'),
      '-o',
      'StrictHostKeyChecking=no',
      '-o',
      'UserKnownHostsFile=/dev/null',
      '-o',
      'LogLevel=ERROR',
    ],
    target: (path) => `${login}:${path}`,
    host: login,
    port,
    identity: join(folder, 'user'),
    stop: () => {
      server.kill('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
