/** What the screen shows of a server at a moment: made of what it says now and what it said a moment before. Pure; used by the screen. */

import { type FileOnItsWay, filesOnTheirWay } from '../moving-files.ts';
import type { Rates } from '../supervisor/order.ts';
import type { ConnectionStatus } from '../supervisor/status.ts';
import type { ToldStatus } from '../supervisor/status-wire.ts';
import { type Visit, visitsOf } from '../visits.ts';
import type { WholeStatus } from '../whole-status.ts';

/** A person at one place, with all that is shown of them. */
export type Person = Visit & { readonly limits: Rates | undefined };

export type MovingFile = FileOnItsWay & {
  /** Foreign text. */
  readonly user: string;
  /** Bytes a second. */
  readonly rate: number;
};

export type Load = {
  /** A number, or an address: foreign text. */
  readonly name: string;
  readonly connections: number;
  /** 0 … 1 of the time it worked; of a server its threads together. undefined: it does not answer. */
  readonly load: number | undefined;
};

export type Sample = {
  readonly people: readonly Person[];
  readonly moving: readonly MovingFile[];
  /** Of several servers by server, of one by thread. */
  readonly loads: readonly Load[];
  /** Bytes a second to and from all clients. */
  readonly downRate: number;
  readonly upRate: number;
  /** Waits a second that rates made. */
  readonly waitRate: number;
  readonly strangers: number;
  readonly lanes: number;
};

/** A look at the server, or at several. */
export type Look = {
  readonly status: WholeStatus;
  readonly sample: Sample;
  /** Milliseconds since 1970. */
  readonly ms: number;
};

/** Looks that rates of single files and people are made of: slow ones move a block only now and then. */
export const looksForRates = 5;

/** @param before the looks before this one at the same server, the newest last; without any, there are no rates */
export function sampleOf(now: WholeStatus, nowMs: number, before: readonly Look[]): Sample {
  const last = before.at(-1);
  const oldest = before.at(-looksForRates) ?? before[0];
  const secondsSince = (look: Look | undefined): number =>
    Math.max(0.001, (nowMs - (look?.ms ?? nowMs)) / 1000);
  const seconds = secondsSince(last);
  const earlier = last?.status;
  const visits = visitsOf(
    now.connections,
    oldest === undefined ? now.connections : countedFrom(now, oldest.status),
    secondsSince(oldest),
  );
  const limits = new Map(now.slowed.map(({ sessionId, down, up }) => [sessionId, { down, up }]));
  // By server: one that comes has counted for long, and one that goes takes its counts along.
  const rate = (pick: (status: ToldStatus) => number): number =>
    now.servers.reduce((sum, { id, status }) => {
      const then = statusOf(earlier, id);
      if (status === undefined || then === undefined) return sum;
      return sum + Math.max(0, pick(status) - pick(then)) / seconds;
    }, 0);
  return {
    people: visits.map((visit) => ({ ...visit, limits: limits.get(visit.sessionId) })),
    moving: movingOf(now, nowMs, before.slice(-looksForRates), visits),
    loads: now.servers.flatMap(({ id, name, status }): readonly Load[] => {
      const loads = status === undefined ? [] : threadLoads(status, statusOf(earlier, id), seconds);
      return now.servers.length === 1 ? loads : [togetherOf(name, loads)];
    }),
    downRate: rate(({ figures }) => figures.sent),
    upRate: rate(({ figures }) => figures.received),
    waitRate: rate(({ figures }) => figures.waits),
    strangers: now.connections.filter(({ kind }) => kind === 'stranger').length + now.waiting,
    lanes: now.connections.filter(({ kind }) => kind === 'lane').length,
  };
}

/** What earlier counts are held against: of servers that were not heard then, from now on. */
function countedFrom(now: WholeStatus, then: WholeStatus): readonly ConnectionStatus[] {
  if (now.servers.length === 1) return then.connections;
  const heard = new Set(then.servers.filter(({ status }) => status !== undefined).map(({ name }) => name));
  return [...then.connections, ...now.connections.filter(({ server = '' }) => !heard.has(server))];
}

function statusOf(whole: WholeStatus | undefined, id: string): ToldStatus | undefined {
  return whole?.servers.find((server) => server.id === id)?.status;
}

function threadLoads(
  { threads }: ToldStatus,
  then: ToldStatus | undefined,
  seconds: number,
): readonly (Load & { readonly load: number })[] {
  const before = new Map(then?.threads.map(({ index, activeMs }) => [index, activeMs]));
  return threads.map(({ index, connections, activeMs }) => ({
    name: `${index}`,
    connections,
    // A worker that replaced a dead one begins at nothing.
    load: clamp((activeMs - (before.get(index) ?? activeMs)) / 1000 / seconds),
  }));
}

/** One that does not answer has no threads. */
function togetherOf(name: string, loads: readonly (Load & { readonly load: number })[]): Load {
  const sum = (pick: (one: (typeof loads)[number]) => number): number =>
    loads.reduce((all, one) => all + pick(one), 0);
  return {
    name,
    connections: sum(({ connections }) => connections),
    load: loads.length === 0 ? undefined : sum(({ load }) => load) / loads.length,
  };
}

function movingOf(
  now: WholeStatus,
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
