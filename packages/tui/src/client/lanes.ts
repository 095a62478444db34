/**
 * The lanes of the current session: opened when there is more to do than the open ones carry, forgotten when they end.
 * I/O thread.
 */

import type { ClientChannel } from '@ferry/protocol/session';
import type { Connection } from './connection.ts';
import type { Session } from './session.ts';

/** One file's hold on a lane. `release` it, once, whatever happened to the lane. */
export type Lane = {
  readonly channel: ClientChannel;
  /** Numbers this lane's uploads; never the same twice. */
  readonly nextHandle: () => number;
  readonly release: () => void;
};

type OpenLane = { readonly channel: ClientChannel; users: number; handles: number };

export class Lanes {
  readonly #connection: Connection;
  readonly #most: number;
  #session: Session | undefined;
  #open: Promise<OpenLane>[] = [];
  #users = 0;

  constructor(connection: Connection, most: number) {
    this.#connection = connection;
    this.#most = most;
  }

  /** The least busy lane, a new one while there are fewer than users. @throws {FerryError} as Connection.session, Session.openLane */
  async take(signal: AbortSignal): Promise<Lane> {
    const session = await this.#connection.session(signal);
    this.#users += 1;
    try {
      const lane = await this.#choose(session);
      signal.throwIfAborted();
      lane.users += 1;
      let held = true;
      return {
        channel: lane.channel,
        nextHandle: () => {
          lane.handles += 1;
          return lane.handles;
        },
        release: () => {
          if (!held) return;
          held = false;
          lane.users -= 1;
          this.#users -= 1;
        },
      };
    } catch (error) {
      this.#users -= 1;
      throw error;
    }
  }

  async #choose(session: Session): Promise<OpenLane> {
    if (this.#session !== session) {
      this.close();
      this.#session = session;
    }
    const most = Math.min(this.#most, session.welcome.lanes);
    if (this.#open.length < Math.min(most, this.#users)) {
      // Opening is not this file's alone, so its cancellation does not stop it.
      const opening = session.openLane().then((channel): OpenLane => ({ channel, users: 0, handles: 0 }));
      this.#open.push(opening);
      const forget = (): void => {
        this.#open = this.#open.filter((other) => other !== opening);
      };
      opening.catch(forget);
    }
    const lanes = await Promise.allSettled(this.#open);
    const alive = lanes.flatMap((lane) =>
      lane.status === 'fulfilled' && lane.value.channel.ended === undefined ? [lane.value] : [],
    );
    this.#open = this.#open.filter((_, i) => {
      const lane = lanes[i];
      return lane === undefined || (lane.status === 'fulfilled' && lane.value.channel.ended === undefined);
    });
    const [least] = alive.toSorted((a, b) => a.users - b.users);
    if (least !== undefined) return least;
    const failed = lanes.find((lane) => lane.status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
    return this.#choose(session);
  }

  close(): void {
    for (const opening of this.#open.splice(0)) {
      void opening.then(
        ({ channel }) => channel.close(),
        () => {},
      );
    }
    this.#session = undefined;
  }
}
