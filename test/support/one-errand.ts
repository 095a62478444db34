/** One job of an engine in this process against a server that may be far away, and how it ended. */

import assert from 'node:assert/strict';
import { parseFingerprint } from '@ferry/protocol/session';
import { EngineCore, type EngineOpts } from '../../packages/tui/src/engine/engine-core.ts';
import type { Job, JobOrder } from '../../packages/tui/src/engine/job.ts';
import { Watch } from '../tui/engine/bench.ts';

export type Where = { readonly port: number; readonly fingerprint: EngineOpts['fingerprint'] };

/** Whom a ferryd of test/e2e/server.ts says it is. */
export function whereIs({ port, output }: { readonly port: number; readonly output: () => string }): Where {
  const fingerprint = parseFingerprint(/fingerprint (\S+)/.exec(output())?.[1] ?? '');
  assert.ok(fingerprint);
  return { port, fingerprint };
}

/** It tries for ever, first time and later. */
export function engineFor({ port, fingerprint }: Where, deviceKeyFile: string): EngineCore {
  return new EngineCore({
    address: { host: '127.0.0.1', port },
    fingerprint,
    token: undefined,
    deviceKeyFile,
    client: 'test 1',
    attempts: { first: Number.POSITIVE_INFINITY, laterMs: Number.POSITIVE_INFINITY },
  });
}

export type ErrandOpts = {
  /** While it moves; what it throws is thrown, and ends the job. */
  readonly meanwhile?: (job: () => Job | undefined) => Promise<void>;
};

/** The engine is closed afterwards, whatever happened. */
export async function runErrand(
  engine: EngineCore,
  order: JobOrder,
  { meanwhile = async () => {} }: ErrandOpts = {},
): Promise<Job> {
  try {
    const watch = new Watch(engine);
    const [id = 0] = await engine.submit([order]);
    await meanwhile(() => watch.jobs.get(id));
    return await watch.over(id);
  } finally {
    await engine.close();
  }
}
