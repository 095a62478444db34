/**
 * Which downloads of this process are under way, so that the same one twice at once shares no partial file. Held by
 * incoming.ts; I/O thread.
 */

import { randomBytes } from 'node:crypto';

/** By folder and transfer id. */
const underWay = new Set<string>();

export class OwnId {
  #claim: string | undefined;

  /** Of several at once the first gets its id; the others get random ones, which nobody comes back for. */
  take(folder: string, id: string): string {
    const claim = `${folder} ${id}`;
    if (underWay.has(claim)) return randomBytes(id.length / 2).toString('hex');
    underWay.add(claim);
    this.#claim = claim;
    return id;
  }

  /** Whether the next attempt finds what this one leaves. Idempotent. */
  giveBack(): boolean {
    const claim = this.#claim;
    this.#claim = undefined;
    return claim !== undefined && underWay.delete(claim);
  }
}
