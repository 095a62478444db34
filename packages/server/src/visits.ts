/** Who is connected, as people see it. Pure; `ferryd status` and the screen on the main thread, sessions of owners on worker threads. */

import type { ConnectionStatus } from './supervisor/status.ts';

/** A person at one place: a session, with its lanes. */
export type Visit = {
  /** Hex. */
  readonly sessionId: string;
  readonly user: string;
  readonly source: string;
  /** The one that has the session, where several are looked at together. */
  readonly server?: string;
  readonly sinceMs: number;
  readonly lanes: number;
  readonly received: number;
  readonly sent: number;
  /** Bytes a second, from them and to them. */
  readonly upRate: number;
  readonly downRate: number;
};

/** Sessions with what they and their lanes have moved; what a lane that ended had moved is not counted any more. Pure. */
export function visitsOf(
  now: readonly ConnectionStatus[],
  earlier: readonly ConnectionStatus[],
  seconds: number,
): readonly Visit[] {
  // Each server counts its connections by itself.
  const keyOf = ({ server, id }: ConnectionStatus): string => `${server ?? ''} ${id}`;
  const before = new Map(earlier.map((connection) => [keyOf(connection), connection]));
  const sum = (of: readonly ConnectionStatus[], pick: (one: ConnectionStatus) => number): number =>
    of.reduce((total, one) => total + pick(one), 0);
  const bySession = Map.groupBy(
    now.filter(({ kind }) => kind !== 'stranger'),
    ({ sessionId }) => sessionId,
  );
  return [...bySession.values()].flatMap((connections) => {
    const sorted = connections.toSorted((a, b) => a.sinceMs - b.sinceMs);
    // Clocks of several servers differ: a lane may seem to be older than its session.
    const first = sorted.find(({ kind }) => kind === 'session') ?? sorted[0];
    if (first === undefined) return [];
    const rate = (pick: (one: ConnectionStatus) => number): number =>
      Math.round(
        sum(connections, (one) => {
          const then = before.get(keyOf(one));
          return pick(one) - (then === undefined ? 0 : pick(then));
        }) / Math.max(seconds, 0.001),
      );
    return [
      {
        sessionId: first.sessionId ?? '',
        user: first.user ?? '',
        source: first.source,
        ...(first.server === undefined ? {} : { server: first.server }),
        sinceMs: first.sinceMs,
        lanes: connections.filter(({ kind }) => kind === 'lane').length,
        received: sum(connections, (one) => one.received),
        sent: sum(connections, (one) => one.sent),
        upRate: rate((one) => one.received),
        downRate: rate((one) => one.sent),
      },
    ];
  });
}
