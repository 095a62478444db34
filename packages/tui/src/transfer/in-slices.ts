/**
 * One block in parts, as its limits give them: nothing is on its way that was not granted, so that a low rate holds over
 * seconds and a pause has nothing to wait for. Called by incoming.ts, outgoing.ts and send-in-one.ts; I/O thread.
 */

import { limits } from '@ferry/protocol';
import type { TransferContext } from './context.ts';
import { takeSome } from './pace.ts';

export type Slice = {
  /** Within the block. */
  readonly offset: number;
  readonly length: number;
  readonly isLast: boolean;
};

export type Sliced = {
  /** Of the block, bytes. */
  readonly length: number;
  /** So many of them may go now. */
  readonly granted: number;
  readonly pace: TransferContext['pace'];
  readonly gate: TransferContext['gate'];
  readonly signal: AbortSignal;
};

/**
 * Resolves when the last slice is on its way; `answered` when all have been answered. `move` is called once for each, in
 * order, and does not wait for its answer before it has sent. After a failure no further slice goes.
 * @throws what the first that failed threw; {FerryError} CANCELLED. None is on its way any more then
 */
export async function inSlices(
  { length, granted, pace, gate, signal }: Sliced,
  move: (slice: Slice) => Promise<void>,
): Promise<{ readonly answered: Promise<void> }> {
  const failed = new AbortController();
  const both = AbortSignal.any([signal, failed.signal]);
  let failure: { readonly error: unknown } | undefined;
  const fail = (error: unknown): void => {
    failure ??= { error };
    failed.abort();
  };
  const out: Promise<void>[] = [];
  try {
    let left = granted;
    for (let offset = 0; offset < length && failure === undefined; ) {
      if (left === 0) {
        await gate.pass(both);
        left = await takeSome(pace, length - offset, both);
      }
      const count = Math.min(left, limits.sliceBytes, length - offset);
      out.push(move({ offset, length: count, isLast: offset + count === length }).catch(fail));
      offset += count;
      left -= count;
    }
  } catch (error) {
    fail(error);
  }
  const answered = Promise.all(out).then(() => {
    if (failure !== undefined) throw failure.error;
  });
  if (failure !== undefined) await answered;
  return { answered };
}
