/**
 * The files a server shares: all that sessions, handlers and lanes know of where they lie. Implemented by a local folder,
 * memory and, later, object storage; each is held to test/suites/storage.suite.ts. Called on worker threads, where each worker
 * has its own instance over the same files.
 *
 * Errors, the same from every implementation, always FerryError:
 *   NOT_FOUND    nothing is there, or what is there must not be told from nothing (symlinked parents, other file systems)
 *   NOT_FOLDER, NOT_REGULAR   something else is there
 *   EXISTS       the name is taken; nothing was overwritten
 *   NOT_EMPTY    a folder with entries is not removed
 *   CONFLICT     the version to be replaced is not there any more; SOURCE_CHANGED the version to be read
 *   NAME_INVALID, NAME_TOO_LONG, FORBIDDEN, READ_ONLY, NO_SPACE, LIMIT   permanent until somebody does something
 *   BUSY         worth trying again
 *   IO_ERROR     the store failed; `cause` says how
 * No message names a place outside of what is shared.
 *
 * A call whose signal is aborted before it began does nothing and throws CANCELLED or the signal's own FerryError. Once begun, a
 * single step is finished, not torn: only `list` looks at the signal again, between pages.
 */

import {
  asFerryError,
  Code,
  type Entry,
  type Facts,
  FerryError,
  type Name,
  type Owner,
  type Path,
  type Time,
} from '@ferry/protocol';
import type { Committed, PackFile, PackResult, PackSpec, StagedFileSpec } from '@ferry/protocol/disk';
import type { Works } from './works.ts';

export type { Works };

export type Wait = { readonly signal?: AbortSignal };

/** Of a `total` of 0 nobody knows how much room there is. */
export type Space = { readonly free: number; readonly total: number };

export type UploadSpec = StagedFileSpec & {
  /**
   * `fresh`: nothing is known of this transfer. `resume`: it was begun before, perhaps even committed. `join`: it is under
   * way on another lane, and this one brings some of its blocks. Default fresh.
   */
  readonly begin?: 'fresh' | 'resume' | 'join';
};
export type { Committed, PackFile, PackResult, PackSpec };

/** `content` stays as it is. */
export type FetchedPart = { readonly facts: Facts; readonly content: Buffer };

export interface Storage {
  /**
   * The folder's entries in no particular order, in pages of at most limits.pageEntries rows and limits.pageBytes bytes, none
   * empty; an empty folder has no page. The next page is read when it is asked for. Leaving the loop frees what it holds.
   * @throws NOT_FOUND, NOT_FOLDER, FORBIDDEN with the first page
   */
  list(path: Path, opts?: Wait): AsyncIterable<readonly Entry[]>;
  /** Never follows a symlink. The root's name is `~`. @throws NOT_FOUND */
  stat(path: Path, opts?: Wait): Promise<Facts>;
  /** @throws EXISTS, NOT_FOUND (its parent) */
  mkdir(path: Path, opts?: Wait): Promise<void>;
  /** Never overwrites. @throws EXISTS, NOT_FOUND, NAME_INVALID (into itself), FORBIDDEN (the root) */
  rename(from: Path, to: Path, opts?: Wait): Promise<void>;
  /** Removes one file, link or empty folder. @throws NOT_EMPTY, NOT_FOUND, FORBIDDEN (the root) */
  remove(path: Path, opts?: Wait): Promise<void>;
  /** Permission bits and modification time of a file or folder, as far as the storage can hold them. @throws NOT_FOUND, NOT_REGULAR */
  setFacts(path: Path, facts: { readonly modified: Time; readonly mode: number }, opts?: Wait): Promise<void>;
  /** @throws NOT_FOUND; FORBIDDEN (the storage keeps none, or does not tell) */
  owner(path: Path, opts?: Wait): Promise<Owner>;
  /** To the user and group of these names; neither is set when one of them cannot be. @throws NOT_FOUND, FORBIDDEN */
  setOwner(path: Path, owner: Owner, opts?: Wait): Promise<void>;
  /** What a symlink holds, as a byte string. @throws NOT_FOUND, NOT_REGULAR */
  readLink(path: Path, opts?: Wait): Promise<string>;
  /** A symlink, which nothing here ever follows. @throws EXISTS, NOT_FOUND (its folder), FORBIDDEN (the storage has none) */
  makeLink(path: Path, target: string, opts?: Wait): Promise<void>;
  /** @throws NOT_FOUND, NOT_FOLDER */
  space(path: Path, opts?: Wait): Promise<Space>;
  /**
   * A regular file for reading; with an identity, only the version that has it.
   * @throws NOT_FOUND, NOT_REGULAR, SOURCE_CHANGED
   */
  openRead(path: Path, identity: string | undefined, opts?: Wait): Promise<ReadHandle>;
  /**
   * Begins a file that nobody sees before commit. What commit would refuse is refused now where it is known.
   * @throws NOT_FOUND (the folder), EXISTS, CONFLICT, NO_SPACE, LIMIT; BAD_STATE when the transfer id is in use, or there is
   *   nothing to join
   */
  createUpload(spec: UploadSpec, opts?: Wait): Promise<Upload>;
  /**
   * Small files of one folder, published together, each durable when this resolves; one that fails stops no other. With
   * `again` a file that is there with this content and time counts as stored.
   * @throws NOT_FOUND, NOT_FOLDER (the folder); IO_ERROR
   */
  storePack(spec: PackSpec, opts?: Wait): Promise<PackResult>;
  /**
   * Small files of one folder, each read whole when it is asked for, or why it cannot be had.
   * @throws NOT_FOUND, NOT_FOLDER with the first
   */
  fetchPack(folder: Path, names: readonly Name[], opts?: Wait): AsyncIterable<FetchedPart | FerryError>;
  /** What takes longer than a step. */
  readonly works: Works;
  /** Frees what is held. Handles and uploads are ended by their owners before. Idempotent. */
  close(): void;
}

/** Held by one lane, used one call at a time. Where a store can answer at once it does: a promise per block costs. */
export interface ReadHandle {
  /** As they were when it was opened. */
  readonly facts: Facts;
  /** These blocks are going to be read, in order, behind all that was said before. A wish: who fetches from afar may begin. */
  soon?(first: number, count: number): void;
  /**
   * Puts block `index` at the start of the caller's `buffer`, which must have room for it; gives its length, 0 beyond the end.
   * @throws SOURCE_CHANGED, IO_ERROR
   */
  read(index: number, buffer: Uint8Array): number | Promise<number>;
  /** Fills `target` with what begins at `offset`. @throws SOURCE_CHANGED when the file ends before, IO_ERROR */
  readAt(offset: number, target: Uint8Array): void | Promise<void>;
  /** Whether all that was read is of one version, which `facts` names. */
  unchanged(): boolean | Promise<boolean>;
  /** Idempotent. */
  close(): void;
}

/** Held by one lane, used one call at a time. */
export interface Upload {
  /** Set when this transfer was resumed and had been published: what commit answered. There is nothing else to do then. */
  readonly committed?: Committed;
  /**
   * How many blocks in a row, from a multiple of it on, are best sent over one lane: they lie in the store together. Default 1.
   * Any other order gives the same file.
   */
  readonly run?: number;
  /**
   * Of a resumed upload, before its first write: the blocks that are there, each verified when it is asked for. Taking a step
   * costs reading a block; the caller gives others a turn in between.
   */
  verified(): Iterable<readonly [index: number, digest: Uint8Array]>;
  /**
   * Verifies and keeps a block; any order, and one may come twice. `bytes` and `digest` are the caller's again afterwards.
   * @throws MALFORMED (no such block, wrong length), INTEGRITY (wrong digest), NO_SPACE, IO_ERROR; it may be sent again
   */
  write(index: number, bytes: Uint8Array, digest: Uint8Array): void | Promise<void>;
  /**
   * Part of a block, unverified: it is kept until `settle` says what the block should be. Does nothing where the block is there.
   * @throws MALFORMED (not within a block of this file), NO_SPACE, IO_ERROR
   */
  writeSlice(index: number, offset: number, bytes: Uint8Array): void | Promise<void>;
  /** Verifies and keeps a block that came in slices. @throws MALFORMED (no such block), INTEGRITY, NO_SPACE, IO_ERROR */
  settle(index: number, digest: Uint8Array): void | Promise<void>;
  /**
   * Publishes under the final name, whole, and answers when that is durable. Ends the upload, whatever the answer.
   * @throws BAD_STATE (blocks missing), INTEGRITY, EXISTS, CONFLICT, NOT_FOUND (the folder), NO_SPACE, IO_ERROR: no file then
   */
  commit(rootDigest: Uint8Array): Promise<Committed>;
  /** Lets go; what is there may be resumed later where the storage can keep it. Idempotent, and harmless after commit. */
  leave(): void | Promise<void>;
  /** Forgets it all. Idempotent, and harmless after commit. */
  discard(): void | Promise<void>;
}

/** How an implementation begins. @throws {FerryError} CANCELLED, or the error the signal was aborted with */
export function checkSignal({ signal }: Wait): void {
  if (!signal?.aborted) return;
  throw asFerryError(signal.reason, (cause) => new FerryError(Code.CANCELLED, 'cancelled', { cause }));
}
