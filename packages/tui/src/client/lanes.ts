/**
 * The lanes of the current session: opened when there is more to do than the open ones carry, as many as the line rewards,
 * forgotten when they end. I/O thread.
 */

import { Code, FerryError, limits } from '@ferry/protocol';
import { Feature } from '@ferry/protocol/messages';
import type { ClientChannel } from '@ferry/protocol/session';
import type { Connection } from './connection.ts';
import { afterTimeouts, firstLanes, type LaneState, nextLaneCount, oneLane } from './lane-count.ts';
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
  /** Bytes per second of late, as far as that is known. */
  readonly rate?: () => number | undefined;
  /** Of the session: known from its first lane on. */
  readonly rttMs: number;
  /** What is on its way for this hold is not wanted any more: the lane ends, unless others use it. Release it all the same. */
  readonly abandon: () => void;
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
  /** So many bytes of one file are about to move: opens the lanes that are worth it. */
  prepare(bytes: number): void;
  /** Lanes that one of the files that move now may use. At least 1. */
  share(): number;
  /** The server wants to hear which files have arrived. */
  countsDownloads?(): boolean;
};

type OpenLane = {
  readonly channel: ClientChannel;
  readonly meter: LaneMeter;
  users: number;
  /** Users who would rather have it end. */
  unwanted: number;
  handles: number;
  readonly sinceMs: number;
  hasMoved: boolean;
};

type Slot = { lane: OpenLane | undefined; opened: Promise<void> };

export class Lanes implements LaneSource {
  readonly #connection: Connection;
  readonly #most: number;
  #session: Session | undefined;
  readonly #slots = new Set<Slot>();
  #users = 0;
  #files = 0;
  #bytes = 0;
  /** Since the last look at the rate there was a moment with less to do than the lanes could carry. */
  #hadTooLittle = false;
  #count: LaneState = oneLane;
  /** When the last lanes ran out of time. */
  #timeoutsMs: readonly number[] = [];
  #looking: NodeJS.Timeout | undefined;

  constructor(connection: Connection, most: number = limits.sessionLanes) {
    this.#connection = connection;
    this.#most = most;
  }

  async take(signal: AbortSignal, { isFurther = false }: TakeOpts = {}): Promise<Lane> {
    const session = await this.#connection.session(signal);
    this.#users += 1;
    if (!isFurther) this.#files += 1;
    if (this.#looking === undefined) this.#looking = this.#lookNowAndThen();
    const leave = (): void => {
      this.#users -= 1;
      if (!isFurther) this.#files -= 1;
      if (this.#users < this.#count.settled) this.#hadTooLittle = true;
    };
    try {
      const lane = await this.#choose(session, signal);
      let held = true;
      let wanted = true;
      return {
        channel: lane.channel,
        nextHandle: () => {
          lane.handles += 1;
          return lane.handles;
        },
        moved: (bytes) => {
          this.#bytes += bytes;
          lane.hasMoved = true;
          lane.meter.add(bytes, performance.now());
        },
        window: () => lane.meter.window(lane.channel.rttMs),
        rate: () => lane.meter.rate(performance.now()),
        rttMs: session.rttMs,
        abandon: () => {
          if (!wanted || !held) return;
          wanted = false;
          lane.unwanted += 1;
          endUnwanted(lane);
        },
        release: () => {
          if (!held) return;
          held = false;
          if (!wanted) lane.unwanted -= 1;
          lane.users -= 1;
          endUnwanted(lane);
          leave();
          this.#closeSpare(lane);
        },
      };
    } catch (error) {
      leave();
      throw error;
    }
  }

  share(): number {
    return Math.max(1, Math.floor(this.#count.lanes / Math.max(1, this.#files)));
  }

  /** A lane that nobody uses, or the least busy one when no more are wanted. @throws {FerryError} why there is none */
  async #choose(session: Session, signal: AbortSignal): Promise<OpenLane> {
    this.#follow(session);
    // Several files share a lane; it is further lanes that the line must reward.
    if (this.#slots.size < Math.min(this.#count.lanes, this.#users)) void this.#openOne(session);
    for (;;) {
      signal.throwIfAborted();
      for (const slot of this.#slots) this.#forgetEnded(slot);
      const slots = [...this.#slots];
      const [least] = slots.flatMap(({ lane }) => lane ?? []).toSorted((a, b) => a.users - b.users);
      const opening = slots.filter(({ lane }) => lane === undefined).map((slot) => slot.opened);
      if (least !== undefined && (least.users === 0 || opening.length === 0)) {
        // At once: others who waited for the same lane look next.
        least.users += 1;
        return least;
      }
      if (opening.length === 0) await this.#openOne(session);
      else await Promise.race(opening).catch((error: unknown) => this.#unlessOthers(error));
    }
  }

  #forgetEnded(slot: Slot): void {
    const { lane } = slot;
    const ended = lane?.channel.ended;
    if (lane === undefined || ended === undefined) return;
    this.#slots.delete(slot);
    const nowMs = performance.now();
    // The server, too, ends a lane over which a block takes too long.
    const isInVain = ended.code === Code.TIMEOUT || (!lane.hasMoved && nowMs - lane.sinceMs > inVainMs);
    if (!isInVain) return;
    this.#timeoutsMs = [...this.#timeoutsMs, nowMs].slice(-limits.sessionLanes);
    const count = afterTimeouts(this.#count, this.#timeoutsMs, nowMs);
    if (count !== this.#count) this.#timeoutsMs = [];
    this.#count = count;
  }

  /** A lane that could not be opened matters to nobody as long as there is another. */
  #unlessOthers(error: unknown): void {
    if (this.#slots.size === 0) throw error;
  }

  #follow(session: Session): void {
    if (this.#session === session) return;
    this.close();
    this.#session = session;
    this.#timeoutsMs = [];
    this.#count = firstLanes(session.rttMs, this.#mostOf(session));
  }

  /** Opening is not one file's alone, so no cancellation stops it. Resolves when the lane may be used. */
  #openOne(session: Session): Promise<void> {
    const slot: Slot = { lane: undefined, opened: Promise.resolve() };
    slot.opened = session.openLane().then(
      (channel) => {
        if (!this.#slots.has(slot)) {
          channel.close();
          return;
        }
        channel.ping();
        const sinceMs = performance.now();
        const none = { users: 0, unwanted: 0, handles: 0, hasMoved: false };
        slot.lane = { channel, meter: new LaneMeter(), sinceMs, ...none };
      },
      (error: unknown) => {
        this.#slots.delete(slot);
        throw error;
      },
    );
    // Who waits for it hears of it; a lane that nobody waits for fails quietly.
    slot.opened.catch(() => {});
    this.#slots.add(slot);
    return slot.opened;
  }

  countsDownloads(): boolean {
    return ((this.#connection.current?.welcome.features ?? 0) & Feature.countsDownloads) !== 0;
  }

  prepare(bytes: number): void {
    const session = this.#connection.current;
    if (session === undefined) return;
    this.#follow(session);
    const worthwhile = Math.min(this.share(), Math.ceil(bytes / worthALaneBytes));
    while (this.#slots.size < worthwhile) void this.#openOne(session);
  }

  #mostOf(session: Session): number {
    return Math.max(1, Math.min(this.#most, session.welcome.lanes));
  }

  /** Looks at what the lanes carry, as long as there are users. */
  #lookNowAndThen(): NodeJS.Timeout {
    const timer = setInterval(() => {
      const session = this.#session;
      if (this.#users === 0 || session === undefined) {
        clearInterval(timer);
        this.#looking = undefined;
        return;
      }
      session.channel.ping();
      this.#count = nextLaneCount(this.#count, {
        nowMs: performance.now(),
        bytes: this.#bytes,
        rttMs: session.rttMs,
        limitedByUs: this.#hadTooLittle,
        most: this.#mostOf(session),
      });
      this.#hadTooLittle = this.#users < this.#count.settled;
    }, lookMs);
    timer.unref();
    return timer;
  }

  /** A lane that nobody uses and that is more than there should be. */
  #closeSpare(lane: OpenLane): void {
    if (lane.users > 0 || this.#slots.size <= this.#count.lanes) return;
    for (const slot of this.#slots) if (slot.lane === lane) this.#slots.delete(slot);
    lane.channel.close();
  }

  close(): void {
    for (const { lane } of this.#slots) lane?.channel.close();
    this.#slots.clear();
    this.#session = undefined;
  }
}

function endUnwanted({ channel, users, unwanted }: OpenLane): void {
  if (unwanted > 0 && unwanted === users)
    channel.abort(new FerryError(Code.CONNECTION_LOST, 'the transfer was paused'));
}

/** A file's share of this size is worth a lane of its own. */
export const worthALaneBytes = 8 * 1024 * 1024;
/** A lane that ends after this time without a byte that arrived ran out of time, milliseconds. */
const inVainMs = 30_000;
/** How often the rate is looked at, milliseconds. */
const lookMs = 250;
/** Blocks that are on their way before anything is known of the lane. */
const firstWindow = 4;
const mostWindow = 12;
/** How long a lane's rate is looked back at, milliseconds. */
const meterMs = 500;

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
    this.#rate = ms > 6 * meterMs ? undefined : (this.#bytes * 1000) / ms;
    this.#bytes = 0;
    this.#sinceMs = nowMs;
  }

  /** As last measured, or less where it has carried nothing for longer than that lets expect. */
  rate(nowMs: number): number | undefined {
    if (this.#rate === undefined) return undefined;
    const ms = nowMs - this.#sinceMs;
    return ms < meterMs ? this.#rate : Math.min(this.#rate, ((this.#bytes + limits.blockBytes) * 1000) / ms);
  }

  /** Two round trips' worth and one more, so that a slow lane holds little that a faster one could have carried. */
  window(rttMs: number): number {
    if (this.#rate === undefined) return firstWindow;
    const bytes = (this.#rate * Math.max(2 * rttMs, 100)) / 1000;
    return Math.min(mostWindow, Math.max(2, Math.ceil(bytes / limits.blockBytes) + 1));
  }
}
