/**
 * One room of the chat as a member has it: entered over whatever session there is, what is said in order and once, sealed where it has
 * a passphrase. Called by chat.ts; I/O thread.
 */

import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Code, checkRoomName, FerryError, isChatText, limits, type Path, toWireError } from '@ferry/protocol';
import {
  type ChatMessage,
  history,
  isUnsaid,
  type Joined,
  join,
  leave,
  messageIdBytes,
  RoomKind,
  type Say,
  type ServerEvent,
  say,
  unsay,
} from '@ferry/protocol/messages';
import type { ChatLine, ChatNews, ChatNote, RoomRef } from '../engine/chat.ts';
import type { Wait } from '../engine/source.ts';
import { fits, newSealing, Opener, type RoomKey, roomKey, Sealer } from './room-seal.ts';
import type { Session } from './session.ts';

/** What the chat needs of a session. */
export type ChatSession = Pick<Session, 'channel' | 'welcome'>;

/** What comes of what was said before one came. */
const pastLines = 200;
/** Lines that wait to be said in one room. */
const mostWaiting = 32;
/** Until a line is sent again to a server that did not answer, milliseconds. */
const againMs = 1000;

export type ChatRoomOpts = {
  readonly ref: RoomRef;
  readonly passphrase: string | undefined;
  readonly create: boolean;
  /** Entered because somebody has just written there: nothing of it is past. */
  readonly isNews?: boolean;
  readonly tell: (news: ChatNews) => void;
};

/** The line is gone, and all goes on over the next one. */
const passing: ReadonlySet<Code> = new Set([
  Code.CONNECTION_LOST,
  Code.CANCELLED,
  Code.SHUTTING_DOWN,
  Code.WORKER_LOST,
  Code.TIMEOUT,
]);

export function isPassing(error: unknown): boolean {
  return error instanceof FerryError && passing.has(error.code);
}

/** @throws {FerryError} NAME_INVALID, NAME_TOO_LONG */
export function kindAndName(
  ref: RoomRef,
  isSealed: boolean,
): { readonly kind: RoomKind; readonly name: string } {
  if (ref.startsWith('@') && ref.length > 1) return { kind: RoomKind.direct, name: ref.slice(1) };
  const name = checkRoomName(ref.replace(/^#/, ''));
  return { kind: isSealed ? RoomKind.sealed : RoomKind.open, name };
}

type Seal = {
  readonly key: RoomKey;
  readonly salt: Buffer;
  readonly sealer: Sealer;
  readonly opener: Opener;
};

export class ChatRoom {
  readonly ref: RoomRef;
  readonly #opts: ChatRoomOpts;
  #session: ChatSession | undefined;
  #room = 0;
  #generation = '';
  /** Number of the last line that was told; undefined before the first look. */
  #last: number | undefined;
  /** The greatest number that the server spoke of. */
  #latest = 0;
  /** Over which session it is asking for lines now. */
  #asking: ChatSession | undefined;
  #mustAsk = false;
  #seal: Seal | undefined;
  readonly #abort = new AbortController();
  #entering: { readonly session: ChatSession; readonly done: Promise<void> } | undefined;
  /** What was spoken of before one knew which room is this one, by number. */
  readonly #early = new Map<number, number>();
  readonly #ownIds = new Set<string>();
  readonly #waitingForSession = new Set<() => void>();
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(opts: ChatRoomOpts) {
    this.#opts = opts;
    this.ref = opts.ref;
  }

  get isSealed(): boolean {
    return this.#opts.passphrase !== undefined;
  }

  /** Whether one was in it already, over this session or an earlier one. */
  get hasBeenIn(): boolean {
    return this.#generation !== '';
  }

  /** Whether the event was about this room. */
  hear({ room, last, message }: ServerEvent & { kind: 'chat' }): boolean {
    if (this.#session === undefined) {
      // May come in one piece with the answer that says so.
      if (this.#entering !== undefined && this.#early.size < limits.chatJoined) {
        this.#early.set(room, Math.max(last, this.#early.get(room) ?? 0));
      }
      return false;
    }
    if (room !== this.#room) return false;
    if (this.#asking === undefined && message !== undefined && message.after === this.#last) {
      this.#accept([message], false);
      return true;
    }
    this.#latest = Math.max(this.#latest, last);
    this.#mustAsk ||= message === undefined;
    void this.#catchUp(false);
    return true;
  }

  /**
   * Over a session that is new. Resolves when what was missed has come.
   * @throws {FerryError} as Chat.join
   */
  enter(session: ChatSession): Promise<void> {
    if (this.#entering?.session === session) return this.#entering.done;
    const done = this.#enter(session).finally(() => {
      if (this.#entering?.session === session) this.#entering = undefined;
    });
    this.#entering = { session, done };
    return done;
  }

  async #enter(session: ChatSession): Promise<void> {
    this.#session = undefined;
    this.#early.clear();
    const joined = await this.#join(session);
    if (this.#isOut || this.#entering?.session !== session) {
      session.channel.call(leave, { room: joined.room }).catch(() => {});
      return;
    }
    const generation = `${Buffer.from(joined.generation).toString('hex')} ${joined.room}`;
    const isAnew = this.#generation !== '' && this.#generation !== generation;
    if (isAnew) {
      this.#last = 0;
      this.#latest = 0;
      this.#tell([{ ...nothing, ms: Date.now(), notes: ['anew'] }], false);
    }
    this.#generation = generation;
    this.#room = joined.room;
    this.#session = session;
    this.#latest = Math.max(this.#latest, joined.last, this.#early.get(joined.room) ?? 0);
    await this.#catchUp(this.#last === undefined && this.#opts.isNews !== true);
    for (const wake of [...this.#waitingForSession]) wake();
  }

  /** The session has gone. */
  lost(): void {
    this.#session = undefined;
  }

  /** For good; what waits to be said fails. `isOver`: the session ends with it and needs not be told. */
  out(isOver = false): void {
    const session = this.#session;
    this.#abort.abort();
    if (!isOver) session?.channel.call(leave, { room: this.#room }).catch(() => {});
    this.#session = undefined;
    for (const wake of [...this.#waitingForSession]) wake();
  }

  /** @throws {FerryError} as Chat.say */
  async say(text: string, path: Path | undefined, signal?: AbortSignal): Promise<void> {
    if (!isChatText(text)) {
      throw new FerryError(
        Code.USAGE,
        `a message is one line of 1 to ${limits.chatTextBytes} bytes without control characters`,
      );
    }
    if (this.#waiting >= mostWaiting) {
      throw new FerryError(Code.LIMIT, 'too many lines wait to be said: wait a moment');
    }
    this.#waiting += 1;
    const own = this.#turn.then(() => this.#say(text, path, signal));
    this.#turn = own.catch(() => {});
    try {
      await own;
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Once: a line that breaks meanwhile fails it, and what was asked may have been done. @throws {FerryError} as Chat.unsay */
  async unsay(seq: number, { signal }: Wait): Promise<void> {
    const { channel } = await this.#online(signal);
    const request = { room: this.#room, seq, id: randomBytes(messageIdBytes) };
    await channel.call(unsay, request, signal === undefined ? {} : { signal });
  }

  get #isOut(): boolean {
    return this.#abort.signal.aborted;
  }

  async #say(text: string, path: Path | undefined, signal: AbortSignal | undefined): Promise<void> {
    const id = randomBytes(messageIdBytes);
    this.#ownIds.add(id.toString('hex'));
    const [oldest] = this.#ownIds;
    if (this.#ownIds.size > limits.chatHistory && oldest !== undefined) this.#ownIds.delete(oldest);
    let sealedBy: Seal | undefined;
    let request: Omit<Say, 'room'> | undefined;
    let hasEnteredAgain = false;
    const wait = signal === undefined ? {} : { signal };
    for (;;) {
      const session = await this.#online(signal);
      // What is sent again is the same box, unless the room has been made anew with another key.
      if (request === undefined || sealedBy !== this.#seal) {
        sealedBy = this.#seal;
        request = { id, ...said(this.#seal, text, path) } as Omit<Say, 'room'>;
      }
      try {
        await session.channel.call(say, { room: this.#room, ...request } as Say, wait);
        return;
      } catch (error) {
        if (signal?.aborted === true || !(error instanceof FerryError)) throw error;
        if (isPassing(error)) {
          if (session.channel.ended === undefined) await pause(againMs, undefined, wait);
          else if (this.#session === session) this.#session = undefined;
        } else if (error.code === Code.LIMIT && error.retryAfterMs !== undefined) {
          await pause(error.retryAfterMs, undefined, wait);
        } else if (error.code === Code.NOT_FOUND && !hasEnteredAgain) {
          // Nobody spoke there for a month, and it was tidied away.
          hasEnteredAgain = true;
          await this.enter(session).catch((thrown: unknown) => {
            if (!isPassing(thrown)) throw thrown;
          });
        } else {
          throw error;
        }
      }
    }
  }

  /** @throws {FerryError} NOT_FOUND: one is out; CANCELLED */
  #online(signal: AbortSignal | undefined): Promise<ChatSession> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (this.#isOut) settle(() => reject(new FerryError(Code.NOT_FOUND, 'you are not in this room')));
        else if (signal?.aborted === true) settle(() => reject(new FerryError(Code.CANCELLED, 'cancelled')));
        else if (this.#session !== undefined) {
          const session = this.#session;
          settle(() => resolve(session));
        }
      };
      const settle = (then: () => void): void => {
        this.#waitingForSession.delete(look);
        signal?.removeEventListener('abort', look);
        then();
      };
      this.#waitingForSession.add(look);
      signal?.addEventListener('abort', look, { once: true });
      look();
    });
  }

  async #join({ channel, welcome }: ChatSession): Promise<Joined> {
    const { passphrase, create } = this.#opts;
    const { kind, name } = kindAndName(this.ref, passphrase !== undefined);
    const request = { kind, name, sealing: undefined, create: create && passphrase === undefined };
    const { signal } = this.#abort;
    if (passphrase === undefined) {
      const joined = await channel.call(join, request, { signal });
      if (joined.sealing !== undefined) throw new FerryError(Code.CONFLICT, 'this room has a passphrase');
      return joined;
    }
    const joined = await channel.call(join, request, { signal }).catch(async (error: unknown) => {
      if (!(error instanceof FerryError) || error.code !== Code.NOT_FOUND || !create) throw error;
      const { sealing } = await newSealing(name, passphrase);
      return await channel.call(join, { ...request, create, sealing }, { signal });
    });
    const { sealing } = joined;
    // Never in the clear because a server says so.
    if (sealing === undefined) throw new FerryError(Code.CONFLICT, 'this room has no passphrase');
    const isKnown = this.#seal?.salt.equals(sealing.salt) === true;
    const key =
      isKnown && this.#seal !== undefined ? this.#seal.key : await roomKey(name, passphrase, sealing.salt);
    if (!fits(key, sealing)) {
      channel.call(leave, { room: joined.room }).catch(() => {});
      throw new FerryError(Code.AUTH_FAILED, 'that is not the passphrase of this room');
    }
    if (!isKnown) {
      const salt = Buffer.from(sealing.salt);
      this.#seal = { key, salt, sealer: new Sealer(key, welcome.user), opener: new Opener(key) };
    }
    return joined;
  }

  /** Asks until it has all that the server spoke of. A line that breaks meanwhile is the next session's to make up for. */
  async #catchUp(past: boolean): Promise<void> {
    const session = this.#session;
    if (session === undefined || this.#asking === session) return;
    this.#asking = session;
    try {
      while (this.#session === session && (this.#mustAsk || (this.#last ?? -1) < this.#latest)) {
        this.#mustAsk = false;
        const before = this.#last;
        const request = {
          room: this.#room,
          after: before,
          most: before === undefined ? pastLines : limits.chatHistory,
        };
        const { last } = await session.channel.call(history, request, {
          signal: this.#abort.signal,
          onPart: ({ messages }) => {
            if (this.#session === session) this.#accept(messages, past);
          },
        });
        this.#latest = Math.max(this.#latest, last);
        // What the server does not have any more will never come.
        if (this.#last === before) this.#last = last;
      }
    } catch (error) {
      if (!(error instanceof FerryError)) throw error;
      if (!isPassing(error)) this.#opts.tell({ kind: 'out', ref: this.ref, error: toWireError(error) });
    } finally {
      if (this.#asking === session) this.#asking = undefined;
    }
  }

  #accept(messages: readonly ChatMessage[], past: boolean): void {
    const lines: ChatLine[] = [];
    for (const message of messages) {
      if (this.#last !== undefined && message.seq <= this.#last) continue;
      const notes: ChatNote[] = this.#last !== undefined && message.after > this.#last ? ['gap'] : [];
      this.#last = message.seq;
      lines.push(this.#lineOf(message, notes));
    }
    if (lines.length > 0) this.#tell(lines, past);
  }

  #lineOf(message: ChatMessage, notes: readonly ChatNote[]): ChatLine {
    const { seq, ms, from, id, text, path, sealed, takes } = message;
    const user = this.#session?.welcome.user;
    const isOurs = this.#ownIds.has(Buffer.from(id).toString('hex'));
    // All guests have one name.
    const line = { seq, ms, from, own: isOurs || (from === user && user !== 'guest') };
    if (takes !== undefined) return { ...line, text: '', path: undefined, notes, takes };
    if (isUnsaid(message)) return { ...line, text: '', path: undefined, notes: [...notes, 'taken'] };
    if (sealed === undefined && this.#seal === undefined) return { ...line, text: text ?? '', path, notes };
    if (sealed === undefined || this.#seal === undefined) {
      return { ...line, text: '', path: undefined, notes: [...notes, 'unreadable'] };
    }
    const opened = this.#seal.opener.open({ ...message, text: undefined, path: undefined, sealed });
    const own = opened.notes.includes('clock') ? ms : sealed.sentMs;
    return { ...line, ms: own, text: opened.text, path: opened.path, notes: [...notes, ...opened.notes] };
  }

  #tell(lines: readonly ChatLine[], past: boolean): void {
    this.#opts.tell({ kind: 'lines', ref: this.ref, sealed: this.isSealed, lines, past });
  }
}

const nothing: Omit<ChatLine, 'ms' | 'notes'> = { seq: 0, from: '', own: false, text: '', path: undefined };

function said(seal: Seal | undefined, text: string, path: Path | undefined) {
  if (seal === undefined) return { text, path, sealed: undefined };
  const sealed = seal.sealer.seal(text, path, Date.now(), seal.opener.mark);
  return { text: undefined, path: undefined, sealed };
}
