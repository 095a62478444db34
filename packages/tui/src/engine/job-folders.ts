/**
 * The folders that a job makes on the receiving side, and what they are given when all that is in them has arrived. Held by
 * live-job.ts; I/O thread.
 */

import { joinPath, type Path, parentPath } from '@ferry/protocol';
import type { PlanItem } from '../transfer/plan.ts';
import { type FolderFacts, keepFolderFacts } from './fidelity.ts';
import { makeFolder, type WalkContext } from './walk.ts';

export type JobFoldersOpts = {
  readonly walk: () => WalkContext;
  /** As LiveJobContext.resumed. */
  readonly resumed: boolean;
  readonly onArrival: (folder: Path) => void;
  readonly onLost: (below: Path, what: string) => void;
};

export class JobFolders {
  readonly #opts: JobFoldersOpts;
  /** Folders that were made, whose time and permissions come last. */
  readonly #made: FolderFacts[] = [];

  constructor(opts: JobFoldersOpts) {
    this.#opts = opts;
  }

  /** Makes the folder unless it is there. @throws {FerryError} as makeFolder */
  async enter({ below, entry }: PlanItem & { readonly kind: 'folder' }): Promise<void> {
    const context = this.#opts.walk();
    const isNew = await makeFolder(context, below);
    // Somebody's own folder stays as it is.
    if ((isNew || this.#opts.resumed) && entry !== undefined) this.#made.push({ below, entry });
    if (isNew) this.#opts.onArrival(parentPath(joinPath(context.order.target, ...below)));
  }

  get wantFacts(): boolean {
    return this.#made.length > 0;
  }

  /** Times and permissions of the folders that were made, once. @throws {FerryError} CANCELLED, the line's */
  async finish(): Promise<void> {
    await keepFolderFacts(this.#opts.walk(), this.#made.splice(0), this.#opts.onLost);
  }
}
