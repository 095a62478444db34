/**
 * A TCP line that fails on purpose: between a client and a server on loopback it cuts, stalls, flips bits, is slow and hands
 * bytes on in odd pieces, at bytes that the test (or its seed) chose. Knows nothing of what it carries.
 */

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as rest } from 'node:timers/promises';

/** `at` counts the bytes of one connection in one direction; the byte with that number is the first one it concerns. */
export type Fault =
  /** Both sides see a reset; bytes from `at` on never arrive. */
  | { readonly at: number; readonly kind: 'reset' }
  /** Both sides see an orderly end in the middle. */
  | { readonly at: number; readonly kind: 'end' }
  | { readonly at: number; readonly kind: 'stall'; readonly ms: number }
  /** `bit` 0…7 of that byte. */
  | { readonly at: number; readonly kind: 'flip'; readonly bit: number };

/** One direction of one connection. */
export type LinePlan = {
  readonly faults?: readonly Fault[];
  readonly bytesPerSecond?: number;
  /** Bytes handed on at a time, drawn from 1 to this. Default: as they come. */
  readonly slices?: number;
};

/** `up` goes to the server. */
export type ConnectionPlan = { readonly up?: LinePlan; readonly down?: LinePlan };

export type FaultProxyOpts = {
  /** Of the server on 127.0.0.1; may be somebody else later. */
  readonly port: number;
  /** Asked for each connection when it comes; connections are numbered from 0. */
  readonly plan: (connection: number) => ConnectionPlan;
  /** Numbers from 0 up to below the argument, for slices. */
  readonly random: (below: number) => number;
};

export type FaultProxy = {
  readonly port: number;
  /** Bytes that were handed on, over all connections. */
  readonly bytes: { up: number; down: number };
  /** Faults that came to pass. */
  readonly happened: Record<Fault['kind'], number>;
  readonly connections: () => number;
  /** As `bytes`, of each connection by its number. */
  readonly each: readonly { up: number; down: number }[];
  /** Ends every connection with a reset; new ones go on being taken. */
  readonly cutAll: () => void;
  readonly close: () => Promise<void>;
};

/** The longest piece of a slow line, as a share of a second. */
const pieceOfASecond = 50;

export async function startFaultProxy({ port, plan, random }: FaultProxyOpts): Promise<FaultProxy> {
  const bytes = { up: 0, down: 0 };
  const each: { up: number; down: number }[] = [];
  const happened = { reset: 0, end: 0, stall: 0, flip: 0 };
  const open = new Set<Socket>();
  const closing = new AbortController();
  let connections = 0;

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const upstream = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const both = [client, upstream];
    const { up = {}, down = {} } = plan(connections);
    connections += 1;
    const own = { up: 0, down: 0 };
    each.push(own);
    const reset = (): void => {
      for (const socket of both) drop(socket);
    };
    /** From then on what comes is read and forgotten: unread bytes would make the end a reset. */
    let isEnded = false;
    const end = (): void => {
      isEnded = true;
      for (const socket of both) socket.end();
    };
    for (const socket of both) {
      open.add(socket);
      socket.on('error', reset);
      socket.on('close', () => open.delete(socket));
    }
    const carry = async (from: Socket, to: Socket, line: LinePlan, way: 'up' | 'down'): Promise<void> => {
      const faults = (line.faults ?? []).toSorted((a, b) => a.at - b.at);
      let at = 0;
      for await (const chunk of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        for (let left = chunk; left.length > 0 && !isEnded && to.writable; ) {
          const [fault] = faults;
          if (fault !== undefined && fault.at <= at) {
            faults.shift();
            happened[fault.kind] += 1;
            if (fault.kind === 'reset') return reset();
            if (fault.kind === 'end') end();
            else if (fault.kind === 'stall') await rest(fault.ms, undefined, { signal: closing.signal });
            else left[0] = (left[0] ?? 0) ^ (1 << fault.bit);
            continue;
          }
          const most = Math.min(
            (fault?.at ?? Number.POSITIVE_INFINITY) - at,
            line.slices === undefined ? chunk.length : 1 + random(line.slices),
            line.bytesPerSecond === undefined
              ? chunk.length
              : Math.ceil(line.bytesPerSecond / pieceOfASecond),
          );
          const piece = left.subarray(0, most);
          left = left.subarray(piece.length);
          at += piece.length;
          bytes[way] += piece.length;
          own[way] += piece.length;
          if (!to.write(piece)) await once(to, 'drain', { signal: closing.signal });
          if (line.bytesPerSecond !== undefined) {
            const ms = (piece.length * 1000) / line.bytesPerSecond;
            await rest(ms, undefined, { signal: closing.signal });
          }
        }
      }
      to.end();
    };
    // A side that is gone ends the other the same way; what was waiting for it waits no longer.
    for (const [from, to, line, way] of [
      [client, upstream, up, 'up'],
      [upstream, client, down, 'down'],
    ] as const) {
      carry(from, to, line, way).catch(reset);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  const cutAll = (): void => {
    for (const socket of open) drop(socket);
  };
  return {
    port: address.port,
    bytes,
    happened,
    connections: () => connections,
    each,
    cutAll,
    close: async () => {
      closing.abort();
      cutAll();
      server.close();
      await once(server, 'close');
    },
  };
}

/** With a reset, unless its end is on the way: libuv closes such a socket neither way then, and the process never ends. */
function drop(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else if (!socket.destroyed) socket.resetAndDestroy();
}
