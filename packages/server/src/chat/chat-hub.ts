/**
 * Who of this thread's sessions is in which room, and telling them what is said there. What is told comes from the history, in
 * its order; another thread's "something was said" is only a bell, and one that was not heard is made up for by the next.
 *
 * Nobody waits for anybody: who does not take what is sent is told nothing more, and once it takes something again, that there is
 * more, which it asks for itself. Worker threads.
 */

import { FerryError } from '@ferry/protocol';
import { type ChatMessage, encodeEvent } from '@ferry/protocol/messages';
import { note } from '../access/note.ts';
import type { ChatHistory } from './chat-history.ts';
import type { ChatLink, ChatRing } from './chat-link.ts';
import { ChatMember } from './chat-member.ts';
import { type ChatChanges, localChat } from './operations.ts';

export type { ChatLink, ChatRing } from './chat-link.ts';

export type ChatHubOpts = {
  readonly history: ChatHistory;
  /** Where what is said is kept; default: there and then in that history. */
  readonly changes?: ChatChanges;
  /** Tells the other threads; undefined: whoever keeps it tells this one too. */
  readonly ring: ((ring: ChatRing) => void) | undefined;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
};

/** Longest time that telling takes the thread for itself, milliseconds. */
const sliceMs = 3;
/** Messages that are read from the history at once. */
const pageMessages = 64;

type LiveRoom = {
  readonly room: number;
  readonly members: Set<ChatMember>;
  /** Number of the last message that those who are here were told of. */
  told: number;
  /** Read already, and not told yet. */
  readonly page: ChatMessage[];
  telling: Telling | undefined;
};

/** A message on its way to those of a room. */
type Telling = {
  readonly path: ChatMessage['path'];
  readonly event: Buffer;
  /** The same without its path, for those who may not know of that. */
  readonly bare: Buffer;
  /** Who is still to be told. */
  readonly to: Iterator<ChatMember>;
};

export class ChatHub {
  readonly history: ChatHistory;
  readonly now: () => number;
  readonly changes: ChatChanges;
  readonly #ring: ((ring: ChatRing) => void) | undefined;
  readonly #rooms = new Map<number, LiveRoom>();
  /** Those who hear of direct messages, by account. */
  readonly #byAccount = new Map<number, Set<ChatMember>>();
  /** Rooms in which something was said that not all here know. */
  readonly #rung = new Set<LiveRoom>();
  #isTelling = false;

  constructor({ history, changes, ring, now = Date.now }: ChatHubOpts) {
    this.history = history;
    this.changes = changes ?? localChat(() => this.history);
    this.now = now;
    this.#ring = ring;
  }

  enter(link: ChatLink): ChatMember {
    return new ChatMember(this, link);
  }

  /** Forgets what is too old, if the file can be written now. */
  tidy(): void {
    note(this.changes.make('tidy', { nowMs: this.now() }));
  }

  /** Tells nobody anything any more. Idempotent. */
  close(): void {
    this.#rooms.clear();
    this.#byAccount.clear();
    this.#rung.clear();
    this.history.close();
  }

  /** Another thread's. */
  heard({ room, pair }: ChatRing): void {
    const live = this.#rooms.get(room);
    if (live !== undefined) this.#wake(live);
    if (pair !== undefined) this.#knock(room, pair);
  }

  /** Bells may have been lost. */
  resync(): void {
    for (const room of this.#rooms.values()) this.#wake(room);
  }

  /** There is more than was told. How much, a file that cannot be read now does not say: 0. */
  bell(room: number): Buffer {
    let last = 0;
    try {
      last = this.history.last(room);
    } catch (error) {
      if (!(error instanceof FerryError)) throw error;
    }
    return encodeEvent({ kind: 'chat', room, last, message: undefined });
  }

  /** Something was said by one of this thread's. */
  said({ room, pair }: ChatRing): void {
    if (this.#ring === undefined) return;
    this.heard({ room, pair });
    this.#ring({ room, pair });
  }

  /** From now on it is told of all that is said there. */
  add(member: ChatMember, room: number): void {
    const live = this.#rooms.get(room) ?? {
      room,
      members: new Set(),
      told: this.history.last(room),
      page: [],
      telling: undefined,
    };
    this.#rooms.set(room, live);
    live.members.add(member);
  }

  remove(member: ChatMember, room: number): void {
    const live = this.#rooms.get(room);
    if (live?.members.delete(member) !== true || live.members.size > 0) return;
    this.#rooms.delete(room);
    this.#rung.delete(live);
  }

  listen(member: ChatMember, account: number): void {
    const members = this.#byAccount.get(account) ?? new Set();
    this.#byAccount.set(account, members.add(member));
  }

  unlisten(member: ChatMember, account: number): void {
    const members = this.#byAccount.get(account);
    members?.delete(member);
    if (members?.size === 0) this.#byAccount.delete(account);
  }

  #wake(room: LiveRoom): void {
    this.#rung.add(room);
    if (this.#isTelling) return;
    this.#isTelling = true;
    setImmediate(() => this.#tell());
  }

  /** In turns, so that whoever asks this thread for something else waits for one slice at most. */
  #tell(): void {
    const untilMs = performance.now() + sliceMs;
    for (const room of this.#rung) {
      // Behind the others, if it is not done.
      this.#rung.delete(room);
      if (this.#tellPageOrWait(room, untilMs)) this.#rung.add(room);
      if (performance.now() >= untilMs) break;
    }
    this.#isTelling = this.#rung.size > 0;
    if (this.#isTelling) setImmediate(() => this.#tell());
  }

  /**
   * True when there may be more. A file that cannot be read now is read when the next bell rings; whoever waits for an answer hears
   * why there is none.
   */
  #tellPageOrWait(live: LiveRoom, untilMs: number): boolean {
    try {
      live.telling ??= this.#next(live);
    } catch (error) {
      if (!(error instanceof FerryError)) throw error;
      return false;
    }
    if (live.telling === undefined) return false;
    const { room } = live;
    const { path, event, bare, to } = live.telling;
    // A message to many is told in several turns; the iterator knows how far it is.
    for (let next = to.next(); next.done !== true; next = to.next()) {
      const member = next.value;
      member.tell(room, path === undefined || member.link.maySee(path) ? event : bare);
      if (performance.now() >= untilMs) return true;
    }
    live.telling = undefined;
    return true;
  }

  /** The next message that not all here know; undefined when there is none. */
  #next(live: LiveRoom): Telling | undefined {
    if (live.page.length === 0) live.page.push(...this.history.after(live.room, live.told, pageMessages));
    const message = live.page.shift();
    if (message === undefined) {
      // All that was there was damaged or is not kept any more.
      live.told = this.history.last(live.room);
      return undefined;
    }
    live.told = message.seq;
    const about = { kind: 'chat', room: live.room, last: message.seq } as const;
    const event = encodeEvent({ ...about, message });
    const { path } = message;
    const bare =
      path === undefined ? event : encodeEvent({ ...about, message: { ...message, path: undefined } });
    return { path, event, bare, to: live.members.values() };
  }

  /** There is something new for two accounts, for those of theirs who have not entered that room. */
  #knock(room: number, pair: readonly [number, number]): void {
    for (const account of new Set(pair)) {
      for (const member of this.#byAccount.get(account) ?? []) member.knock(room);
    }
  }
}
