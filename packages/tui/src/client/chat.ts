/** All rooms that somebody is in, over one connection and whatever sessions it has. I/O thread. */

import { setTimeout as pause } from 'node:timers/promises';
import { asFerryError, Code, FerryError, limits, type Path, toWireError } from '@ferry/protocol';
import { mute, type Room, RoomKind, rooms, type ServerEvent } from '@ferry/protocol/messages';
import type { Chat, ChatNews, JoinOpts, RoomInfo, RoomRef } from '../engine/chat.ts';
import type { Wait } from '../engine/source.ts';
import { ChatRoom, type ChatSession, isPassing, kindAndName } from './chat-room.ts';

/** What the chat needs of a connection. */
export type ChatConnection = {
  readonly session: (signal?: AbortSignal) => Promise<ChatSession>;
  /** As Connection.listen. */
  readonly listen: (ear: ChatEar) => () => void;
};

export type ChatEar = {
  readonly session: (session: ChatSession) => void;
  readonly event: (event: ServerEvent) => void;
  readonly lost: () => void;
  readonly over: (error: FerryError) => void;
};

/** Direct conversations that open by themselves. */
const mostDirect = limits.chatJoined / 2;
/** Until a room is entered again that a server did not answer for, milliseconds. */
const againMs = 500;

export class ChatClient implements Chat {
  readonly #connection: ChatConnection;
  readonly #tell: (news: ChatNews) => void;
  readonly #rooms = new Map<RoomRef, ChatRoom>();
  readonly #close: () => void;
  /** Somebody wants to hear of direct messages. */
  #isListening = false;
  #isLooking = false;
  #mustLook = false;

  constructor(connection: ChatConnection, tell: (news: ChatNews) => void) {
    this.#connection = connection;
    this.#tell = tell;
    this.#close = connection.listen({
      session: (session) => void this.#enterAll(session),
      event: (event) => this.#hear(event),
      lost: () => {
        for (const room of this.#rooms.values()) room.lost();
      },
      over: (error) => {
        for (const { ref, hasBeenIn } of [...this.#rooms.values()]) {
          this.leave(ref);
          if (hasBeenIn) tell({ kind: 'out', ref, error: toWireError(error) });
        }
      },
    });
  }

  async rooms(opts: Wait = {}): Promise<readonly RoomInfo[]> {
    this.#isListening = true;
    const session = await this.#connection.session(opts.signal);
    const found = await list(session, opts);
    void this.#openDirect(found, false);
    return found.map(toInfo);
  }

  join(ref: RoomRef, opts: JoinOpts): Promise<void> {
    return this.#join(ref, opts, false);
  }

  async #join(ref: RoomRef, { passphrase, create, signal }: JoinOpts, isNews: boolean): Promise<void> {
    const { kind, name } = kindAndName(ref, passphrase !== undefined);
    const clean = kind === RoomKind.direct ? ref : `#${name}`;
    if (this.#rooms.has(clean)) return;
    const room = new ChatRoom({ ref: clean, passphrase, create, isNews, tell: this.#tell });
    this.#rooms.set(clean, room);
    const cancel = (): void => this.leave(clean);
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      for (;;) {
        const session = await this.#connection.session(signal);
        try {
          await room.enter(session);
          return;
        } catch (error) {
          // The next session enters it, as it does all others; who joins waits for that.
          if (!isPassing(error) || signal?.aborted === true || session.channel.ended === undefined)
            throw error;
        }
      }
    } catch (error) {
      if (this.#rooms.get(clean) === room) this.#rooms.delete(clean);
      room.out();
      throw error;
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  leave(ref: RoomRef): void {
    const room = this.#rooms.get(ref);
    this.#rooms.delete(ref);
    room?.out();
  }

  async say(ref: RoomRef, text: string, path: Path | undefined, opts: Wait = {}): Promise<void> {
    const room = this.#rooms.get(ref);
    if (room === undefined) throw new FerryError(Code.NOT_FOUND, 'you are not in this room');
    await room.say(text, path, opts.signal);
  }

  async unsay(ref: RoomRef, seq: number, opts: Wait = {}): Promise<void> {
    const room = this.#rooms.get(ref);
    if (room === undefined) throw new FerryError(Code.NOT_FOUND, 'you are not in this room');
    await room.unsay(seq, opts);
  }

  async mute(name: string, ms: number | undefined, opts: Wait = {}): Promise<void> {
    const { channel } = await this.#connection.session(opts.signal);
    await channel.call(mute, { name, ms }, opts);
  }

  /** Nothing is told any more. Idempotent. */
  close(): void {
    this.#close();
    for (const room of this.#rooms.values()) room.out(true);
    this.#rooms.clear();
  }

  async #enterAll(session: ChatSession): Promise<void> {
    if (this.#isListening) void this.#look(session);
    let waiting = [...this.#rooms.values()];
    while (waiting.length > 0) {
      waiting = await this.#enterThese(waiting, session);
      // A server that did not answer may yet.
      if (waiting.length > 0) await pause(againMs, undefined, { ref: false });
    }
  }

  /** @returns those that may be tried again over the same session */
  async #enterThese(these: readonly ChatRoom[], session: ChatSession): Promise<ChatRoom[]> {
    const again: ChatRoom[] = [];
    for (const room of these) {
      if (this.#rooms.get(room.ref) !== room || session.channel.ended !== undefined) continue;
      try {
        await room.enter(session);
      } catch (error) {
        // Whoever is joining it hears of it there.
        if (!room.hasBeenIn) continue;
        if (isPassing(error)) {
          again.push(room);
          continue;
        }
        if (this.#rooms.get(room.ref) === room) this.#rooms.delete(room.ref);
        room.out();
        this.#tell({ kind: 'out', ref: room.ref, error: toWireError(asFerryError(error)) });
      }
    }
    return again;
  }

  #hear(event: ServerEvent): void {
    if (event.kind !== 'chat') return;
    for (const room of this.#rooms.values()) if (room.hear(event)) return;
    // Somebody has written for the first time, or what is being entered just now has been spoken of.
    if (event.message === undefined && this.#isListening) void this.#look();
  }

  /** Looks who has written, one look at a time. */
  async #look(session?: ChatSession): Promise<void> {
    this.#mustLook = true;
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      while (this.#mustLook) {
        this.#mustLook = false;
        await this.#openDirect(await list(session ?? (await this.#connection.session()), {}), true);
      }
    } catch (error) {
      // The next session looks again; a chat that is switched off has told whoever asked for it.
      if (!(error instanceof FerryError)) throw error;
    } finally {
      this.#isLooking = false;
    }
  }

  async #openDirect(found: readonly Room[], isNews: boolean): Promise<void> {
    const direct = found
      .filter(({ kind, last }) => kind === RoomKind.direct && last > 0)
      .slice(0, mostDirect);
    for (const { name } of direct) {
      try {
        await this.#join(`@${name}`, { create: false }, isNews);
      } catch (error) {
        // An account that has gone, for one: its lines cannot be had, and nobody asked for them.
        if (!(error instanceof FerryError)) throw error;
      }
    }
  }
}

async function list({ channel }: ChatSession, { signal }: Wait): Promise<readonly Room[]> {
  const found: Room[] = [];
  const onPart = (part: { readonly rooms: readonly Room[] }): void => {
    if (found.length < limits.chatRooms) found.push(...part.rooms);
  };
  await channel.call(rooms, {}, signal === undefined ? { onPart } : { signal, onPart });
  return found;
}

function toInfo({ kind, name, lastMs }: Room): RoomInfo {
  return { ref: `${kind === RoomKind.direct ? '@' : '#'}${name}`, sealed: kind === RoomKind.sealed, lastMs };
}
