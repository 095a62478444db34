/**
 * store: several small files of one folder, whole, in one message: each is staged, verified, synced and published as an
 * upload of its own would be, but they share the round trip and the folder's sync. One that fails stops no other. With
 * `again` the client may have sent them before without hearing the answer: a file that is there already, with this content
 * and time, then counts as stored.
 */

import { digestBytes } from '../content/digest.ts';
import type { Time } from '../entry.ts';
import { limits } from '../limits.ts';
import type { Name, Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { array, bytesInPlace, flag, integer, name, oneOf, path, text, time, tuple } from '../wire/shape.ts';
import { Overwrite } from './create.ts';

export type PackedFile = {
  readonly name: Name;
  readonly modified: Time;
  readonly mode: number;
  /** The root digest of the content. */
  readonly rootDigest: Uint8Array;
  readonly content: Uint8Array;
};

export type Store = {
  readonly folder: Path;
  readonly overwrite: Overwrite;
  readonly again: boolean;
  readonly files: readonly PackedFile[];
};

/** Which of the files was not stored, by its place in the request, and why. */
export type StoreFailure = { readonly index: number; readonly code: number; readonly message: string };

export type Stored = { readonly failures: readonly StoreFailure[]; readonly durable: boolean };

export const packedFile = tuple<PackedFile>({
  name,
  modified: time,
  mode: integer(0, 0o7777),
  rootDigest: bytesInPlace(digestBytes, digestBytes),
  content: bytesInPlace(0, limits.packedFileBytes),
});

export const storeFailure = tuple<StoreFailure>({
  index: integer(0, limits.packFiles - 1),
  code: integer(0, 0xffff),
  message: text(limits.textBytes),
});

export const store = operation<Store, Stored>({
  kind: Kind.store,
  keeps: true,
  request: tuple<Store>({
    folder: path,
    overwrite: oneOf(Overwrite.never, Overwrite.replace),
    again: flag,
    files: array(packedFile, limits.packFiles),
  }),
  reply: tuple<Stored>({ failures: array(storeFailure, limits.packFiles), durable: flag }),
});
