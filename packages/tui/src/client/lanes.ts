/**
 * The lanes of the current session: opened when there is more to do than the open ones carry, as many as the line rewards,
 * forgotten when they end. I/O thread.
 */

import { limits } from '@ferry/protocol';
import type { ClientChannel } from '@ferry/protocol/session';
import type { Connection } from './connection.ts';
import { firstLanes } from './lane-count.ts';
import type { Session } from './session.ts';

/** One file's hold on a lane. `release` it, once, whatever happened to the lane. */
export type Lane = {
  readonly channel: ClientChannel;
  /** Numbers this lane's uploads; never the same twice. */
  readonly nextHandle: () => number;
  /** Bytes that this lane has carried. */
  readonly moved: (bytes: number) => void;
  /** Blocks that should be on their way on this lane at once, so that neither the line nor the other side waits. */
  readonly window: () => number;
  readonly release: () => void;
};

export type TakeOpts = {
  /** A further lane of a file that has one; it does not count as another file. */
  readonly isFurther?: boolean;
};

/** What moving files needs of {@link Lanes}. */
export type LaneSource = {
  /** @throws {FerryError} as Connection.session, Session.openLane */
  take(signal: AbortSignal, opts?: TakeOpts): Promise<Lane>;
  /** Lanes that one of the files that move now may use. At least 1. */
  share(): number;
};

type OpenLane = {
  readonly channel: ClientChannel;
  readonly meter: LaneMeter;
  users: number;
  handles: number;
};

export class Lanes implements LaneSource {
  readonly #connection: Connection;
  readonly #most: number;
  #session: Session | undefined;
  #open: Promise<OpenLane>[] = [];
  #users = 0;
  #files = 0;
  #target = 1;

  constructor(connection: Connection, most: number = limits.sessionLanes) {
    this.#connection = connection;
    this.#most = most;
  }

  async take(signal: AbortSignal, { isFurther = false }: TakeOpts = {}): Promise<Lane> {
    const session = await this.#connection.session(signal);
    this.#users += 1;
    if (!isFurther) this.#files += 1;
    const leave = (): void => {
      this.#users -= 1;
      if (!isFurther) this.#files -= 1;
    };
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
        moved: (bytes) => lane.meter.add(bytes, performance.now()),
        window: () => lane.meter.window(lane.channel.rttMs, performance.now()),
        release: () => {
          if (!held) return;
          held = false;
          lane.users -= 1;
          leave();
        },
      };
    } catch (error) {
      leave();
      throw error;
    }
  }

  share(): number {
    return Math.max(1, Math.floor(this.#target / Math.max(1, this.#files)));
  }

  async #choose(session: Session): Promise<OpenLane> {
    if (this.#session !== session) {
      this.close();
      this.#session = session;
      this.#target = firstLanes(session.channel.rttMs);
    }
    const most = Math.min(this.#most, session.welcome.lanes, this.#target);
    // Several files share a lane; it is further lanes that the line must reward.
    if (this.#open.length < Math.min(Math.max(most, 1), this.#users)) {
      // Opening is not this file's alone, so its cancellation does not stop it.
      const opening = session.openLane().then((channel): OpenLane => {
        channel.ping();
        return { channel, meter: new LaneMeter(), users: 0, handles: 0 };
      });
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

/** Blocks that are on their way before anything is known of the lane. */
const firstWindow = 4;
const mostWindow = 12;
/** How long a lane's rate is looked back at, milliseconds. */
const meterMs = 1000;

/** How fast a lane is, and what it therefore needs on its way. */
class LaneMeter {
  #sinceMs = 0;
  #bytes = 0;
  #rate: number | undefined;

  add(bytes: number, nowMs: number): void {
    if (this.#sinceMs === 0) this.#sinceMs = nowMs;
    this.#bytes += bytes;
    const ms = nowMs - this.#sinceMs;
    if (ms < meterMs) return;
    // A lane that rested was not slow.
    this.#rate = ms > 3 * meterMs ? undefined : (this.#bytes * 1000) / ms;
    this.#bytes = 0;
    this.#sinceMs = nowMs;
  }

  /** Two round trips' worth and one more, so that a slow lane holds little that a faster one could have carried. */
  window(rttMs: number, _nowMs: number): number {
    if (this.#rate === undefined) return firstWindow;
    const bytes = (this.#rate * Math.max(2 * rttMs, 100)) / 1000;
    return Math.min(mostWindow, Math.max(2, Math.ceil(bytes / limits.blockBytes) + 1));
  }
}
