/**
 * fetch: several small files of one folder, whole. Each comes in some part, by its place in the request; one that cannot be
 * had is a failure of its own. LIMIT: it has outgrown limits.packedFileBytes and is to be read block by block.
 */

import { digestBytes } from '../content/digest.ts';
import type { Facts } from '../entry.ts';
import { limits } from '../limits.ts';
import type { Name, Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { array, bytesInPlace, integer, type Nothing, name, path, tuple } from '../wire/shape.ts';
import { facts } from './facts.ts';
import { type StoreFailure, storeFailure } from './store.ts';

export type Fetch = { readonly folder: Path; readonly names: readonly Name[] };

export type FetchedFile = {
  readonly index: number;
  readonly facts: Facts;
  readonly rootDigest: Uint8Array;
  readonly content: Uint8Array;
};

export type Fetched = { readonly files: readonly FetchedFile[]; readonly failures: readonly StoreFailure[] };

const fetchedFile = tuple<FetchedFile>({
  index: integer(0, limits.packFiles - 1),
  facts,
  rootDigest: bytesInPlace(digestBytes, digestBytes),
  content: bytesInPlace(0, limits.packedFileBytes),
});

export const fetch = operation<Fetch, Nothing, Fetched>({
  kind: Kind.fetch,
  keeps: true,
  request: tuple<Fetch>({ folder: path, names: array(name, limits.packFiles) }),
  part: tuple<Fetched>({
    files: array(fetchedFile, limits.packFiles),
    failures: array(storeFailure, limits.packFiles),
  }),
});
