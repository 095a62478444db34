/** Whether somebody should begin to move what is in the queue. Asked by commands after every change of theirs. */

import { type Direction, isOver } from '../engine/job.ts';
import { MoverLock } from './mover-lock.ts';
import type { QueueStore } from './queue-store.ts';
import { isMovable, type StoredJob } from './stored-job.ts';

/** Cancelled while nobody moved it: what is there of it is to be removed. */
export function leavesSome({ wish, fact, order }: StoredJob, direction: Direction): boolean {
  return order.direction === direction && wish.cancelled && fact.begun && !isOver(fact.phase);
}

/** @throws {FerryError} CONFIG */
export function lacksMover(store: QueueStore): boolean {
  const wantsMover = (job: StoredJob): boolean => isMovable(job, store.settings) || leavesSome(job, 'upload');
  return store.jobs().some(wantsMover) && !MoverLock.isHeld(store.file);
}
