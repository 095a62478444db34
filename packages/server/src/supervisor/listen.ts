/** Opens the ports: all that were asked for, or none. Main thread. */

import { createServer, type Server, type Socket } from 'node:net';
import { Code, FerryError } from '@ferry/protocol';
import { hostPort } from '@ferry/protocol/session';
import type { ListenAddress } from '../config.ts';

export type Listener = {
  /** As asked for. */
  readonly host: string;
  /** As given: a real one also where 0 was asked for. */
  readonly port: number;
  /** Takes no further connection. Idempotent. */
  readonly close: () => void;
};

/**
 * Sockets come paused.
 * @param option what the user would say otherwise
 * @throws {FerryError} CONFIG with one clear sentence; no port is left open then
 */
export async function listenOnAll(
  addresses: readonly ListenAddress[],
  onSocket: (socket: Socket) => void,
  option = '--listen',
): Promise<readonly Listener[]> {
  const listeners: Listener[] = [];
  try {
    for (const address of addresses) {
      const listener = await listenOn(address, onSocket, option);
      if (listener !== undefined) listeners.push(listener);
    }
    if (listeners.length === 0) throw new FerryError(Code.CONFIG, 'this machine has no network to listen on');
    return listeners;
  } catch (error) {
    for (const listener of listeners) listener.close();
    throw error;
  }
}

function listenOn(
  address: ListenAddress,
  onSocket: (socket: Socket) => void,
  option: string,
): Promise<Listener | undefined> {
  const { host, port } = address;
  const server = createServer({ pauseOnConnect: true, noDelay: true }, onSocket);
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      if (address.optional && (cause.code === 'EAFNOSUPPORT' || cause.code === 'EADDRNOTAVAIL'))
        resolve(undefined);
      else reject(listenError(address, option, cause));
    });
    // Each address is its own listener, so `::` must not take IPv4 as well.
    server.listen({ host, port, ipv6Only: true }, () => {
      server.removeAllListeners('error');
      // Out of descriptors, for example: the connection is lost, the server is not.
      server.on('error', () => {});
      resolve({ host, port: portOf(server), close: () => server.close() });
    });
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('listening without a port');
  return address.port;
}

function listenError(address: ListenAddress, option: string, cause: NodeJS.ErrnoException): FerryError {
  const { port } = address;
  const where = hostPort(address);
  switch (cause.code) {
    case 'EADDRINUSE':
      return new FerryError(
        Code.CONFIG,
        `port ${port} is taken by another program: stop it, or choose another port with ${option} HOST:PORT`,
        { cause },
      );
    case 'EACCES':
      return new FerryError(
        Code.CONFIG,
        `port ${port} may not be used by this user: choose one above 1023 with ${option} HOST:PORT`,
        { cause },
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new FerryError(Code.CONFIG, `${address.host} is no address of this machine`, { cause });
    default:
      return new FerryError(
        Code.CONFIG,
        `it is not possible to listen on ${where} (${cause.code ?? 'unknown'})`,
        {
          cause,
        },
      );
  }
}
