/** `ferry queue run`: moves what is in the queue until nothing is left. Started in the background by `--detach`. */

import { codeName, show } from '@ferry/protocol';
import { BlockPool } from '@ferry/protocol/content';
import { poolBuffers } from '../engine/engine-core.ts';
import { JobQueue } from '../engine/job-queue.ts';
import { Servers } from '../engine/servers.ts';
import { untilNothingLeft } from '../engine/until-nothing-left.ts';
import { client, places } from './connect.ts';
import { ExitCode } from './exit-code.ts';
import { writesBeside } from './move.ts';

/** A server that is away is tried again for ever: its jobs wait. @throws {FerryError} CONFIG */
export async function runQueue(): Promise<ExitCode> {
  const pool = new BlockPool(poolBuffers);
  const servers = new Servers({
    deviceKeyFile: places.deviceKeyFile,
    knownServersFile: places.knownServersFile,
    client,
    attempts: { first: Number.POSITIVE_INFINITY, laterMs: Number.POSITIVE_INFINITY },
    pool,
  });
  let told: string | undefined;
  const queue = new JobQueue({
    queueFile: places.queueFile,
    servers,
    ownKey: undefined,
    pool,
    writesBeside,
    emit: (event) => {
      if (event.kind !== 'queue' || event.status.notice === undefined) return;
      const [code, message] = event.status.notice;
      if (message !== told) process.stderr.write(`ferry: ${show(message)} [${codeName(code)}]\n`);
      told = message;
    },
  });
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort();
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    await untilNothingLeft(queue, interrupted.signal);
    return interrupted.signal.aborted ? ExitCode.interrupted : ExitCode.done;
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    const closing = queue.close();
    servers.close();
    await closing;
  }
}
