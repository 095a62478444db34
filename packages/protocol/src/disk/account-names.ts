/**
 * Users and groups of this machine by number and by name, as /etc/passwd and /etc/group say: Node does not ask other
 * sources. Read again when the files have changed. Called by owner.ts on I/O threads.
 */

import { readFileSync, statSync } from 'node:fs';

type Table = {
  readonly readMs: number;
  readonly names: ReadonlyMap<number, string>;
  readonly ids: ReadonlyMap<string, number>;
};

class AccountFile {
  readonly #file: string;
  #table: Table | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  name(id: number): string | undefined {
    return this.#now().names.get(id);
  }

  id(name: string): number | undefined {
    return this.#now().ids.get(name);
  }

  #now(): Table {
    const readMs = statSync(this.#file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (this.#table?.readMs === readMs) return this.#table;
    const text = readMs === 0 ? '' : readFileSync(this.#file, 'utf8');
    const names = new Map<number, string>();
    const ids = new Map<string, number>();
    for (const line of text.split('\n')) {
      const [name = '', , id = ''] = line.split(':');
      if (name === '' || !/^\d+$/.test(id)) continue;
      // Of several with one number or one name the first counts, as for the system.
      if (!names.has(Number(id))) names.set(Number(id), name);
      if (!ids.has(name)) ids.set(name, Number(id));
    }
    this.#table = { readMs, names, ids };
    return this.#table;
  }
}

export const users = new AccountFile('/etc/passwd');
export const groups = new AccountFile('/etc/group');
