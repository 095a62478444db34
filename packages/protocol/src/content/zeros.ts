/** Blocks and runs of nothing but zeros, as the holes of sparse files read. Pure; called on I/O threads of both ends. */

import { limits } from '../limits.ts';

const zeros = Buffer.alloc(limits.blockBytes);

/** What a file system gives a file at a time, as a rule: shorter runs of zeros are no holes. Bytes. */
export const holeBytes = 4096;

/** Costs nothing where the first bytes say no. At most a block. */
export function isZero(bytes: Uint8Array): boolean {
  return Buffer.compare(bytes, zeros.subarray(0, bytes.length)) === 0;
}

export type Run = { readonly from: number; readonly to: number; readonly isHole: boolean };

/**
 * `bytes`, which begin at `offset` of a file, as runs of zeros that could be holes and of what lies between them: one after
 * the other, all of it. Where runs begin and end is a multiple of holeBytes in the file.
 */
export function* runsOf(bytes: Uint8Array, offset: number): Generator<Run, void, void> {
  let run: Run | undefined;
  for (let from = 0; from < bytes.length; ) {
    const to = Math.min(bytes.length, from + holeBytes - ((offset + from) % holeBytes));
    const isHole = isZero(bytes.subarray(from, to));
    if (run !== undefined && run.isHole !== isHole) {
      yield run;
      run = undefined;
    }
    run = { from: run?.from ?? from, to, isHole };
    from = to;
  }
  if (run !== undefined) yield run;
}
