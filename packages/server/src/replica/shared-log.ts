/**
 * The log that several servers share: entries in one order for all, kept until a _base_ (a copy of the file that they lead to) stands for
 * them. Implemented over JetStream (bus/nats-log.ts) and, for tests, in memory; each is held to test/suites/shared-log.suite.ts.
 * What is read from it was written by another server: checked by whoever uses it.
 *
 * All that waits ends with an error when the other side says nothing for some seconds: FerryError BUSY, and nobody knows what became of it.
 */

/** What a log is at the moment. */
export type LogFacts = {
  /** Made up when the log was begun; no other has it. */
  readonly cluster: Buffer;
  /** The number of the oldest entry that is kept; one more than `last` when there is none. */
  readonly first: number;
  /** The number of the newest, 0 before the first. */
  readonly last: number;
};

export type LogEntry = { readonly seq: number; readonly body: Buffer };

/** A copy of the file as it is after so many entries. */
export type LogBase = { readonly seq: number; readonly content: Buffer };

export const clusterBytes = 8;

/** Bytes of one entry, at most. */
export const mostEntryBytes = 512 * 1024;
/** Bytes of one base, at most: about a million accounts. */
export const mostBaseBytes = 512 * 1024 * 1024;

export interface SharedLog {
  /** undefined: it has not been begun. @throws {FerryError} BUSY; CONFIG: it is none of ours */
  facts(): Promise<LogFacts | undefined>;
  /** Begins it, unless another has: facts() tell whose it is. Bases are put before. @throws {FerryError} BUSY */
  begin(cluster: Buffer): Promise<void>;
  /**
   * On enough disks when it resolves.
   * @param id the same entry with the same id is there once, if less than two minutes are between
   * @throws {FerryError} BUSY
   */
  append(id: Buffer, body: Buffer): Promise<void>;
  /** Entries one after the other from that number on, at most so many; fewer or none where one is not there. @throws {FerryError} BUSY */
  read(from: number, most: number): Promise<readonly LogEntry[]>;
  /** Forgets all entries up to that one, bases before `base`, and those of any other cluster. @throws {FerryError} BUSY */
  forget(cluster: Buffer, upTo: number, base: number): Promise<void>;
  /** Number of the newest whole base; undefined: there is none. @throws {FerryError} BUSY */
  newestBase(cluster: Buffer): Promise<number | undefined>;
  /** undefined: it has been forgotten meanwhile, or is damaged. @throws {FerryError} BUSY */
  readBase(cluster: Buffer, seq: number): Promise<LogBase | undefined>;
  /** Whole or not at all. @throws {FerryError} BUSY */
  putBase(cluster: Buffer, base: LogBase): Promise<void>;
  /** Calls when there may be something new: a hint, that may be lost. Gives back what ends it. */
  onNews(listener: () => void): () => void;
  /** Idempotent. */
  close(): Promise<void>;
}
