/** A worker's own way to what owners look after: the list of accounts, opened with its first use, and who is connected. Worker threads. */

import type { ConnectionStatus } from '../supervisor/status.ts';
import { Accounts } from './accounts.ts';

export class AdminDesk {
  /** Every connection of the server. */
  readonly connections: () => Promise<readonly ConnectionStatus[]>;
  readonly #accessFile: string;
  #accounts: Accounts | undefined;

  constructor(accessFile: string, connections: () => Promise<readonly ConnectionStatus[]>) {
    this.#accessFile = accessFile;
    this.connections = connections;
  }

  /** A connection of its own to the file: so this thread, too, notices what is changed by it. @throws {FerryError} CONFIG */
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
