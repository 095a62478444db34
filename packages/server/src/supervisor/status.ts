/** What a running server tells its owner. Pure; main thread of the server, and `ferryd status`. */

export type ConnectionStatus = {
  readonly id: number;
  readonly source: string;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  /** Foreign text; undefined: a stranger. */
  readonly user: string | undefined;
  readonly kind: 'stranger' | 'session' | 'lane';
  readonly sessionId: string | undefined;
  /** Bytes so far. */
  readonly received: number;
  readonly sent: number;
};

export type Status = {
  readonly workers: number;
  /** Accepted and not looked at yet. */
  readonly waiting: number;
  readonly connections: readonly ConnectionStatus[];
  /** What accounts with a quota hold, of those that it was counted for. */
  readonly held: readonly { readonly account: number; readonly bytes: number; readonly files: number }[];
  /** Addresses that are kept out, and for how long, milliseconds. */
  readonly barred: readonly { readonly source: string; readonly ms: number }[];
};

/** What one server says on its status socket: one line of JSON. */
export type ServerStatus = Status & {
  readonly pid: number;
  readonly folder: string;
  readonly address: string;
  readonly sinceMs: number;
};
