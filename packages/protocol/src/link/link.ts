/**
 * A link: bytes in order between two programs, with honest backpressure. The only thing sessions and lanes know of the
 * network. Implementations: socket.ts (TLS), memory.ts (a pair within one process, for tests and simulations).
 *
 * Rules that every implementation keeps (test/suites/link.suite.ts checks them):
 * - Bytes arrive whole, once, in order, cut at any place.
 * - `send` always takes the bytes; `false` means "enough": send no more until `onDrain` was called. The bytes belong to
 *   the link until `sent` was called; `sent` is not called for bytes that were never handed on.
 * - After `pause` nothing arrives until `resume`, and what the peer sends piles up on the peer's side, not here, but for
 *   a bounded rest.
 * - `close` lets accepted bytes go out, then ends; `abort` ends now. Both are idempotent; after either nothing arrives
 *   and `send` drops what it is given.
 * - `onEnd` is called exactly once, however the link ends: without an error after a clean end by either side.
 */

import type { FerryError } from '../errors.ts';

export type LinkReader = {
  /** Valid only during the call: the buffer is used again. */
  onData: (bytes: Buffer) => void;
  onDrain: () => void;
  onEnd: (error: FerryError | undefined) => void;
};

export interface Link {
  /** `host:port` of the other side, for logs. */
  readonly peer: string;
  /** Bytes sent and not yet handed to the network. */
  readonly bufferedBytes: number;
  /** Begins delivery. Called once; nothing arrives before. */
  start(reader: LinkReader): void;
  send(bytes: Uint8Array, sent?: () => void): boolean;
  pause(): void;
  resume(): void;
  close(): void;
  abort(error: FerryError): void;
  /** Key material that only the two ends of this very connection share (RFC 5705, RFC 9266). 32 bytes. */
  exportKey(label: string): Buffer;
}
