/** A TCP proxy that counts what goes through it, for tests of how much travels; it may stand for a longer line. */

import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type CountingProxy = {
  readonly port: number;
  readonly bytes: () => number;
  /** Connections that came, and those of them that are open. */
  readonly connections: () => { readonly came: number; readonly open: number };
  /** Ends those that are open. */
  readonly cut: () => void;
};

/** Closed by what is handed to `after`: a test's own, or a bench's. */
export async function countingProxy(
  t: { readonly after: (end: () => void) => void },
  targetPort: number,
  /** Each way, milliseconds; what is under way is kept in memory. */
  delayMs = 0,
): Promise<CountingProxy> {
  let bytes = 0;
  let came = 0;
  const open = new Set<Socket>();
  const count = (chunk: Buffer): void => {
    bytes += chunk.length;
  };
  const server = createServer((near) => {
    came += 1;
    open.add(near);
    near.on('close', () => open.delete(near));
    const far = connect(targetPort, '127.0.0.1');
    near.on('data', count);
    far.on('data', count);
    if (delayMs === 0) {
      near.pipe(far);
      far.pipe(near);
    } else {
      handOnLater(near, far, delayMs);
      handOnLater(far, near, delayMs);
    }
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return {
    port: (server.address() as AddressInfo).port,
    bytes: () => bytes,
    connections: () => ({ came, open: open.size }),
    cut: () => {
      for (const near of open) near.destroy();
    },
  };
}

/** Timers of one length go off in order. */
function handOnLater(from: Socket, to: Socket, delayMs: number): void {
  from.on('data', (chunk: Buffer) => setTimeout(() => to.write(chunk), delayMs));
  from.on('end', () => setTimeout(() => to.end(), delayMs));
  from.on('close', () => setTimeout(() => to.destroy(), delayMs + 100));
}
