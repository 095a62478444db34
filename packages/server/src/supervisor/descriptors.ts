/** How many connections there may be, by the descriptors that this process may have. Main thread, at start. */

import { readFileSync } from 'node:fs';
import { limits } from '@ferry/protocol';

export type Capacity = {
  /** Sockets that are not logged in. */
  readonly strangers: number;
  /** Logged-in connections beside them. */
  readonly connections: number;
};

/**
 * A part stays for files, databases and the log: when connections are many, the answer is "too many", not a failing disk.
 * Pure.
 */
export function capacityFor(descriptors: number): Capacity {
  const reserve = Math.min(limits.reservedDescriptors, Math.floor(descriptors / 2));
  const sockets = descriptors - reserve;
  const strangers = Math.max(1, Math.min(limits.strangers, Math.floor(sockets / 4)));
  return { strangers, connections: Math.max(1, Math.min(limits.connections, sockets - strangers)) };
}

/** Node raises the soft limit to the hard one by itself. Infinity where the system sets or tells none. */
export function openFilesLimit(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
