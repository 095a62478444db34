/** A real nats-server for tests, on a free port with a scratch folder; killed and started again at will. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Afterwards, scratchFolder } from './scratch.ts';

export type TestNats = {
  /** `nats://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  /** Without a word, as by a power cut; what it keeps on its disk stays. */
  readonly kill: () => Promise<void>;
  /** At the same port. */
  readonly start: () => Promise<void>;
  /** It takes and says nothing until `go`, as a node that hangs. */
  readonly freeze: () => void;
  readonly go: () => void;
};

/** For a test's options: left out, with this line, where there is no nats-server. */
export const withoutNats: { readonly skip: string | false } = {
  skip: spawnSync('nats-server', ['--version']).error === undefined ? false : 'nats-server is not installed',
};

/** @param config further lines of its configuration */
export async function startNats(afterwards: Afterwards, config = ''): Promise<TestNats> {
  const folder = scratchFolder(afterwards);
  let port = -1;
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const ports = join(folder, 'ports');
    rmSync(ports, { recursive: true, force: true });
    mkdirSync(ports);
    const file = join(folder, 'nats.conf');
    writeFileSync(
      file,
      `listen: "127.0.0.1:${port}"\nports_file_dir: "${ports}"\njetstream { store_dir: "${folder}/data" }\n${config}\n`,
    );
    child = spawn('nats-server', ['-c', file], { stdio: 'ignore' });
    for (;;) {
      const [told] = globSync(join(ports, '*.ports'));
      const text = told === undefined ? '' : readFileSync(told, 'utf8');
      const found = /"(?:nats|tls):\/\/[^"]*:([0-9]+)"/.exec(text)?.[1];
      if (found !== undefined) {
        port = Number(found);
        return;
      }
      if (child.exitCode !== null) throw new Error(`nats-server ended with ${child.exitCode}`);
      await pause(10);
    }
  };
  const kill = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  afterwards.after(() => void kill());
  await start();
  return {
    get url() {
      return `nats://127.0.0.1:${port}`;
    },
    get port() {
      return port;
    },
    kill,
    start,
    freeze: () => child?.kill('SIGSTOP'),
    go: () => child?.kill('SIGCONT'),
  };
}

/** Three nodes of one cluster, of which any two go on alone. */
export async function startNatsCluster(
  afterwards: Afterwards,
): Promise<readonly [TestNats, TestNats, TestNats]> {
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  const routes = ports.map((port) => `"nats://127.0.0.1:${port}"`).join(', ');
  const node = (n: number): Promise<TestNats> =>
    startNats(
      afterwards,
      `server_name: n${n}\ncluster { name: test, listen: "127.0.0.1:${ports[n]}", routes: [ ${routes} ] }`,
    );
  return await Promise.all([node(0), node(1), node(2)]);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
