/**
 * What was said, and the one place that says in which order: a message gets its number in the transaction that keeps it, so all
 * threads, and all servers of one folder, agree on it, and who was told of it can ask for it. A SQLite file that every worker
 * thread opens; worker threads.
 */

import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { Code, FerryError, limits } from '@ferry/protocol';
import {
  type ChatMessage,
  chatMessage,
  isUnsaid,
  type Join,
  type Room,
  RoomKind,
  type Said,
  type Sealing,
  type Unsaid,
  type Unsay,
} from '@ferry/protocol/messages';
import { encodeBody } from '@ferry/protocol/wire';
import { onFile, openChatFile } from './chat-file.ts';
import {
  mutedUntil,
  otherKind,
  pairOf,
  type Row,
  roomGone,
  toMessage,
  tooFast,
  toRoom,
} from './chat-rows.ts';
import { charge } from './rate.ts';

/** A message stands for so many bytes beside what it says. */
const messageOverhead = 64;

/** Who takes part. */
export type Chatter = {
  /** Whose messages are counted together, and whose repeated ones are known: an account or, of guests, an address. */
  readonly key: string;
  /** undefined: a guest. */
  readonly account: number | undefined;
  /** As everybody sees it. */
  readonly name: string;
  /** The folder that is the root of those who may meet. */
  readonly scope: Uint8Array;
};

export type RoomRecord = Room & {
  /** The two accounts of a direct one. */
  readonly pair: readonly [number, number] | undefined;
};

/** The account at the other end. */
export type Partner = { readonly account: number; readonly name: string };

const unsaid: Unsaid = { text: undefined, path: undefined, sealed: undefined };

export class ChatHistory {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly generation: Uint8Array;

  /** @throws {FerryError} IO_ERROR, CONFIG */
  constructor(file: string) {
    this.#database = openChatFile(file);
    const generation = this.#one('select generation from state')?.['generation'];
    if (!(generation instanceof Uint8Array)) throw new FerryError(Code.IO_ERROR, 'the chat has no beginning');
    this.generation = generation;
  }

  /** All rooms that this one may see, those spoken in last first. */
  rooms({ scope, account }: Chatter): readonly RoomRecord[] {
    return this.#all(
      `select * from room where scope = ? and (kind <> ${RoomKind.direct} or one = ? or other = ?)
       order by last_ms desc limit ${limits.chatRooms}`,
      scope,
      account ?? null,
      account ?? null,
    ).map((row) => toRoom(row, account));
  }

  /** A room that is there. @throws {FerryError} CONFLICT: it is of another kind; NOT_FOUND, where none is to be made; IO_ERROR */
  find(who: Chatter, { kind, name, create }: Join, partner: Partner | undefined): RoomRecord | undefined {
    const found =
      partner === undefined
        ? this.#one(
            `select * from room where scope = ? and name = ? and kind <> ${RoomKind.direct}`,
            who.scope,
            name,
          )
        : this.#one(
            `select * from room where scope = ? and one = ? and other = ? and kind = ${RoomKind.direct}`,
            who.scope,
            ...pairOf(who, partner).map(({ account }) => account),
          );
    if (found !== undefined) {
      if (found['kind'] !== kind) throw otherKind(kind);
      return toRoom(found, who.account);
    }
    if (create) return undefined;
    throw new FerryError(Code.NOT_FOUND, 'there is no such room');
  }

  /** @throws {FerryError} NOT_FOUND, CONFLICT, LIMIT, IO_ERROR */
  room(who: Chatter, wanted: Join, partner: Partner | undefined, nowMs: number): RoomRecord {
    return this.#inTransaction(() => {
      const found = this.find(who, wanted, partner);
      if (found !== undefined) return found;
      const { kind, name, sealing } = wanted;
      this.#checkRoomFor(who);
      return toRoom(this.#makeRoom(who, { kind, name, sealing }, partner, nowMs), who.account);
    });
  }

  /**
   * Keeps it and gives its number; of one that this sender has said already, the first one's.
   * @throws {FerryError} LIMIT with when to try again, NOT_FOUND, BAD_STATE: not as this room's messages are; IO_ERROR
   */
  say(
    room: number,
    who: Chatter,
    id: Uint8Array,
    said: Said,
    nowMs: number,
  ): { seq: number; ms: number; isNew: boolean } {
    return this.#inTransaction(() => {
      const known = this.#one(
        'select seq, ms from message where room = ? and sender = ? and id = ?',
        room,
        who.key,
        id,
      );
      if (known !== undefined) return { seq: Number(known['seq']), ms: Number(known['ms']), isNew: false };
      const row = this.#one('select kind, last from room where id = ?', room);
      if (row === undefined) throw roomGone();
      if ((row['kind'] === RoomKind.sealed) !== (said.sealed !== undefined)) {
        throw new FerryError(
          Code.BAD_STATE,
          'in a room with a passphrase all is sealed, elsewhere nothing is',
        );
      }
      this.#checkMay(who, nowMs);
      this.#pay(who.key, nowMs);
      return this.#keep(room, Number(row['last']), who, { ms: nowMs, id, ...said, takes: undefined });
    });
  }

  /**
   * Leaves nothing of a message but that there was one, and keeps a message that says so.
   * @param anybodys not only those of its own sender
   * @throws {FerryError} FORBIDDEN, NOT_FOUND, LIMIT with when to try again; IO_ERROR
   */
  unsay(
    { room, seq, id }: Unsay,
    who: Chatter,
    anybodys: boolean,
    nowMs: number,
  ): { seq: number; ms: number; isNew: boolean } {
    return this.#inTransaction(() => {
      const known = this.#one(
        'select seq, ms from message where room = ? and sender = ? and id = ?',
        room,
        who.key,
        id,
      );
      if (known !== undefined) return { seq: Number(known['seq']), ms: Number(known['ms']), isNew: false };
      const last = this.#one('select last from room where id = ?', room)?.['last'];
      if (last === undefined) throw roomGone();
      const row = this.#one('select * from message where room = ? and seq = ?', room, seq);
      const [message] = row === undefined ? [] : toMessage(row);
      if (row === undefined || message === undefined || isUnsaid(message))
        throw new FerryError(Code.NOT_FOUND, 'that line is not there any more');
      if (row['sender'] !== who.key && !anybodys)
        throw new FerryError(
          Code.FORBIDDEN,
          'a line is taken away by who said it, or by an owner of the server',
        );
      this.#pay(who.key, nowMs);
      const { ms, after, from, id: ownId } = message;
      const body = encodeBody(chatMessage, { seq, after, ms, from, id: ownId, ...unsaid, takes: undefined });
      const bytes = body.length + messageOverhead;
      this.#run(
        'update message set body = ?, bytes = ?, sum = ? where room = ? and seq = ?',
        body,
        bytes,
        crc32(body),
        room,
        seq,
      );
      this.#run('update room set bytes = bytes - ? + ? where id = ?', Number(row['bytes']), bytes, room);
      return this.#keep(room, Number(last), who, { ms: nowMs, id, ...unsaid, takes: seq });
    });
  }

  /** Until so many milliseconds have passed; 0: no more; undefined: for good. @throws {FerryError} IO_ERROR */
  mute(scope: Uint8Array, key: string, ms: number | undefined, nowMs: number): void {
    this.#inTransaction(() => {
      this.#run('delete from mute where scope = ? and sender = ?', scope, key);
      if (ms === 0) return;
      this.#run('insert into mute values (?, ?, ?)', scope, key, ms === undefined ? null : nowMs + ms);
    });
  }

  /** @throws {FerryError} FORBIDDEN */
  #checkMay({ scope, key }: Chatter, nowMs: number): void {
    const row = this.#one('select until_ms from mute where scope = ? and sender = ?', scope, key);
    if (row === undefined) return;
    const error = mutedUntil(row, nowMs);
    if (error !== undefined) throw error;
  }

  #keep(
    room: number,
    after: number,
    who: Chatter,
    message: Omit<ChatMessage, 'seq' | 'after' | 'from'>,
  ): { seq: number; ms: number; isNew: boolean } {
    const seq = after + 1;
    const { ms, id } = message;
    const body = encodeBody(chatMessage, { ...message, seq, after, from: who.name } as ChatMessage);
    const bytes = body.length + messageOverhead;
    this.#run(
      'insert into message values (?, ?, ?, ?, ?, ?, ?, ?)',
      room,
      seq,
      ms,
      who.key,
      id,
      body,
      bytes,
      crc32(body),
    );
    this.#run(
      'update room set last = ?, last_ms = ?, count = count + 1, bytes = bytes + ? where id = ?',
      seq,
      ms,
      bytes,
      room,
    );
    this.#trim(room);
    return { seq, ms, isNew: true };
  }

  /** Those behind `after`, the oldest first; one that was damaged on the disk is left out. */
  after(room: number, after: number, most: number): readonly ChatMessage[] {
    return this.#all(
      'select body, sum from message where room = ? and seq > ? order by seq limit ?',
      room,
      after,
      most,
    ).flatMap(toMessage);
  }

  /** The number before that of the oldest of the newest `most`. */
  beforeNewest(room: number, most: number): number {
    const row = this.#one(
      'select min(seq) as first from (select seq from message where room = ? order by seq desc limit ?)',
      room,
      most,
    );
    return row?.['first'] == null ? 0 : Number(row['first']) - 1;
  }

  /** The two accounts of a direct one. @throws {FerryError} IO_ERROR */
  pairOf(room: number): RoomRecord['pair'] {
    const row = this.#one('select * from room where id = ?', room);
    return row === undefined ? undefined : toRoom(row, undefined).pair;
  }

  /** For replica/replica-file.ts alone. */
  get database(): DatabaseSync {
    return this.#database;
  }

  /** Number of the room's last message; 0 when there is none, or no room. */
  last(room: number): number {
    return Number(this.#one('select last from room where id = ?', room)?.['last'] ?? 0);
  }

  /** Forgets what is too old. */
  tidy(nowMs: number): void {
    const before = nowMs - limits.chatHistoryMs;
    this.#inTransaction(() => {
      this.#run('delete from room where last_ms < ?', before);
      const old = this.#run('delete from message where ms < ?', before);
      if (old > 0) {
        this.#run(`update room set count = (select count(*) from message where room = room.id),
          bytes = (select coalesce(sum(bytes), 0) from message where room = room.id)`);
      }
      this.#run('delete from pace where paid_ms < ?', nowMs);
      this.#run('delete from mute where until_ms < ?', nowMs);
    });
  }

  /** Idempotent. */
  close(): void {
    this.#statements.clear();
    if (this.#database.isOpen) this.#database.close();
  }

  #checkRoomFor(who: Chatter): void {
    const own = Number(this.#one('select count(*) as count from room where maker = ?', who.key)?.['count']);
    const all = Number(this.#one('select count(*) as count from room')?.['count']);
    if (own < limits.chatOwnRooms && all < limits.chatRooms) return;
    const words =
      own < limits.chatOwnRooms ? 'there are too many rooms here' : 'you have made too many rooms';
    throw new FerryError(Code.LIMIT, `${words}: those in which nobody speaks go after 30 days`);
  }

  #makeRoom(
    who: Chatter,
    { kind, name, sealing }: { kind: RoomKind; name: string; sealing: Sealing | undefined },
    partner: Partner | undefined,
    nowMs: number,
  ): Row {
    if ((kind === RoomKind.sealed) !== (sealing !== undefined)) {
      throw new FerryError(Code.BAD_STATE, 'a room with a passphrase is made with what its key is made of');
    }
    const [one, other] = partner === undefined ? [] : pairOf(who, partner);
    const row = this.#one(
      `insert into room (scope, kind, name, one, other, other_name, salt, seal_check, maker, last_ms)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) returning *`,
      who.scope,
      kind,
      one?.name ?? name,
      one?.account ?? null,
      other?.account ?? null,
      other?.name ?? null,
      sealing?.salt ?? null,
      sealing?.check ?? null,
      who.key,
      nowMs,
    );
    if (row === undefined) throw new Error('an insert that returned nothing');
    return row;
  }

  #pay(key: string, nowMs: number): void {
    const paid = Number(this.#one('select paid_ms from pace where sender = ?', key)?.['paid_ms'] ?? 0);
    const { paidMs, waitMs } = charge(paid, nowMs);
    if (waitMs > 0) throw tooFast(waitMs);
    this.#run('insert or replace into pace values (?, ?)', key, paidMs);
  }

  #trim(room: number): void {
    for (;;) {
      const row = this.#one('select count, bytes from room where id = ?', room);
      if (Number(row?.['count']) <= limits.chatHistory && Number(row?.['bytes']) <= limits.chatHistoryBytes)
        return;
      const oldest = this.#one('select seq, bytes from message where room = ? order by seq limit 1', room);
      if (oldest === undefined) return;
      this.#run('delete from message where room = ? and seq = ?', room, Number(oldest['seq']));
      this.#run(
        'update room set count = count - 1, bytes = bytes - ? where id = ?',
        Number(oldest['bytes']),
        room,
      );
    }
  }

  #one(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    return onFile(() => this.#prepared(sql).get(...values));
  }

  #all(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    return onFile(() => this.#prepared(sql).all(...values));
  }

  #run(sql: string, ...values: readonly SQLInputValue[]): number {
    return onFile(() => Number(this.#prepared(sql).run(...values).changes));
  }

  /** Part of one that has begun already. */
  #inTransaction<T>(work: () => T): T {
    if (this.#database.isTransaction) return work();
    onFile(() => this.#database.exec('begin immediate'));
    try {
      const result = work();
      onFile(() => this.#database.exec('commit'));
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('rollback');
      throw error;
    }
  }

  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}
