/** What each piece that arrives at a link costs whoever reads it: time of this thread alone, and memory. */

import type { Link } from '@ferry/protocol/link';

export type Cost = { readonly ms: number; readonly bytes: number };

export class Meter {
  pieces = 0;
  /** The dearest in either. */
  worst: { ms: number; bytes: number } = { ms: 0, bytes: 0 };
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
          const began = process.threadCpuUsage();
          reader.onData(bytes);
          const { user, system } = process.threadCpuUsage(began);
          // Less than nothing means that the collector has been there.
          this.last = { ms: (user + system) / 1000, bytes: Math.max(0, heldBytes() - before) };
          this.pieces += 1;
          this.worst.ms = Math.max(this.worst.ms, this.last.ms);
          this.worst.bytes = Math.max(this.worst.bytes, this.last.bytes);
        },
      });
  }
}

function heldBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
