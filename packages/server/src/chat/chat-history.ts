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
  type Join,
  type Room,
  RoomKind,
  type Said,
  type Sealing,
} from '@ferry/protocol/messages';
import { decodeBody, encodeBody } from '@ferry/protocol/wire';
import { constraintCode, isOfKind } from '../replica/replica-file.ts';
import { openChatFile } from './chat-file.ts';
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

type Row = Readonly<Record<string, unknown>>;

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
      this.#pay(who.key, nowMs);
      const after = Number(row['last']);
      const seq = after + 1;
      const message = { seq, after, ms: nowMs, from: who.name, id, ...said };
      const body = encodeBody(chatMessage, message);
      const bytes = body.length + messageOverhead;
      this.#run(
        'insert into message values (?, ?, ?, ?, ?, ?, ?, ?)',
        room,
        seq,
        nowMs,
        who.key,
        id,
        body,
        bytes,
        crc32(body),
      );
      this.#run(
        'update room set last = ?, last_ms = ?, count = count + 1, bytes = bytes + ? where id = ?',
        seq,
        nowMs,
        bytes,
        room,
      );
      this.#trim(room);
      return { seq, ms: nowMs, isNew: true };
    });
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

export function tooFast(waitMs: number): FerryError {
  return new FerryError(Code.LIMIT, 'you say too much at once: wait a moment', { retryAfterMs: waitMs });
}

/** In the order in which a room keeps them. */
function pairOf({ account, name }: Chatter, partner: Partner): readonly [Partner, Partner] {
  if (account === undefined) throw new Error('a guest talks to nobody alone');
  const own = { account, name };
  return own.account < partner.account ? [own, partner] : [partner, own];
}

function toRoom(row: Row, account: number | undefined): RoomRecord {
  const {
    id,
    kind,
    name,
    other_name: otherName,
    one,
    other,
    last,
    last_ms: lastMs,
    salt,
    seal_check: check,
  } = row;
  const isDirect = kind === RoomKind.direct;
  return {
    room: Number(id),
    kind: kind as RoomKind,
    name: String(isDirect && one === account ? otherName : name),
    last: Number(last),
    lastMs: Number(lastMs),
    sealing: salt instanceof Uint8Array && check instanceof Uint8Array ? { salt, check } : undefined,
    pair: isDirect ? [Number(one), Number(other)] : undefined,
  };
}

function toMessage({ body, sum }: Row): readonly ChatMessage[] {
  if (!(body instanceof Uint8Array) || crc32(body) !== sum) return [];
  try {
    return [decodeBody(chatMessage, Buffer.from(body))];
  } catch (error) {
    if (!(error instanceof FerryError)) throw error;
    return [];
  }
}

function otherKind(wanted: RoomKind): FerryError {
  return new FerryError(
    Code.CONFLICT,
    wanted === RoomKind.sealed ? 'this room has no passphrase' : 'this room has a passphrase',
  );
}

export function roomGone(): FerryError {
  return new FerryError(Code.NOT_FOUND, 'this room has gone: enter it again');
}

function onFile<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_SQLITE_ERROR') throw cause;
    // Whatever machine tries it: a rule of the tables, and not the disk.
    if (isOfKind(cause, constraintCode))
      throw new FerryError(Code.CONFLICT, 'that is there already', { cause });
    throw new FerryError(Code.IO_ERROR, 'the chat cannot be kept now', { cause });
  }
}
