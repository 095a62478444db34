/** A worker's own way to the shares, opened with their first use, and to what is counted of them. Worker threads. */

import type { Path } from '@ferry/protocol';
import type { AccessChanges } from './operations.ts';
import type { Account, Principal } from './principal.ts';
import { Shares } from './shares.ts';
import type { Counting } from './with-downloads.ts';

export class ShareDesk {
  readonly #accessFile: string;
  readonly changes: AccessChanges;
  readonly #now: () => number;
  #shares: Shares | undefined;

  /** @param now milliseconds since 1970 */
  constructor(accessFile: string, changes: AccessChanges, now: () => number = Date.now) {
    this.#accessFile = accessFile;
    this.changes = changes;
    this.#now = now;
  }

  /** A connection of its own to the file of accounts: so this thread, too, notices what is changed by it. @throws {FerryError} CONFIG */
  get shares(): Shares {
    this.#shares ??= new Shares(this.#accessFile);
    return this.#shares;
  }

  /** How what this account reads is counted; undefined: not at all. */
  countingOf({ account }: Principal): Counting | undefined {
    if (account?.share === undefined) return undefined;
    const { downloads: most } = account.share;
    const counted = { share: account.id, device: countedDevice(account) };
    return {
      isBounded: most !== undefined,
      begin: (path, bytes, size) =>
        this.changes.make('beginDownload', { ...counted, path, bytes, size, most, nowMs: this.#now() }),
      sent: (path, bytes) =>
        this.changes.make('countDownload', { ...counted, path, bytes, nowMs: this.#now() }),
    };
  }

  /** Somebody says that these files arrived whole. @param paths from the shared folder @throws {FerryError} IO_ERROR, BUSY */
  async received({ account }: Principal, paths: readonly Path[]): Promise<void> {
    if (account?.share === undefined) return;
    await this.changes.make('received', { share: account.id, device: countedDevice(account), paths });
  }

  /** Idempotent. */
  close(): void {
    this.#shares?.close();
    this.#shares = undefined;
  }
}

/** Where nothing is bounded it is enough to know how often, for all devices together. */
function countedDevice({ device, share }: Account): Uint8Array {
  return share?.downloads === undefined ? Buffer.alloc(0) : device;
}
