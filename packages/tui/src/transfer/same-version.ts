/** Whether a file that is there is what the source would become. Pure. */

import { EntryKind, type Facts, timeToNs } from '@ferry/protocol';

/** What setting a time through a double of seconds may lose, nanoseconds. */
const timeTolerance = 1000n;

/** By size and modification time, as rsync does: enough for a job that is gone on with, which put it there itself. */
export function isSameVersion(
  there: Pick<Facts, 'kind' | 'size' | 'modified'>,
  source: Pick<Facts, 'kind' | 'size' | 'modified'>,
): boolean {
  if (there.kind !== EntryKind.file || there.kind !== source.kind || there.size !== source.size) return false;
  const apart = timeToNs(there.modified) - timeToNs(source.modified);
  return apart <= timeTolerance && apart >= -timeTolerance;
}
