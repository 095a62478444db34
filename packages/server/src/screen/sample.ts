/** What the screen shows of a server at a moment: made of what it says now and what it said a moment before. Pure; used by the screen. */

import { type FileOnItsWay, filesOnTheirWay } from '../moving-files.ts';
import type { Rates } from '../supervisor/order.ts';
import type { ServerStatus } from '../supervisor/status.ts';
import { type Visit, visitsOf } from '../visits.ts';

/** A person at one place, with all that is shown of them. */
export type Person = Visit & { readonly limits: Rates | undefined };

export type MovingFile = FileOnItsWay & {
  /** Foreign text. */
  readonly user: string;
  /** Bytes a second. */
  readonly rate: number;
};

export type Sample = {
  readonly people: readonly Person[];
  readonly moving: readonly MovingFile[];
  /** By thread: 0 … 1 of the time it worked. */
  readonly loads: readonly { readonly index: number; readonly connections: number; readonly load: number }[];
  /** Bytes a second to and from all clients. */
  readonly downRate: number;
  readonly upRate: number;
  /** Waits a second that rates made. */
  readonly waitRate: number;
  readonly strangers: number;
  readonly lanes: number;
};

/** A look at the server. */
export type Look = {
  readonly status: ServerStatus;
  readonly sample: Sample;
  /** Milliseconds since 1970. */
  readonly ms: number;
};

/** Looks that rates of single files and people are made of: slow ones move a block only now and then. */
export const looksForRates = 5;

/** @param before the looks before this one at the same server, the newest last; without any, there are no rates */
export function sampleOf(now: ServerStatus, nowMs: number, before: readonly Look[]): Sample {
  const last = before.at(-1);
  const oldest = before.at(-looksForRates) ?? before[0];
  const secondsSince = (look: Look | undefined): number =>
    Math.max(0.001, (nowMs - (look?.ms ?? nowMs)) / 1000);
  const seconds = secondsSince(last);
  const earlier = last?.status;
  const visits = visitsOf(
    now.connections,
    oldest?.status.connections ?? now.connections,
    secondsSince(oldest),
  );
  const limits = new Map(now.slowed.map(({ sessionId, down, up }) => [sessionId, { down, up }]));
  const rate = (pick: (status: ServerStatus) => number): number =>
    earlier === undefined ? 0 : Math.max(0, (pick(now) - pick(earlier)) / seconds);
  const busyBefore = new Map(earlier?.threads.map(({ index, activeMs }) => [index, activeMs]));
  return {
    people: visits.map((visit) => ({ ...visit, limits: limits.get(visit.sessionId) })),
    moving: movingOf(now, nowMs, before.slice(-looksForRates), visits),
    loads: now.threads.map(({ index, connections, activeMs }) => ({
      index,
      connections,
      // A worker that replaced a dead one begins at nothing.
      load: clamp((activeMs - (busyBefore.get(index) ?? activeMs)) / 1000 / seconds),
    })),
    downRate: rate(({ figures }) => figures.sent),
    upRate: rate(({ figures }) => figures.received),
    waitRate: rate(({ figures }) => figures.waits),
    strangers: now.connections.filter(({ kind }) => kind === 'stranger').length + now.waiting,
    lanes: now.connections.filter(({ kind }) => kind === 'lane').length,
  };
}

function movingOf(
  now: ServerStatus,
  nowMs: number,
  before: readonly Look[],
  visits: readonly Visit[],
): readonly MovingFile[] {
  const users = new Map(visits.map(({ sessionId, user }) => [sessionId, user]));
  /** The first and the last look that saw it. */
  const seen = new Map<string, { readonly first: MovingFile; readonly ms: number; last: MovingFile }>();
  for (const { sample, ms } of before) {
    for (const file of sample.moving) {
      const known = seen.get(file.key);
      if (known === undefined) seen.set(file.key, { first: file, ms, last: file });
      else known.last = file;
    }
  }
  return filesOnTheirWay(now.moving).map((file) => {
    const then = seen.get(file.key);
    // A lane that has let go takes what it carried out of the sum; the file has it all the same.
    const done = Math.max(then?.last.done ?? 0, file.done);
    const seconds = Math.max(0.001, (nowMs - (then?.ms ?? nowMs)) / 1000);
    return {
      ...file,
      done,
      user: users.get(file.sessionId) ?? '',
      rate: then === undefined ? 0 : (done - then.first.done) / seconds,
    };
  });
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}
