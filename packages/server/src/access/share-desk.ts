/** A worker's own way to the shares and to what is counted of them: opened with their first use. Worker threads. */

import type { Path } from '@ferry/protocol';
import { Downloads } from './downloads.ts';
import type { Account, Principal } from './principal.ts';
import { Shares } from './shares.ts';
import type { Counting } from './with-downloads.ts';

export class ShareDesk {
  readonly #accessFile: string;
  readonly #downloads: Downloads;
  readonly #now: () => number;
  #shares: Shares | undefined;

  /** @param now milliseconds since 1970 */
  constructor(accessFile: string, now: () => number = Date.now) {
    this.#accessFile = accessFile;
    this.#downloads = new Downloads(accessFile);
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
    const most = account.share.downloads ?? Number.POSITIVE_INFINITY;
    const download = (path: Path): Parameters<Downloads['sent']>[0] => ({
      share: account.id,
      path,
      device: countedDevice(account),
    });
    return {
      isBounded: account.share.downloads !== undefined,
      begin: (path, bytes, size) => this.#downloads.begin(download(path), bytes, size, most, this.#now()),
      sent: (path, bytes) => this.#downloads.sent(download(path), bytes, this.#now()),
    };
  }

  /** Somebody says that these files arrived whole. @param paths from the shared folder @throws {FerryError} IO_ERROR */
  received({ account }: Principal, paths: readonly Path[]): void {
    if (account?.share === undefined) return;
    this.#downloads.verified(account.id, countedDevice(account), paths);
  }

  /** Idempotent. */
  close(): void {
    this.#downloads.close();
    this.#shares?.close();
    this.#shares = undefined;
  }
}

/** Where nothing is bounded it is enough to know how often, for all devices together. */
function countedDevice({ device, share }: Account): Uint8Array {
  return share?.downloads === undefined ? Buffer.alloc(0) : device;
}
