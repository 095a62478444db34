/** Whether a server does what it should, and if not, why. Pure; main thread. */

import { isObjectStorage } from '../storage/address.ts';
import type { ServerStatus } from '../supervisor/status.ts';

export type Health = { readonly isWell: boolean; readonly reasons: readonly string[] };

/** Less room than both of these is too little to go on with. */
const leastFreeBytes = 1024 ** 3;
const leastFreeShare = 0.01;

export function healthOf(
  status: Pick<ServerStatus, 'workers' | 'wantedWorkers' | 'isDraining' | 'folder' | 'disk' | 'audit'>,
): Health {
  const { workers, wantedWorkers, isDraining, folder, disk, audit } = status;
  const reasons = [
    ...(isDraining ? ['it is going down'] : []),
    ...(workers < wantedWorkers && !isDraining
      ? [`${wantedWorkers - workers} of ${wantedWorkers} worker threads are dead and not back yet`]
      : []),
    // A store says nothing of its room, and is there again a moment later: another server could do no better.
    ...(disk === undefined && !isObjectStorage(folder) ? ['the shared folder cannot be reached'] : []),
    ...(disk !== undefined && disk.free < leastFreeBytes && disk.free < disk.total * leastFreeShare
      ? ['the disk is nearly full']
      : []),
    ...(audit?.isBroken === true ? ['the audit log cannot be written'] : []),
  ];
  return { isWell: reasons.length === 0, reasons };
}
