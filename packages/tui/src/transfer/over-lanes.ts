/**
 * One file over as many lanes as it has a share of. Each lane takes the next piece of work; one that dies gives its pieces
 * back and costs nothing else. I/O thread.
 */

import { asFerryError, type FerryError } from '@ferry/protocol';
import { type Lane, worthALaneBytes } from '../client/lanes.ts';
import type { TransferContext } from './context.ts';
import { restBefore } from './retry.ts';

export type LaneWork = {
  /** Everything has arrived. */
  readonly isDone: () => boolean;
  /** There is something that nobody has taken on. */
  readonly hasWork: () => boolean;
  /**
   * Does pieces on this lane until none is left or `mayGoOn` says that the lane is wanted elsewhere. Calls `onStep` now and
   * then, where another lane could begin. What was taken on and not done when it throws is to be work again.
   */
  readonly work: (lane: Lane, mayGoOn: () => boolean, onStep: () => void) => Promise<void>;
  /** Bytes there so far: as long as they grow, no failure is the last straw. */
  readonly progress: () => number;
  /** Bytes that are not there: a lane more must be worth it. */
  readonly left: () => number;
  /** Throws what no other lane can mend; `failures` in a row without progress, this one counted. */
  readonly endure: (error: FerryError, failures: number) => void;
};

/** Resolves when {@link LaneWork.isDone}. @throws {FerryError} what `endure` throws; CANCELLED */
export async function overLanes(
  { lanes, gate, signal }: Pick<TransferContext, 'lanes' | 'gate' | 'signal'>,
  { isDone, hasWork, work, progress, left, endure }: LaneWork,
): Promise<void> {
  const streams = new Set<Promise<void>>();
  let fatal: { error: unknown } | undefined;

  const grow = (): void => {
    const worthwhile = Math.ceil(left() / worthALaneBytes);
    while (fatal === undefined && hasWork() && streams.size < Math.min(lanes.share(), worthwhile)) {
      start(streams.size > 0);
    }
  };
  const start = (isFurther: boolean): void => {
    const stream = run(isFurther)
      .catch((error: unknown) => {
        fatal ??= { error };
      })
      .finally(() => streams.delete(stream));
    streams.add(stream);
  };
  const run = async (isFurther: boolean): Promise<void> => {
    const mayGoOn = (): boolean => fatal === undefined && (!isFurther || streams.size <= lanes.share());
    let failures = 0;
    let bytes = progress();
    while (hasWork() && !isDone() && mayGoOn()) {
      await gate.pass(signal);
      try {
        const lane = await lanes.take(signal, { isFurther });
        try {
          await work(lane, mayGoOn, grow);
        } finally {
          lane.release();
        }
      } catch (thrown) {
        const error = asFerryError(thrown);
        failures = progress() > bytes ? 1 : failures + 1;
        bytes = progress();
        endure(error, failures);
        await restBefore(failures, error, signal);
      }
    }
  };

  while (!isDone()) {
    // Nothing could change that any more.
    if (!hasWork()) throw new Error('a piece of a file is lost: it is neither there nor asked for');
    start(false);
    while (streams.size > 0) await Promise.race(streams);
    if (fatal !== undefined) throw fatal.error;
  }
}
