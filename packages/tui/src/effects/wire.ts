/** A failure as a message carries it: code and words. A bug is thrown on. UI thread. */

import { asFerryError, toWireError, type WireError } from '@ferry/protocol';

export function wire(error: unknown): WireError {
  return toWireError(
    asFerryError(error, (bug) => {
      throw bug;
    }),
  );
}
