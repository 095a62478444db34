/** Who else is on the server, over one connection and whatever sessions it has. I/O thread. */

import { setTimeout as pause } from 'node:timers/promises';
import { type Activity, activity, type Person, who } from '@ferry/protocol/messages';
import type { People } from '../engine/people.ts';
import type { Wait } from '../engine/source.ts';
import type { Connection } from './connection.ts';
import type { Session } from './session.ts';

/** What one does is told this often at most, milliseconds. */
const tellMs = 1000;

/** @throws {FerryError} FORBIDDEN, UNKNOWN_MESSAGE */
export async function peopleOn({ channel }: Session, opts: Wait = {}): Promise<readonly Person[]> {
  const people: Person[] = [];
  await channel.call(who, {}, { ...opts, onPart: ({ person }) => people.push(person) });
  return people;
}

export class RemotePeople implements People {
  readonly #connection: Connection;
  readonly #stop: () => void;
  /** As others may see it. */
  #shown: Activity | undefined;
  #isTelling = false;
  #mustTell = false;

  /** @param onChange so many are here now, or the same show something else */
  constructor(connection: Connection, onChange: (here: number) => void) {
    this.#connection = connection;
    this.#stop = connection.listen({
      session: () => {
        if (this.#shown !== undefined) void this.#tell();
      },
      event: (event) => {
        if (event.kind === 'presence') onChange(event.here);
      },
      lost: () => {},
      over: () => {},
    });
  }

  async list(opts: Wait = {}): Promise<readonly Person[]> {
    return peopleOn(await this.#connection.session(opts.signal), opts);
  }

  show(shown: Activity | undefined): void {
    this.#shown = shown;
    void this.#tell();
  }

  close(): void {
    this.#stop();
  }

  async #tell(): Promise<void> {
    this.#mustTell = true;
    if (this.#isTelling) return;
    this.#isTelling = true;
    while (this.#mustTell) {
      this.#mustTell = false;
      // Where that is not possible, nobody sees it; the next session is told again.
      await this.#connection.current?.channel.call(activity, { activity: this.#shown }).catch(() => {});
      await pause(tellMs, undefined, { ref: false });
    }
    this.#isTelling = false;
  }
}
