/** One session among those who are here: what others may know of it, whom it may know of, and that it hears when that changes. Worker threads. */

import { randomBytes } from 'node:crypto';
import { Code, FerryError, type Path } from '@ferry/protocol';
import type { Activity, Person, ServerEvent } from '@ferry/protocol/messages';
import type { Principal } from '../access/principal.ts';
import { isVisible, maySomewhere, type Rights } from '../access/rights.ts';
import type { Entered, Here, People } from './people.ts';

export type SessionPresenceOpts = {
  readonly people: People;
  readonly principal: Principal;
  /** What the client calls itself; foreign text. */
  readonly client: string;
  readonly nowMs: number;
  /** As they are now. @throws {FerryError} when the session has been ended */
  readonly rights: () => Rights;
  readonly send: (event: ServerEvent) => void;
  /** As SessionWatches has them. */
  readonly writable: () => boolean;
  readonly drained: () => Promise<void>;
};

/** Of a name that a client gives itself others need not see more. */
const clientChars = 64;

export class SessionPresence {
  readonly #opts: SessionPresenceOpts;
  readonly #entered: Entered;
  readonly #id = randomBytes(8).toString('latin1');
  #activity: Activity | undefined;
  #stopListening: (() => void) | undefined;
  #isWaiting = false;

  constructor(opts: SessionPresenceOpts) {
    this.#opts = opts;
    this.#entered = opts.people.enter();
    this.rightsChanged();
  }

  /** Those whom this session may know of, itself among them; from now on it hears of changes. @throws {FerryError} FORBIDDEN */
  who(): readonly Person[] {
    const { people, principal } = this.#opts;
    const rights = this.#opts.rights();
    if (!isAmong(principal, rights)) {
      throw new FerryError(Code.FORBIDDEN, 'you may not know who else is here');
    }
    this.#stopListening ??= people.listen(principal.root, () => this.#tell());
    return people.at(principal.root).map((here) => this.#seen(here, rights));
  }

  /** What others may see from now on; undefined for nothing. */
  shows(activity: Activity | undefined): void {
    this.#activity = activity;
    this.rightsChanged();
  }

  rightsChanged(): void {
    const { principal, client, nowMs } = this.#opts;
    const { user, root } = principal;
    const here: Here = {
      id: this.#id,
      user,
      client: client.slice(0, clientChars).toWellFormed(),
      sinceMs: nowMs,
      root,
      activity: this.#activity,
    };
    const isHere = this.#isAmongNow();
    this.#entered.is(isHere ? here : undefined);
    if (isHere) return;
    this.#stopListening?.();
    this.#stopListening = undefined;
  }

  end(): void {
    this.#stopListening?.();
    this.#stopListening = undefined;
    this.#entered.leave();
  }

  #isAmongNow(): boolean {
    try {
      return isAmong(this.#opts.principal, this.#opts.rights());
    } catch (error) {
      if (error instanceof FerryError) return false;
      throw error;
    }
  }

  /** Without the places that this session may not know of. */
  #seen({ id, user, client, sinceMs, activity }: Here, rights: Rights): Person {
    const { root } = this.#opts.principal;
    const mayKnow = (path: Path): boolean => path.length === 0 || isVisible(rights, [...root, ...path]);
    const known =
      activity === undefined
        ? undefined
        : {
            ...activity,
            folder: activity.folder !== undefined && mayKnow(activity.folder) ? activity.folder : undefined,
            moving: activity.moving.filter(({ path }) => mayKnow(path)),
          };
    return { id, user, client, sinceMs, isSelf: id === this.#id, activity: known };
  }

  #tell(): void {
    const { people, principal, send, writable, drained } = this.#opts;
    if (this.#stopListening === undefined || this.#isWaiting) return;
    if (writable()) {
      send({ kind: 'presence', here: people.at(principal.root).length });
      return;
    }
    this.#isWaiting = true;
    drained().then(
      () => {
        this.#isWaiting = false;
        this.#tell();
      },
      // It has gone.
      () => {},
    );
  }
}

/** Who only brings files, and who came by a share, neither sees others nor is seen. */
function isAmong({ account, root }: Principal, rights: Rights): boolean {
  return account?.share === undefined && maySomewhere(rights, 'list', root);
}
