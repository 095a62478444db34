/**
 * The fingerprints this user has accepted, by `host:port`. A file that cannot be understood is an error and never "no servers
 * known": that would turn a changed identity into a first contact. Who writes holds the lock beside it, so that two programs
 * at once lose nothing of each other. I/O thread and commands.
 */

import { readFileSync } from 'node:fs';
import { Code, FerryError } from '@ferry/protocol';
import { replacePrivateFile } from '@ferry/protocol/disk/private-file';
import { type Fingerprint, parseFingerprint } from '@ferry/protocol/session';
import { underLock } from './under-lock.ts';

export type KnownServer = {
  readonly fingerprint: Fingerprint;
  /** When it was accepted, ISO 8601. */
  readonly since: string;
};

function damaged(file: string, cause?: unknown): FerryError {
  return new FerryError(Code.CONFIG, `the list of known servers in ${file} is damaged: repair or remove it`, {
    cause,
  });
}

export class KnownServers {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** @throws {FerryError} CONFIG when the file is there and cannot be read or understood */
  all(): ReadonlyMap<string, KnownServer> {
    let text: string;
    try {
      text = readFileSync(this.#file, 'utf8');
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
      throw damaged(this.#file, cause);
    }
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch (cause) {
      throw damaged(this.#file, cause);
    }
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw damaged(this.#file);
    const servers = new Map<string, KnownServer>();
    for (const [where, value] of Object.entries(
      parsed as Record<string, { fingerprint?: unknown; since?: unknown }>,
    )) {
      const fingerprint =
        typeof value?.fingerprint === 'string' ? parseFingerprint(value.fingerprint) : undefined;
      if (fingerprint === undefined || typeof value.since !== 'string') throw damaged(this.#file);
      servers.set(where, { fingerprint, since: value.since });
    }
    return servers;
  }

  /** @throws {FerryError} CONFIG */
  get(where: string): KnownServer | undefined {
    return this.all().get(where);
  }

  /**
   * Adds a server; one that is known with this fingerprint stays as it is.
   * @throws {FerryError} CONFIG; PIN_MISMATCH when it is known with another one, by now
   */
  remember(where: string, fingerprint: Fingerprint, now: Date): void {
    this.#change((servers) => {
      const known = servers.get(where)?.fingerprint;
      if (known === fingerprint) return false;
      if (known !== undefined) {
        throw new FerryError(Code.PIN_MISMATCH, `${where} is known with another identity: ${known}`);
      }
      servers.set(where, { fingerprint, since: now.toISOString() });
      return true;
    });
  }

  /**
   * Puts a fingerprint in the place of the one that is known.
   * @returns false when that is no longer `known`: somebody else has decided meanwhile
   * @throws {FerryError} CONFIG
   */
  replace(where: string, known: Fingerprint | undefined, fingerprint: Fingerprint, now: Date): boolean {
    return this.#change((servers) => {
      if (servers.get(where)?.fingerprint !== known) return false;
      servers.set(where, { fingerprint, since: now.toISOString() });
      return true;
    });
  }

  /** False when it was not known. @throws {FerryError} CONFIG */
  forget(where: string): boolean {
    return this.#change((servers) => servers.delete(where));
  }

  /** `change` says whether it changed anything. */
  #change(change: (servers: Map<string, KnownServer>) => boolean): boolean {
    return underLock(this.#file, () => {
      const servers = new Map(this.all());
      const changed = change(servers);
      if (changed) this.#write(servers);
      return changed;
    });
  }

  #write(servers: ReadonlyMap<string, KnownServer>): void {
    try {
      replacePrivateFile(this.#file, `${JSON.stringify(Object.fromEntries(servers), undefined, 2)}\n`);
    } catch (cause) {
      throw new FerryError(Code.CONFIG, `${this.#file} cannot be written`, { cause });
    }
  }
}
