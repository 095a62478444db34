/** A worker's own way to what owners look after: the list of accounts, opened with its first use, and who is connected. Worker threads. */

import type { ConnectionStatus } from '../supervisor/status.ts';
import { Accounts } from './accounts.ts';
import type { AccessChanges } from './operations.ts';

export class AdminDesk {
  /** Every connection of the server. */
  readonly connections: () => Promise<readonly ConnectionStatus[]>;
  readonly changes: AccessChanges;
  readonly #accessFile: string;
  #accounts: Accounts | undefined;

  constructor(
    accessFile: string,
    changes: AccessChanges,
    connections: () => Promise<readonly ConnectionStatus[]>,
  ) {
    this.changes = changes;
    this.#accessFile = accessFile;
    this.connections = connections;
  }

  /** To look at. @throws {FerryError} CONFIG */
  get accounts(): Accounts {
    this.#accounts ??= new Accounts(this.#accessFile);
    return this.#accounts;
  }

  /** Idempotent. */
  close(): void {
    this.#accounts?.close();
    this.#accounts = undefined;
  }
}
