/**
 * What each piece that arrives at a link costs whoever reads it: time and memory. The kernel counts a thread's own time in
 * ticks of milliseconds, so this is time on the clock: what seems slow once is to be measured again.
 */

import type { Link } from '@ferry/protocol/link';

export type Cost = { readonly ms: number; readonly bytes: number };

export class Meter {
  pieces = 0;
  /** Of the one that took most memory. */
  worstBytes = 0;
  /** Of the last piece. */
  last: Cost = { ms: 0, bytes: 0 };

  /** From now on all that this end reads is measured. Before `start`. */
  watch(link: Link): void {
    const start = link.start.bind(link);
    link.start = (reader) =>
      start({
        ...reader,
        onData: (bytes) => {
          const before = heldBytes();
          const began = performance.now();
          reader.onData(bytes);
          const ms = performance.now() - began;
          // Less than nothing means that the collector has been there.
          this.last = { ms, bytes: Math.max(0, heldBytes() - before) };
          this.pieces += 1;
          this.worstBytes = Math.max(this.worstBytes, this.last.bytes);
        },
      });
  }
}

function heldBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
