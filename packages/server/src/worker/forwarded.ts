/**
 * What a balancer says of a connection before its first byte: whose it is (PROXY protocol, version 2). Believed only of addresses that
 * the owner has named. Worker threads; the parser is pure.
 */

import type { Socket } from 'node:net';
import { Code, FerryError } from '@ferry/protocol';

/** Whose connection it is; `host` is an IP address as text. */
export type Origin = { readonly host: string; readonly port: number };

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
export const headBytes = 16;
/** Addresses and what else a balancer has to say. */
const mostBytes = 2048;
const Command = { local: 0x20, proxy: 0x21 } as const;
const Family = { tcp4: 0x11, tcp6: 0x21 } as const;

/** How many bytes come behind these {@link headBytes}. @throws {FerryError} MALFORMED */
export function restBytes(head: Buffer): number {
  const length = head.readUInt16BE(14);
  const command = head[12];
  const isKnown = command === Command.local || command === Command.proxy;
  if (head.subarray(0, signature.length).equals(signature) && isKnown && length <= mostBytes) return length;
  throw nonsense();
}

/**
 * @param head {@link headBytes} that `restBytes` took
 * @returns undefined: the balancer's own, which looks whether somebody is there
 * @throws {FerryError} MALFORMED
 */
export function originOf(head: Buffer, rest: Buffer): Origin | undefined {
  if (head[12] === Command.local) return undefined;
  if (head[13] === Family.tcp4 && rest.length >= 12) {
    return { host: rest.subarray(0, 4).join('.'), port: rest.readUInt16BE(8) };
  }
  if (head[13] === Family.tcp6 && rest.length >= 36) {
    const groups = Array.from({ length: 8 }, (_, i) => rest.readUInt16BE(2 * i).toString(16));
    return { host: groups.join(':'), port: rest.readUInt16BE(32) };
  }
  throw nonsense();
}

export type ReadOrigin = {
  /** Called once. What comes behind the origin stays in the socket's buffer, which nobody reads any more. */
  readonly onOrigin: (origin: Origin | undefined) => void;
  /** Called once instead; the socket is the callee's to destroy. CONNECTION_LOST, TIMEOUT, MALFORMED, or what ended it. */
  readonly onGone: (error: FerryError) => void;
  readonly withinMs: number;
};

/** @returns ends it with an error, if it has not come to its end */
export function readOrigin(
  socket: Socket,
  { onOrigin, onGone, withinMs }: ReadOrigin,
): (error: FerryError) => void {
  let head: Buffer | undefined;
  let isOver = false;
  const settle = (): void => {
    isOver = true;
    clearTimeout(timer);
    socket.off('readable', look).off('close', ended).off('error', ended);
  };
  const go = (error: FerryError): void => {
    if (isOver) return;
    settle();
    socket.on('error', () => {});
    onGone(error);
  };
  const ended = (): void => go(new FerryError(Code.CONNECTION_LOST, 'it left without logging in'));
  const look = (): void => {
    try {
      head ??= (socket.read(headBytes) as Buffer | null) ?? undefined;
      if (head === undefined) return;
      const length = restBytes(head);
      const rest = length === 0 ? Buffer.alloc(0) : (socket.read(length) as Buffer | null);
      if (rest === null) return;
      const origin = originOf(head, rest);
      settle();
      // Whoever comes next has not begun to listen.
      socket.on('error', () => {});
      onOrigin(origin);
    } catch (error) {
      if (!(error instanceof FerryError)) throw error;
      go(error);
    }
  };
  const timer = setTimeout(
    () => go(new FerryError(Code.TIMEOUT, 'the balancer did not say whose connection it is')),
    withinMs,
  );
  socket.on('readable', look).on('close', ended).on('error', ended);
  return go;
}

function nonsense(): FerryError {
  return new FerryError(
    Code.MALFORMED,
    'the balancer did not say whose connection it is: it has to send PROXY protocol version 2 (send-proxy-v2)',
  );
}
