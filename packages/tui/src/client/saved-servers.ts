/**
 * The servers that this user keeps under a name, and those that were visited lately. What nobody needs to be safe: who may be trusted
 * stands elsewhere (known-servers.ts). Commands and the connect screen.
 */

import { readFileSync } from 'node:fs';
import { Code, FerryError } from '@ferry/protocol';
import { replacePrivateFile } from '@ferry/protocol/disk/private-file';
import { underLock } from './under-lock.ts';

export type SavedServer = {
  /** '' for one that was only visited. */
  readonly name: string;
  /** `ferry://host:port/path`, never an invite. */
  readonly address: string;
  /** When it was connected last, milliseconds since 1970; undefined: never. */
  readonly lastMs: number | undefined;
};

/** Visited ones without a name; older ones are forgotten. */
const mostRecent = 15;
const longest = 4096;

export class SavedServers {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** Named ones by name, then the others, the latest first. @throws {FerryError} CONFIG when the file cannot be understood */
  all(): readonly SavedServer[] {
    let text: string;
    try {
      text = readFileSync(this.#file, 'utf8');
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw this.#damaged(cause);
    }
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch (cause) {
      throw this.#damaged(cause);
    }
    if (!Array.isArray(parsed)) throw this.#damaged();
    return ordered(parsed.map((entry: unknown) => this.#checked(entry)));
  }

  /** What `NAME` or `NAME:/FOLDER` stands for, as an address; undefined when no server has that name. @throws {FerryError} CONFIG */
  addressOf(text: string): string | undefined {
    const [, name = '', folder] = /^([^:]+)(?::(\/.*))?$/s.exec(text) ?? [];
    const address = this.all().find((one) => one.name !== '' && one.name === name)?.address;
    if (address === undefined || folder === undefined) return address;
    return `${/^ferry:\/\/[^/]+/.exec(address)?.[0] ?? address}${folder}`;
  }

  /** Gives an address a name, in place of its old one. @throws {FerryError} CONFIG; EXISTS when another has that name */
  save(name: string, address: string): void {
    this.#change((there) => {
      if (there.some((one) => one.name === name && one.address !== address)) {
        throw new FerryError(Code.EXISTS, 'another server has that name');
      }
      const lastMs = there.find((one) => one.address === address)?.lastMs;
      return [...there.filter((one) => one.address !== address), { name, address, lastMs }];
    });
  }

  /** It was connected. @throws {FerryError} CONFIG */
  visited(address: string, nowMs: number): void {
    this.#change((there) => {
      const name = there.find((one) => one.address === address)?.name ?? '';
      return [...there.filter((one) => one.address !== address), { name, address, lastMs: nowMs }];
    });
  }

  /** @throws {FerryError} CONFIG */
  remove(address: string): void {
    this.#change((there) => there.filter((one) => one.address !== address));
  }

  #change(change: (servers: readonly SavedServer[]) => readonly SavedServer[]): void {
    underLock(this.#file, () => this.#write(change(this.all())));
  }

  #checked(entry: unknown): SavedServer {
    if (typeof entry !== 'object' || entry === null) throw this.#damaged();
    const { name, address, lastMs } = entry as Record<keyof SavedServer, unknown>;
    const isText = typeof name === 'string' && typeof address === 'string' && address.length <= longest;
    if (!isText || (lastMs !== undefined && typeof lastMs !== 'number')) throw this.#damaged();
    return { name, address, lastMs };
  }

  #write(servers: readonly SavedServer[]): void {
    const named = servers.filter(({ name }) => name !== '');
    const recent = ordered(servers.filter(({ name }) => name === '')).slice(0, mostRecent);
    try {
      replacePrivateFile(this.#file, `${JSON.stringify([...named, ...recent], undefined, 2)}\n`);
    } catch (cause) {
      throw new FerryError(Code.CONFIG, `${this.#file} cannot be written`, { cause });
    }
  }

  #damaged(cause?: unknown): FerryError {
    return new FerryError(
      Code.CONFIG,
      `the list of saved servers in ${this.#file} is damaged: repair or remove it`,
      { cause },
    );
  }
}

function ordered(servers: readonly SavedServer[]): readonly SavedServer[] {
  return servers.toSorted((a, b) => {
    if ((a.name === '') !== (b.name === '')) return a.name === '' ? 1 : -1;
    return a.name === '' ? (b.lastMs ?? 0) - (a.lastMs ?? 0) : a.name < b.name ? -1 : 1;
  });
}
