/**
 * What each connection of a worker may do at this moment. The owner's commands write to the file of accounts; every message
 * looks whether that has happened, and so does a timer, for those who only wait or receive. Worker threads.
 */

import { Code, encodePath, FerryError } from '@ferry/protocol';
import type { Kind } from '@ferry/protocol/wire';
import type { Freshness } from '../replica/freshness.ts';
import type { AccessStore } from './access-store.ts';
import { type Bounds, unbounded } from './bounds.ts';
import type { Principal } from './principal.ts';
import { checkMessage, encodeRules, type Rights } from './rights.ts';

/** Longest time until a connection that sends nothing hears of a change, milliseconds. */
export const lookMs = 250;

/** One connection's. */
export type Standing = {
  /** As at the login; of its rights and bounds only those below are up to date. */
  readonly principal: Principal;
  readonly rights: () => Rights;
  readonly bounds: () => Bounds;
  /** May this message be looked into now? @throws {FerryError} REVOKED, KICKED, READ_ONLY, FORBIDDEN; IO_ERROR; BUSY */
  readonly check: (kind: Kind) => void;
  /** Of a connection that has ended. */
  readonly leave: () => void;
};

type Entry = {
  readonly principal: Principal;
  /** As it is by now. */
  now: Principal;
  ended: FerryError | undefined;
  readonly onEnd: (why: FerryError) => void;
  readonly onChange: () => void;
};

export class Standings {
  readonly #store: AccessStore;
  readonly #now: () => number;
  readonly #freshness: Freshness | undefined;
  readonly #entries = new Set<Entry>();
  #seen: unknown;
  #changes: number;

  /** @param now milliseconds since 1970 @param freshness undefined: this server has no others */
  constructor(store: AccessStore, now: () => number = Date.now, freshness?: Freshness) {
    this.#freshness = freshness;
    this.#store = store;
    this.#now = now;
    this.#seen = store.dataVersion();
    this.#changes = store.changes();
  }

  /**
   * @param onEnd once, when the connection has to be closed; not after `leave`
   * @param onChange its rights are different from now on
   */
  enter(principal: Principal, onEnd: (why: FerryError) => void, onChange: () => void = () => {}): Standing {
    const entry: Entry = { principal, now: principal, ended: undefined, onEnd, onChange };
    this.#entries.add(entry);
    return {
      principal,
      rights: () => {
        if (entry.ended !== undefined) throw entry.ended;
        return entry.now.rights;
      },
      bounds: () => entry.now.account?.bounds ?? unbounded,
      check: (kind) => {
        this.#lookIfWritten();
        if (entry.ended !== undefined) throw entry.ended;
        if (principal.account !== undefined) this.#freshness?.check();
        checkMessage(entry.now.rights, principal.root, kind);
      },
      leave: () => {
        this.#entries.delete(entry);
      },
    };
  }

  /** To be called every lookMs. A file that cannot be read now changes nothing. */
  look(): void {
    try {
      this.#lookIfWritten();
    } catch (error) {
      if (!(error instanceof FerryError)) throw error;
    }
    const nowMs = this.#now();
    for (const entry of this.#entries) {
      if ((entry.now.account?.expiresMs ?? Infinity) <= nowMs) this.#end(entry, revoked(entry.principal));
    }
  }

  #lookIfWritten(): void {
    const version = this.#store.dataVersion();
    if (version === this.#seen) return;
    const changes = this.#store.changes();
    if (changes !== this.#changes) {
      const kicks = new Map<string, number>();
      for (const entry of this.#entries) this.#lookAt(entry, kicks);
      this.#changes = changes;
    }
    this.#seen = version;
  }

  #lookAt(entry: Entry, kicks: Map<string, number>): void {
    const { principal } = entry;
    const { account, user } = principal;
    const count = kicks.get(user) ?? this.#store.kicksOf(user);
    kicks.set(user, count);
    if (account === undefined) {
      if (count !== principal.kicks) this.#end(entry, kicked());
      return;
    }
    const now = this.#store.principalOf(account.device, this.#now());
    if (now === undefined || now.account?.id !== account.id) this.#end(entry, revoked(principal));
    else if (now.kicks !== principal.kicks) this.#end(entry, kicked());
    else if (!encodePath(now.root).equals(encodePath(principal.root)))
      this.#end(
        entry,
        new FerryError(Code.SHUTTING_DOWN, 'the owner has given you another folder: come back in'),
      );
    else {
      const isChanged = !isEqualRights(entry.now.rights, now.rights);
      entry.now = now;
      if (isChanged) entry.onChange();
    }
  }

  #end(entry: Entry, why: FerryError): void {
    if (!this.#entries.delete(entry)) return;
    entry.ended = why;
    entry.onEnd(why);
  }
}

function isEqualRights(a: Rights, b: Rights): boolean {
  return a.role === b.role && encodeRules(a.rules) === encodeRules(b.rules);
}

/** @param who a lane's is not known any more */
export function revoked(who?: Principal): FerryError {
  if (who?.account?.share !== undefined) {
    return new FerryError(Code.REVOKED, 'this share has ended: ask whoever made it for a new one');
  }
  return new FerryError(Code.REVOKED, 'the owner of this server has taken your access away');
}

/** The owner has ended it; a person may connect again. */
export function kicked(): FerryError {
  return new FerryError(Code.KICKED, 'the owner of this server has closed your connection');
}
