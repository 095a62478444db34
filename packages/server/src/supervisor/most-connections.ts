/** How many connections a server takes, so that files, logs and commits never lack a descriptor. Main thread, at start. */

import { readFileSync } from 'node:fs';
import { limits } from '@ferry/protocol';

/** Descriptors that are not for connections. */
const kept = 512;

/** What this process may have open allows, or limits.connections, whichever is less. */
export function mostConnections(): number {
  try {
    return fromLimits(readFileSync('/proc/self/limits', 'latin1'));
  } catch {
    return limits.connections;
  }
}

/** @param text as the kernel writes it. Pure. */
export function fromLimits(text: string): number {
  const [, soft = ''] = /^Max open files\s+(\S+)/m.exec(text) ?? [];
  const open = soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
  if (!(open > 0)) return limits.connections;
  // Of few descriptors at least some are for people.
  return Math.min(limits.connections, Math.max(open - kept, Math.floor(open / 4)));
}
