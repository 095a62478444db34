/**
 * What a large file that is uploaded has in common with a version that the server has: which version, and how blocks are put
 * together from it. Held by outgoing.ts; I/O thread.
 */

import { Code, FerryError } from '@ferry/protocol';
import { type DeltaPlan, type Piece, planDelta } from '@ferry/protocol/content';
import type { OpenFile } from '@ferry/protocol/disk';
import type { Lane } from '../client/lanes.ts';
import { type Base, chunkFile, fetchManifest } from './delta.ts';
import type { UploadOrder } from './upload.ts';

/** The version that patches would take bytes from is gone or another one. */
const ofTheBase: ReadonlySet<Code> = new Set([Code.SOURCE_CHANGED, Code.NOT_FOUND, Code.NOT_REGULAR]);

export type BaseOpts = {
  /** The version that is to be replaced. */
  readonly known?: Base;
  /** Another file of the server's that may have the content: asked for, and not answered yet. Rejects as locateBase. */
  readonly sought?: Promise<Base | undefined>;
};

export class BasePlan {
  /** Until it turns out to be of no use. */
  #base: Base | undefined;
  #sought: BaseOpts['sought'];
  #plan: DeltaPlan | undefined;
  #comparing: Promise<void> | undefined;

  constructor({ known, sought }: BaseOpts) {
    this.#base = known;
    this.#sought = sought;
  }

  /** It may be what is not as it was. */
  isToBlame(error: unknown): boolean {
    return this.#base !== undefined && error instanceof FerryError && ofTheBase.has(error.code);
  }

  /** As the transfer has to name it when it is begun. */
  get order(): Pick<UploadOrder, 'base' | 'basePath'> {
    return { base: this.#base?.identity, basePath: this.#base?.path };
  }

  /** Whether one was found since the last call: then the transfer is to be begun anew. @throws {FerryError} as locateBase */
  async wasFound(): Promise<boolean> {
    const sought = this.#sought;
    const base = await sought;
    if (sought === undefined || this.#sought !== sought) return false;
    this.#sought = undefined;
    this.#base = base;
    return base !== undefined;
  }

  /** The two versions, once, before the first block. @throws {FerryError} as fetchManifest, chunkFile */
  async compare(lane: Lane, disk: OpenFile | undefined, signal: AbortSignal): Promise<void> {
    const base = this.#base;
    if (base === undefined || disk === undefined) return;
    this.#comparing ??= Promise.all([
      fetchManifest(lane.channel, base.path, base, signal),
      chunkFile(disk, signal),
    ]).then(([there, here]) => {
      this.#plan = planDelta(there.chunks, here);
    });
    try {
      await this.#comparing;
    } catch (error) {
      this.#comparing = undefined;
      throw error;
    }
  }

  recipe(index: number): readonly Piece[] | undefined {
    return this.#plan?.blockRecipe(index);
  }

  /** A block was put together wrongly: the comparing was a guess. */
  doubt(): void {
    this.#plan = undefined;
  }

  /** The version that was there is another one now. */
  giveUp(): void {
    this.#base = undefined;
    this.#plan = undefined;
  }
}
