/**
 * What carries whole messages between servers: to all of them, the sender too, or to one. Messages of one sender come in order. Any may be
 * lost; the bridge (bridge.ts) notices. Implemented over NATS (nats-wire.ts) and in memory for tests. Main thread.
 */

export type Wire = {
  /** False: it is full or broken, and the message is lost. The bytes are the wire's from now on. */
  readonly send: (payload: Uint8Array) => boolean;
  readonly sendTo: (server: string, payload: Uint8Array) => boolean;
  /** Nothing comes back any more, though it looks whole: another line is to be made. */
  readonly renew: () => void;
  /** Resolves when what was sent has gone out. Idempotent. */
  readonly close: () => Promise<void>;
};

/** To be called by an implementation, never within a call of its own. `payload` is from another server, or from whoever else is there. */
export type WireEars = {
  readonly onAll: (server: string, payload: Uint8Array) => void;
  /** To this server alone. */
  readonly onOwn: (server: string, payload: Uint8Array) => void;
  /** It was broken and is whole again: messages were lost. */
  readonly onMended: () => void;
};

/** Names one run of a server among all: 16 hex digits. */
export const serverIdForm = /^[0-9a-f]{16}$/;
