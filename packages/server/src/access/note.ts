/** What is written down beside the work: nobody waits for it, and where it cannot be written now it is not. Any thread. */

import { FerryError } from '@ferry/protocol';

export function note(change: Promise<unknown>): void {
  change.catch((error: unknown) => {
    if (!(error instanceof FerryError)) throw error;
  });
}
