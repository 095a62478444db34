/**
 * What ferry asks of a bucket, and nothing else of any SDK is known here: implemented by aws-bucket.ts, and in memory for tests.
 * Part of the storage in object storage; worker threads.
 *
 * Errors are FerryError: NOT_FOUND, CONFLICT (a condition does not hold), FORBIDDEN, NO_SPACE, BUSY (worth trying again: the store is
 * slow, or not there now; with-retries.ts does), CONFIG (no such bucket, wrong keys), IO_ERROR.
 */

import type { Head, Metadata } from './metadata.ts';

/** The one state of the target in which it is written; undefined: any. */
export type Condition = { readonly absent: true } | { readonly etag: string };

export type ListedObject = {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly storedS: number;
};

export type ListPage = {
  readonly objects: readonly ListedObject[];
  /** What more keys begin with, up to and with the next `/`; none unless they were asked for. */
  readonly prefixes: readonly string[];
  /** Where the next page begins; undefined: this is the last. */
  readonly next: string | undefined;
};

export type ListSpec = {
  readonly prefix: string;
  /** Keys with a `/` behind the prefix come as one prefix each. */
  readonly byFolder?: boolean;
  readonly from?: string | undefined;
  /** At most so many, 1…1000. Default 1000. */
  readonly most?: number;
  /** Keys behind this one only; not together with `from`. */
  readonly after?: string;
  readonly signal?: AbortSignal | undefined;
};

export type Part = { readonly number: number; readonly etag: string };
export type StoredPart = Part & { readonly size: number };

/** Which conditions a store keeps; not every one does, and some take them for granted without a word. */
export type Abilities = {
  /** `put` with {@link Condition} `absent`. */
  readonly putAbsent: boolean;
  /** `put` with an etag. */
  readonly putEtag: boolean;
  /** `complete` with any. */
  readonly complete: boolean;
};

/** One call at a time. */
export interface ByteStream {
  /** Fills `target` with what is next. @throws as ObjectStore.read; it is of no use then */
  read(target: Uint8Array): Promise<void>;
  /** Idempotent. */
  close(): void;
}

export interface ObjectStore {
  /** Asked once, with a few small objects below `scratch`, which are removed. */
  abilities(scratch: string): Promise<Abilities>;
  head(key: string): Promise<Head | undefined>;
  /**
   * Fills `target` from `offset` on; only of the content that `etag` names.
   * @throws NOT_FOUND, CONFLICT (another content), IO_ERROR (it ends before)
   */
  read(key: string, etag: string, offset: number, target: Uint8Array): Promise<void>;
  /** The same, asked for now and taken bit by bit, in order; what nobody takes waits in the store. To be closed. */
  stream(key: string, etag: string, offset: number, length: number): ByteStream;
  /** A small object whole; undefined: there is none. @throws LIMIT (more than `most` bytes) */
  get(key: string, most: number): Promise<{ readonly head: Head; readonly content: Buffer } | undefined>;
  /** `content` is the caller's again afterwards. @returns the etag. @throws CONFLICT */
  put(key: string, content: Uint8Array, metadata: Metadata, condition?: Condition): Promise<string>;
  list(spec: ListSpec): Promise<ListPage>;
  /** What is not there is no error. */
  remove(key: string): Promise<void>;
  /** At most 1000. The same. */
  removeAll(keys: readonly string[]): Promise<void>;
  /** At most 5 GiB; with other metadata if given. @throws NOT_FOUND */
  copy(from: string, to: string, metadata?: Metadata): Promise<void>;
  begin(key: string, metadata: Metadata): Promise<string>;
  /** `content` is the caller's again afterwards. @returns the etag. @throws NOT_FOUND (the upload is over) */
  putPart(key: string, uploadId: string, number: number, content: Uint8Array): Promise<string>;
  /** Bytes `from`… of another object, `length` of them. @returns the etag. @throws NOT_FOUND */
  copyPart(
    key: string,
    uploadId: string,
    number: number,
    source: { readonly key: string; readonly from: number; readonly length: number },
  ): Promise<string>;
  /** @throws NOT_FOUND (the upload is over) */
  parts(key: string, uploadId: string): Promise<readonly StoredPart[]>;
  /** In order. @throws NOT_FOUND (the upload is over), CONFLICT */
  complete(key: string, uploadId: string, parts: readonly Part[], condition?: Condition): Promise<void>;
  /** One that is over is no error. */
  abort(key: string, uploadId: string): Promise<void>;
  close(): void;
}
