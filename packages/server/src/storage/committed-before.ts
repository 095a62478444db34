/** An upload that is begun again after it was published: what storages answer then. Worker threads. */

import { Code, FerryError } from '@ferry/protocol';
import type { Committed, Upload } from './storage.ts';

/** There is nothing left to do; whoever sends on all the same is told. */
export function committedBefore(committed: Committed): Upload {
  const over = (): never => {
    throw new FerryError(Code.BAD_STATE, 'that transfer has been committed');
  };
  return {
    committed,
    verified: () => [],
    write: over,
    writeSlice: over,
    settle: over,
    commit: async () => committed,
    leave: () => {},
    discard: () => {},
  };
}
