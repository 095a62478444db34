/**
 * Where bytes of TLS sockets arrive: one buffer for all of a thread, as each read is looked at before the next. As events they
 * would come in a new buffer each, 16 KiB at most, which costs a receiver half its time and keeps the collector busy.
 * Called by socket.ts; I/O threads.
 */

import type { TLSSocket } from 'node:tls';

/** TLS gives out one record at a time. */
const recordBytes = 16 * 1024;
const arrivals = Buffer.alloc(recordBytes);

/** Gets each read, valid only during the call. @returns whether more is wanted now */
export type Take = (bytes: Buffer) => boolean;

/** As a socket wants it when it is made. */
export type Onread = { readonly buffer: Uint8Array; readonly callback: (count: number) => boolean };

export function onreadOf(take: Take): Onread {
  return { buffer: arrivals, callback: (count) => take(arrivals.subarray(0, count)) };
}

/**
 * The same for a socket over an accepted one, which does not heed `onread` (seen on Node 24.21 and 26.10): what the option
 * would have set is set here. Where Node has changed that, bytes come as events. To be called before any has come.
 */
export function readInto(socket: TLSSocket, take: Take): void {
  const [buffer, callback] = ['kBuffer', 'kBufferCb'].map((name) =>
    Object.getOwnPropertySymbols(socket).find((symbol) => symbol.description === name),
  );
  const handle: unknown = Reflect.get(socket, '_handle');
  if (buffer !== undefined && callback !== undefined && isStream(handle)) {
    const onread = onreadOf(take);
    handle.useUserBuffer(onread.buffer);
    Reflect.set(socket, buffer, onread.buffer);
    Reflect.set(socket, callback, onread.callback);
    return;
  }
  socket.pause();
  socket.on('data', take);
}

type Stream = { readonly useUserBuffer: (buffer: Uint8Array) => void };

function isStream(handle: unknown): handle is Stream {
  return (
    typeof handle === 'object' &&
    handle !== null &&
    typeof Reflect.get(handle, 'useUserBuffer') === 'function'
  );
}
