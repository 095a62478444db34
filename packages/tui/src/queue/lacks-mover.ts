/** Whether somebody should begin to move what is in the queue. Asked by commands after every change of theirs. */

import { MoverLock } from './mover-lock.ts';
import type { QueueStore } from './queue-store.ts';
import { isMovable } from './stored-job.ts';

/** @throws {FerryError} CONFIG */
export function lacksMover(store: QueueStore): boolean {
  return store.jobs().some((job) => isMovable(job, store.settings)) && !MoverLock.isHeld(store.file);
}
