/** A TCP proxy that counts what goes through it, for tests of how much travels. */

import { type AddressInfo, connect, createServer } from 'node:net';

export type CountingProxy = { readonly port: number; readonly bytes: () => number };

/** Closed by what is handed to `after`: a test's own, or a bench's. */
export async function countingProxy(
  t: { readonly after: (end: () => void) => void },
  targetPort: number,
): Promise<CountingProxy> {
  let bytes = 0;
  const count = (chunk: Buffer): void => {
    bytes += chunk.length;
  };
  const server = createServer((near) => {
    const far = connect(targetPort, '127.0.0.1');
    near.on('data', count);
    far.on('data', count);
    near.pipe(far);
    far.pipe(near);
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { port: (server.address() as AddressInfo).port, bytes: () => bytes };
}
