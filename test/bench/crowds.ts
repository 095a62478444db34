/**
 * What crowds do to those who are served: five thousand sockets that say nothing, five hundred wrong passwords a second, ten thousand
 * sessions that do nothing. Each crowd is in a thread of its own.
 */

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { FerryError, rootPath } from '@ferry/protocol';
import { stat } from '@ferry/protocol/messages';
import { parseAddress } from '@ferry/protocol/session';
import { logInto, type Where } from '../support/client.ts';
import type { Crowd, CrowdSaid } from './crowd-thread.ts';
import { type Ferry, startFerry } from './ferry.ts';
import type { Bench, Row } from './measure.ts';

type Over = Extract<CrowdSaid, { kind: 'over' }>;

const silentMs = 60_000;
const loginsMs = 20_000;
const idleMs = 10_000;

/** At the p-th part of the way through, sorted. */
function quantile(values: readonly number[], p: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(p * values.length))] ?? 0;
}

async function msOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** Measures while the crowd is there. */
async function withCrowd(crowd: Crowd, measure: () => Promise<void>): Promise<Over> {
  const thread = new Worker(new URL('./crowd-thread.ts', import.meta.url), { workerData: crowd });
  try {
    await once(thread, 'message');
    await measure();
    thread.postMessage('over');
    const [said] = (await once(thread, 'message')) as [Over];
    return said;
  } finally {
    await thread.terminate();
  }
}

async function silentCrowd({ port }: Where): Promise<Row> {
  const logins: number[] = [];
  let refused = 0;
  const where = { host: '127.0.0.1', port };
  // As a client does: again, until it is in.
  const logIn = async (): Promise<void> => {
    for (;;)
      try {
        (await logInto(where)).channel.close();
        return;
      } catch (error) {
        if (!(error instanceof FerryError)) throw error;
        refused += 1;
      }
  };
  const { ended, oldestMs } = await withCrowd({ kind: 'silent', port, many: 5000 }, async () => {
    for (const untilMs = performance.now() + silentMs; performance.now() < untilMs; await rest(20))
      logins.push(await msOf(logIn));
  });
  return {
    what: `login beside 5,000 silent sockets for ${silentMs / 1000} s, p99 of ${logins.length}`,
    ours: `${quantile(logins, 0.99).toFixed(0)} ms`,
    peer: `${refused} tried again; ${ended} sent away, the oldest after ${(oldestMs / 1000).toFixed(1)} s`,
    ratio: '',
    goal: '≤ 500 ms, ≤ 11 s',
  };
}

/** A round trip of somebody who is logged in, again and again. */
async function stats(where: Where, forMs: number): Promise<readonly number[]> {
  const { channel } = await logInto(where);
  const took: number[] = [];
  for (const untilMs = performance.now() + forMs; performance.now() < untilMs; await rest(2))
    took.push(await msOf(() => channel.call(stat, { path: rootPath })));
  channel.close();
  return took;
}

async function loginFlood(where: Where): Promise<Row> {
  let took: readonly number[] = [];
  const { ended, answers } = await withCrowd({ kind: 'logins', port: where.port, many: 500 }, async () => {
    took = await stats(where, loginsMs);
  });
  const words = Object.entries(answers).map(([code, times]) => `${times} ${code}`);
  return {
    what: `stat beside 500 wrong passwords a second for ${loginsMs / 1000} s, p99 of ${took.length}`,
    ours: `${quantile(took, 0.99).toFixed(1)} ms`,
    peer: `${ended} answered: ${words.join(', ')}`,
    ratio: '',
    goal: '≤ 20 ms',
  };
}

async function idleCrowd(where: Where, ferry: Ferry): Promise<Row[]> {
  let took: readonly number[] = [];
  let rss = 0;
  const before = ferry.serverRss();
  const { ended } = await withCrowd({ kind: 'idle', port: where.port, many: 9999 }, async () => {
    took = await stats(where, idleMs);
    rss = ferry.serverRss();
  });
  return [
    {
      what: 'server memory, 10,000 idle sessions',
      ours: `${Math.round(rss)} MiB`,
      peer: `idle ${Math.round(before)} MiB, ${ended} lost`,
      ratio: `${(((rss - before) * 1024) / 9999).toFixed(0)} KiB each`,
      goal: '≤ 900 MiB',
    },
    {
      what: `stat beside them, p99 of ${took.length}`,
      ours: `${quantile(took, 0.99).toFixed(1)} ms`,
      peer: '',
      ratio: '',
      goal: '≤ 50 ms',
    },
  ];
}

export const crowds: Bench = {
  name: 'crowds',
  run: async () => {
    const shared = mkdtempSync(join(tmpdir(), 'ferry-bench-'));
    const rows: Row[] = [];
    try {
      // Each crowd before a server that has seen no other.
      for (const measure of [silentCrowd, loginFlood, idleCrowd]) {
        const ferry = await startFerry(shared);
        try {
          const { host, port } = parseAddress(ferry.address);
          rows.push(...[await measure({ host, port }, ferry)].flat());
        } finally {
          await ferry.stop();
        }
      }
    } finally {
      rmSync(shared, { recursive: true, force: true });
    }
    return rows;
  },
};
