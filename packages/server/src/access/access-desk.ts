/** All that changes the file of accounts, side by side, as access/operations.ts needs it. Any thread. */

import { AccessFile } from './access-file.ts';
import { AccessStore } from './access-store.ts';
import { Accounts } from './accounts.ts';
import { Downloads } from './downloads.ts';
import { Shares } from './shares.ts';

export type AccessDesk = {
  readonly accounts: Accounts;
  readonly store: AccessStore;
  readonly shares: Shares;
  readonly downloads: Downloads;
};

/** Over one opened file, which whoever opened it closes. */
export function deskOver(file: AccessFile): AccessDesk {
  return {
    accounts: new Accounts(file),
    store: new AccessStore(file),
    shares: new Shares(file),
    downloads: new Downloads(file),
  };
}

/** Opened with the first change; connections of its own to the file, so that those who look at it notice what is changed. */
export class LocalDesk {
  readonly #path: string;
  #file: AccessFile | undefined;
  #desk: AccessDesk | undefined;

  /** @param path of the file of accounts */
  constructor(path: string) {
    this.#path = path;
  }

  /** @throws {FerryError} CONFIG */
  get desk(): AccessDesk {
    if (this.#desk !== undefined) return this.#desk;
    this.#file = new AccessFile(this.#path);
    // Counts change often, and a power cut may take the last of them.
    this.#desk = { ...deskOver(this.#file), downloads: new Downloads(this.#path) };
    return this.#desk;
  }

  /** Idempotent. */
  close(): void {
    this.#desk?.downloads.close();
    this.#file?.close();
    this.#desk = undefined;
    this.#file = undefined;
  }
}
