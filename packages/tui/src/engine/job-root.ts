/** The folder of this machine that a job reads from or writes to, open while its files move. Held by live-job.ts; I/O thread. */

import { FerryError, parentPath } from '@ferry/protocol';
import * as disk from '@ferry/protocol/disk';
import type { JobOrder } from './job.ts';
import { diskPath } from './local-source.ts';

export class JobRoot {
  readonly #order: JobOrder;
  #root: disk.Root | undefined;

  constructor(order: JobOrder) {
    this.#order = order;
  }

  /** The folder that holds the job's source or target. @throws {FerryError} as Root.open */
  open(): disk.Root {
    const { direction, source, target } = this.#order;
    this.#root ??= disk.Root.open(diskPath(parentPath(direction === 'upload' ? source : target)));
    return this.#root;
  }

  /** Nothing of ours stays behind in the user's folder but what can be gone on with. Idempotent. */
  close(): void {
    const root = this.#root;
    this.#root = undefined;
    if (root === undefined) return;
    try {
      if (this.#order.direction !== 'download') return;
      const staging = new disk.Staging(root);
      staging.collect(disk.partialAgeMs, Date.now());
      staging.removeIfEmpty();
    } catch (error) {
      if (!(error instanceof FerryError)) throw error;
    } finally {
      root.close();
    }
  }
}
