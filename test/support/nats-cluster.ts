/** Three real nats-servers that keep everything three times, on free ports with scratch folders of their own; each killed and started at will. */

import { createServer } from 'node:net';
import { startNats, type TestNats } from './nats-server.ts';
import type { Afterwards } from './scratch.ts';

/** Ports that were free a moment ago: NATS has to know those of its routes before it starts. */
async function freePorts(count: number): Promise<readonly number[]> {
  const listeners = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    listeners.map(
      (listener) =>
        new Promise<number>((resolve) => {
          listener.listen(0, '127.0.0.1', () => {
            const address = listener.address();
            resolve(typeof address === 'object' && address !== null ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(listeners.map((listener) => new Promise((resolve) => listener.close(resolve))));
  return ports;
}

export type TestCluster = { readonly url: string; readonly nodes: readonly TestNats[] };

export async function startNatsCluster(afterwards: Afterwards): Promise<TestCluster> {
  const routes = await freePorts(3);
  const all = routes.map((port) => `nats://127.0.0.1:${port}`).join(', ');
  const nodes = await Promise.all(
    routes.map((port, i) =>
      startNats(
        afterwards,
        `server_name: n${i}\ncluster { name: test, listen: "127.0.0.1:${port}", routes: [${all}] }`,
      ),
    ),
  );
  return { url: nodes.map(({ url }) => url).join(','), nodes };
}
