/** `--detach`: jobs into the shared queue, and somebody to move them if nobody does. */

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { codeName, show } from '@ferry/protocol';
import { forgetDownload } from '../engine/forget-partials.ts';
import { lacksMover, leavesSome } from '../queue/lacks-mover.ts';
import { MoverLock } from '../queue/mover-lock.ts';
import { QueueStore } from '../queue/queue-store.ts';
import { type QueueOrder, toJob } from '../queue/stored-job.ts';
import { places } from './connect.ts';
import { jsonJob, toJsonLine } from './printer-json.ts';
import { shownPath } from './printer-text.ts';

/** Opens the queue for one command and says on stderr what the user must hear about it. @throws {FerryError} CONFIG, IO_ERROR */
export function withStore<T>(use: (store: QueueStore) => T): T {
  const store = QueueStore.open(places.queueFile);
  try {
    if (store.notice !== undefined) {
      const { code, message } = store.notice;
      process.stderr.write(`ferry: ${show(message)} [${codeName(code)}]\n`);
    }
    return use(store);
  } finally {
    store.close();
  }
}

/** Returns once the jobs are on the disk. @throws {FerryError} CONFIG, IO_ERROR */
export function enqueue(orders: readonly QueueOrder[], { json }: { json?: boolean }): void {
  withStore((store) => {
    const ids = store.add(orders, Date.now());
    for (const id of ids) {
      const row = store.get(id);
      if (row === undefined) continue;
      const job = toJob(row, store.settings);
      process.stdout.write(
        json === true
          ? toJsonLine({ event: 'queued', ...jsonJob(job) })
          : `${id}  ${shownPath(job.source.slice(-1))}\n`,
      );
    }
    ensureMover(store);
  });
}

/** What is here of downloads that were cancelled goes at once, unless somebody moves the jobs, who does it then. @throws {FerryError} CONFIG */
export function forgetCancelled(store: QueueStore): void {
  const gone = store.jobs().filter((job) => leavesSome(job, 'download'));
  if (gone.length === 0) return;
  const lock = MoverLock.take(store.file);
  try {
    if (lock !== undefined) for (const { order } of gone) forgetDownload(order);
  } finally {
    lock?.release();
  }
}

/** Starts a ferry in the background that moves what there is to move, unless one does already. */
export function ensureMover(store: QueueStore): void {
  if (!lacksMover(store)) return;
  const main = fileURLToPath(new URL('../main.ts', import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, main, 'queue', 'run'], {
    cwd: '/',
    detached: true,
    stdio: 'ignore',
  });
  child.unref();
}
