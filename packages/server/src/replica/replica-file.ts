/**
 * A SQLite file that is one of several servers': does what the log says, and remembers in the same transaction how far it is. So a
 * crash or a power cut takes both or neither, and what it took is done again. What came of the last entries stands there too, so that
 * several servers of one machine may have the same file: whoever is first does what comes next. Written by replica-thread.ts, or a
 * command that has a file of its own; everybody reads.
 */

import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { Code, FerryError, fromWireError, toWireError } from '@ferry/protocol';
import { pack, unpack } from '@ferry/protocol/wire';
import { applyOrder, type Operations } from './declared.ts';
import { clusterBytes, type LogEntry } from './shared-log.ts';

/** To be part of the file's tables. */
export const replicaTable = `
  create table replica (
    one integer primary key check (one = 1),
    cluster blob not null,
    seq integer not null,
    last_id blob not null
  ) strict;
  create table outcome (
    id blob primary key,
    seq integer not null,
    answer blob not null
  ) strict, without rowid;
`;

/** SQLite's, for a rule of the tables that was broken. */
export const constraintCode = 19;

/** A code of SQLite's and its kin. */
export function isOfKind(error: unknown, code: number): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === code;
}

export const entryIdBytes = 16;
/** What came of so many entries is kept: far more than anybody waits for. */
const outcomesKept = 2048;
/** In place of the id of an entry that a base stood for. */
export const fromBase = Buffer.alloc(entryIdBytes);

/** How far the file is. */
export type Progress = {
  readonly cluster: Buffer;
  /** The last entry that was done. */
  readonly seq: number;
  /** Its id, or {@link fromBase}; empty while nothing is in the file that the log leads to. */
  readonly lastId: Buffer;
};

export type ReplicaFileOpts<File> = {
  readonly path: string;
  readonly database: DatabaseSync;
  readonly operations: Operations<File>;
  readonly file: File;
  /** Nothing in it would be lost if another's were put in its place. */
  readonly isEmpty: () => boolean;
  /** In the transaction that makes it one of a log's. */
  readonly onJoined?: (cluster: Buffer) => void;
  /** After a transaction, with what was done in it. */
  readonly onDone?: (order: Buffer, answer: Buffer) => void;
  /** Other rows are there now, or somebody else who has this file has done something. */
  readonly onElse?: () => void;
  /** In the transaction that has put other rows in all tables: those who look at it have to notice. */
  readonly onReplaced: () => void;
};

/** What came of an entry: an encoded answer, or why it was refused. */
export type Outcome = Buffer | FerryError;

export class ReplicaFile<File> {
  readonly #opts: ReplicaFileOpts<File>;
  /** How far it was when this one had looked or done something last. */
  #seen: number | undefined;

  constructor(opts: ReplicaFileOpts<File>) {
    this.#opts = opts;
  }

  /** undefined: it is this server's alone. */
  progress(): Progress | undefined {
    const row = this.#opts.database.prepare('select cluster, seq, last_id from replica').get();
    const { cluster, seq, last_id: lastId } = row ?? {};
    if (!(cluster instanceof Uint8Array) || !(lastId instanceof Uint8Array)) return undefined;
    return { cluster: Buffer.from(cluster), seq: Number(seq), lastId: Buffer.from(lastId) };
  }

  isEmpty(): boolean {
    return this.#opts.isEmpty();
  }

  /** It belongs to a log from now on. @param lastId {@link fromBase}: what is in it is what that begins with @throws {FerryError} IO_ERROR */
  join(cluster: Buffer, lastId: Buffer): void {
    this.#inTransaction(() => {
      this.#opts.onJoined?.(cluster);
      this.#note({ cluster, seq: 0, lastId });
    });
  }

  /**
   * Does entries that follow on one another, but for those that are done by now.
   * @throws {FerryError} IO_ERROR, having done none of them; VERSION: one is nothing that can be done here, those before it are done
   */
  apply(entries: readonly LogEntry[]): void {
    let why: FerryError | undefined;
    const done: { readonly order: Buffer; readonly answer: Buffer }[] = [];
    this.#inTransaction(() => {
      let now = this.progress();
      if (now === undefined) throw new Error('a file of no log');
      const from = now.seq;
      for (const { seq, body } of entries) {
        if (seq <= now.seq) continue;
        // Somebody else has put another file in place.
        if (seq > now.seq + 1) break;
        const { id, order } = readEntry(body);
        const outcome = this.#step(order);
        if (outcome instanceof FerryError && outcome.code === Code.VERSION) {
          why = outcome;
          break;
        }
        now = { ...now, seq, lastId: id };
        this.#keep(now, outcome);
        if (order !== undefined && outcome instanceof Buffer) done.push({ order, answer: outcome });
      }
      this.#note(now);
      if (from === this.#seen) this.#seen = now.seq;
    });
    for (const { order, answer } of done) this.#opts.onDone?.(order, answer);
    if (why !== undefined) throw why;
  }

  /** Looks whether anybody else has done something, and tells. */
  look(): void {
    const seq = this.progress()?.seq;
    if (this.#seen !== undefined && seq !== this.#seen) this.#opts.onElse?.();
    this.#seen = seq;
  }

  /** What came of an entry; undefined: it has not been done, or long ago. @throws {FerryError} IO_ERROR */
  outcomeOf(id: Buffer): Outcome | undefined {
    const row = onFile(() => this.#opts.database.prepare('select answer from outcome where id = ?').get(id));
    const { answer } = row ?? {};
    if (!(answer instanceof Uint8Array)) return undefined;
    const [good, code, message, retryAfterMs] = unpack(Buffer.from(answer)) as readonly unknown[];
    if (good instanceof Uint8Array) return Buffer.from(good);
    return fromWireError([Number(code), String(message), Number(retryAfterMs)]);
  }

  #keep({ seq, lastId }: Progress, outcome: Outcome): void {
    const { database } = this.#opts;
    const answer = outcome instanceof FerryError ? [null, ...toWireError(outcome)] : [outcome];
    database.prepare('insert or replace into outcome values (?, ?, ?)').run(lastId, seq, pack(answer));
    if (seq % 64 === 0) database.prepare('delete from outcome where seq <= ?').run(seq - outcomesKept);
  }

  /** It is this server's alone again. @throws {FerryError} IO_ERROR */
  leave(): void {
    this.#inTransaction(() => this.#opts.database.exec('delete from replica'));
  }

  /** All that is in it. @throws {FerryError} IO_ERROR */
  copy(): Buffer {
    const path = this.#besides();
    try {
      onFile(() => this.#opts.database.prepare('vacuum into ?').run(path));
      return onFile(() => readFileSync(path));
    } finally {
      rmSync(path, { force: true });
    }
  }

  /**
   * Puts a copy's rows in place of what is there, unless somebody else has meanwhile; those who have the file open see the one or the
   * other.
   * @param before how far the file was when it was found to need that
   * @param copy undefined: nothing, as at the beginning
   * @throws {FerryError} IO_ERROR; VERSION: it is not of this form
   */
  replace(before: Progress, copy: Buffer | undefined, progress: Progress): void {
    const { database, onReplaced } = this.#opts;
    const path = this.#besides();
    try {
      if (copy !== undefined) {
        onFile(() => writeFileSync(path, copy, { mode: 0o600 }));
        onFile(() => database.prepare('attach ? as copy').run(path));
        this.#checkCopy();
      }
      this.#inTransaction(() => {
        if (!isSame(this.progress(), before)) return;
        database.exec('pragma defer_foreign_keys = on');
        const tables = ['sqlite_sequence', ...this.#tables()];
        for (const table of tables) database.exec(`delete from main.${table}`);
        if (copy !== undefined) {
          for (const table of tables) database.exec(`insert into main.${table} select * from copy.${table}`);
        }
        onReplaced();
        this.#note(progress);
      });
    } finally {
      const attached = database.prepare('pragma database_list').all();
      if (attached.some(({ name }) => name === 'copy')) database.exec('detach copy');
      for (const end of ['', '-wal', '-shm', '-journal']) rmSync(`${path}${end}`, { force: true });
    }
  }

  /** Another server made it: its tables have to be ours to the letter before anything is asked of them. */
  #checkCopy(): void {
    const { database } = this.#opts;
    const formOf = (of: string): unknown => [
      database.prepare(`select type, name, tbl_name, sql from ${of}.sqlite_schema order by name`).all(),
      database.prepare(`pragma ${of}.user_version`).get(),
    ];
    try {
      const isOurs = JSON.stringify(formOf('main')) === JSON.stringify(formOf('copy'));
      const verdict = isOurs ? database.prepare('pragma copy.quick_check(1)').get() : undefined;
      if (verdict?.['quick_check'] === 'ok') return;
    } catch (cause) {
      throw new FerryError(Code.VERSION, 'what the bus keeps is damaged', { cause });
    }
    throw new FerryError(
      Code.VERSION,
      'what the bus keeps is of another release of ferryd: use the same one on all servers',
    );
  }

  #tables(): readonly string[] {
    return this.#opts.database
      .prepare(`select name from main.sqlite_schema where type = 'table' and name not like 'sqlite_%'`)
      .all()
      .map(({ name }) => String(name));
  }

  /** A refusal takes back what it had done, and is an answer. @throws {FerryError} IO_ERROR */
  #step(order: Buffer | undefined): Outcome {
    const { database, operations, file } = this.#opts;
    if (order === undefined) return new FerryError(Code.VERSION, 'an entry that is none');
    database.exec('savepoint step');
    try {
      return applyOrder(operations, file, order);
    } catch (error) {
      if (!(error instanceof FerryError) || error.code === Code.IO_ERROR) throw error;
      database.exec('rollback to step');
      return error;
    } finally {
      if (database.isTransaction) database.exec('release step');
    }
  }

  #note({ cluster, seq, lastId }: Progress): void {
    this.#opts.database
      .prepare('insert or replace into replica values (1, ?, ?, ?)')
      .run(cluster, seq, lastId);
  }

  #inTransaction(work: () => void): void {
    const { database } = this.#opts;
    onFile(() => database.exec('begin immediate'));
    try {
      onFile(work);
      onFile(() => database.exec('commit'));
    } catch (error) {
      if (database.isTransaction) database.exec('rollback');
      throw error;
    }
  }

  #besides(): string {
    return `${this.#opts.path}.copy-${randomBytes(6).toString('hex')}`;
  }
}

function isSame(a: Progress | undefined, b: Progress): boolean {
  return a?.cluster.equals(b.cluster) === true && a.seq === b.seq && a.lastId.equals(b.lastId);
}

export function encodeEntry(id: Buffer, order: Buffer): Buffer {
  return pack([id, order]);
}

/** What is no entry has an id like no other, and no order. */
export function readEntry(body: Buffer): { readonly id: Buffer; readonly order: Buffer | undefined } {
  try {
    const said = unpack(body);
    const [id, order]: readonly unknown[] = Array.isArray(said) ? said : [];
    if (id instanceof Uint8Array && id.length === entryIdBytes && order instanceof Uint8Array) {
      return { id: Buffer.from(id), order: Buffer.from(order) };
    }
  } catch {
    // The same as anything else that is none.
  }
  return { id: Buffer.alloc(entryIdBytes), order: undefined };
}

export function newCluster(): Buffer {
  return randomBytes(clusterBytes);
}

function onFile<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const { code, syscall } = cause as NodeJS.ErrnoException;
    if (code !== 'ERR_SQLITE_ERROR' && syscall === undefined) throw cause;
    throw new FerryError(Code.IO_ERROR, 'what the servers share cannot be written down here now', { cause });
  }
}
