/** What came of a change that another thread was asked for. Any thread. */

import { FerryError, toWireError, type WireError } from '@ferry/protocol';

/** As it crosses a thread. */
export type ErrandAnswer = Uint8Array | WireError;

/** What `work` comes to, as it crosses a thread. A bug is thrown. */
export async function answerOf(work: () => Promise<Buffer>): Promise<ErrandAnswer> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FerryError) return toWireError(error);
    throw error;
  }
}
