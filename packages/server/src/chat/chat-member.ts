/** One session in the chat: the rooms it is in, what it says, and telling it what others say. Made by the hub; worker threads. */

import { Code, FerryError, limits } from '@ferry/protocol';
import {
  type ChatMessage,
  type Join,
  type Mute,
  type Room,
  RoomKind,
  type Say,
  type Unsay,
} from '@ferry/protocol/messages';
import type { Partner, RoomRecord } from './chat-history.ts';
import type { ChatHub } from './chat-hub.ts';
import type { ChatLink, ChatRing } from './chat-link.ts';
import { roomGone, tooFast } from './chat-rows.ts';
import { charge } from './rate.ts';

export class ChatMember {
  readonly link: ChatLink;
  readonly #hub: ChatHub;
  /** With the two accounts of direct ones. */
  readonly #joined = new Map<number, ChatRing['pair']>();
  /** Rooms of which something was not told, as it would not have been taken. */
  readonly #missed = new Set<number>();
  #isListening = false;
  #isOver = false;
  #paidMs = 0;

  constructor(hub: ChatHub, link: ChatLink) {
    this.#hub = hub;
    this.link = link;
  }

  get generation(): Uint8Array {
    return this.#hub.history.generation;
  }

  /** @throws {FerryError} IO_ERROR */
  rooms(): readonly Room[] {
    this.#listen();
    return this.#hub.history.rooms(this.link.who);
  }

  /** @throws {FerryError} NOT_FOUND, CONFLICT, FORBIDDEN, LIMIT, IO_ERROR, BUSY */
  async join(request: Join): Promise<RoomRecord> {
    const { history } = this.#hub;
    const partner = request.kind === RoomKind.direct ? this.#partner(request.name) : undefined;
    const record = history.find(this.link.who, request, partner) ?? (await this.#make(request, partner));
    if (!this.#joined.has(record.room) && this.#joined.size >= limits.chatJoined) {
      throw new FerryError(Code.LIMIT, `one is in ${limits.chatJoined} rooms at most: leave one first`);
    }
    this.#listen();
    if (this.#isOver) return record;
    this.#joined.set(record.room, record.pair);
    this.#hub.add(this, record.room);
    // What was said since is told; what was said before is asked for.
    return { ...record, last: history.last(record.room) };
  }

  async #make(request: Join, partner: Partner | undefined): Promise<RoomRecord> {
    const { who } = this.link;
    await this.#hub.changes.make('room', { who, wanted: request, partner, nowMs: this.#hub.now() });
    const made = this.#hub.history.find(who, request, partner);
    if (made === undefined) throw roomGone();
    return made;
  }

  leave(room: number): void {
    if (this.#joined.delete(room)) this.#hub.remove(this, room);
    this.#missed.delete(room);
  }

  /** @throws {FerryError} LIMIT, NOT_FOUND, BAD_STATE, IO_ERROR, BUSY */
  async say(said: Say): Promise<{ readonly seq: number; readonly ms: number }> {
    const { room } = said;
    this.checkJoined(room);
    const { changes, now } = this.#hub;
    // By connection first: who floods does not even cost a look at the file.
    const { paidMs, waitMs } = charge(this.#paidMs, now());
    if (waitMs > 0) throw tooFast(waitMs);
    this.#paidMs = paidMs;
    const pair = this.#joined.get(room);
    const order = { who: this.link.who, say: said, nowMs: now() };
    const { seq, ms, isNew } = await changes.make('say', order);
    if (isNew) this.#hub.said({ room, pair });
    return { seq, ms };
  }

  /** @throws {FerryError} FORBIDDEN, NOT_FOUND, LIMIT, IO_ERROR, BUSY */
  async unsay(unsay: Unsay): Promise<{ readonly seq: number; readonly ms: number }> {
    const { room } = unsay;
    this.checkJoined(room);
    const { changes, now } = this.#hub;
    const pair = this.#joined.get(room);
    const order = { who: this.link.who, unsay, anybodys: this.link.isOwner(), nowMs: now() };
    const { seq, ms, isNew } = await changes.make('unsay', order);
    if (isNew) this.#hub.said({ room, pair });
    return { seq, ms };
  }

  /** @throws {FerryError} FORBIDDEN, NOT_FOUND, IO_ERROR, BUSY */
  async mute({ name, ms }: Mute): Promise<void> {
    if (!this.link.isOwner()) throw new FerryError(Code.FORBIDDEN, 'only an owner of the server may do that');
    const { scope } = this.link.who;
    const key = this.link.keyOf(this.link.partner(name).account);
    await this.#hub.changes.make('mute', { scope, key, ms, nowMs: this.#hub.now() });
  }

  /** At most so many; one with a path that this account may not see comes without it. @throws {FerryError} NOT_FOUND, IO_ERROR */
  messages(room: number, after: number, most: number): readonly ChatMessage[] {
    this.checkJoined(room);
    return this.#hub.history
      .after(room, after, most)
      .map((message) =>
        message.path === undefined || this.link.maySee(message.path)
          ? message
          : { ...message, path: undefined },
      );
  }

  beforeNewest(room: number, most: number): number {
    this.checkJoined(room);
    return this.#hub.history.beforeNewest(room, most);
  }

  last(room: number): number {
    return this.#hub.history.last(room);
  }

  /** @throws {FerryError} NOT_FOUND */
  checkJoined(room: number): void {
    if (!this.#joined.has(room)) throw new FerryError(Code.NOT_FOUND, 'you are not in this room');
  }

  /** By the hub. */
  tell(room: number, event: Buffer): void {
    if (!this.link.mayChat()) return;
    if (this.#missed.size > 0 || !this.link.writable()) this.#miss(room);
    else this.link.send(event);
  }

  /** By the hub: something was said to or by this account. */
  knock(room: number): void {
    if (this.#joined.has(room) || !this.link.mayChat()) return;
    if (this.#missed.size > 0 || !this.link.writable()) this.#miss(room);
    else this.link.send(this.#hub.bell(room));
  }

  /** The session has ended. */
  end(): void {
    this.#isOver = true;
    for (const room of [...this.#joined.keys()]) this.leave(room);
    const { account } = this.link.who;
    if (this.#isListening && account !== undefined) this.#hub.unlisten(this, account);
    this.#missed.clear();
  }

  #listen(): void {
    const { account } = this.link.who;
    if (this.#isListening || this.#isOver || account === undefined) return;
    this.#isListening = true;
    this.#hub.listen(this, account);
  }

  #partner(name: string): Partner {
    if (this.link.who.account === undefined) {
      throw new FerryError(
        Code.FORBIDDEN,
        'only people with an account of their own talk to each other alone',
      );
    }
    return this.link.partner(name);
  }

  #miss(room: number): void {
    const isFirst = this.#missed.size === 0;
    this.#missed.add(room);
    if (!isFirst) return;
    this.link.ready().then(
      () => this.#catchUp(),
      // It is gone, and `end` is on its way.
      () => {},
    );
  }

  #catchUp(): void {
    const rooms = [...this.#missed];
    this.#missed.clear();
    if (this.#isOver || !this.link.mayChat()) return;
    for (const room of rooms) this.link.send(this.#hub.bell(room));
  }
}
