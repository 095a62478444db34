/**
 * What is shared, opened by its address: a folder, or s3://BUCKET/PREFIX. What object storage needs is loaded only for it. Called by the
 * worker's root, and by serve.ts to see whether it is there.
 */

import { Code, FerryError, show } from '@ferry/protocol';
import { partialAgeMs, treeAgeMs } from '@ferry/protocol/disk';
import { isObjectStorage, partsOf } from './address.ts';
import { LocalStorage } from './local.ts';
import type { Storage } from './storage.ts';

export type Shared = {
  readonly storage: Storage;
  /** Removes what dead transfers left. One worker of a server does this, once in a while. @throws {FerryError} IO_ERROR, … */
  readonly tidy: (nowMs: number) => Promise<void>;
  /** Whether it may be looked through for what is in its files: a look costs nothing but time. */
  readonly isNear: boolean;
};

/**
 * @param address a folder, or an address that checkAddress has passed
 * @param opts.threads of this server, each of which opens it
 * @throws {FerryError} NOT_FOUND, CONFIG, …
 */
export async function openShared(
  address: string,
  opts: { readonly keepsOwners: boolean; readonly threads: number },
): Promise<Shared> {
  if (isObjectStorage(address)) {
    const { bucket, prefix } = partsOf(address);
    const { openBucket } = await loadBucket();
    const storage = openBucket(bucket, prefix, opts.threads);
    return { storage, tidy: (nowMs) => storage.collect(partialAgeMs, nowMs), isNear: false };
  }
  const storage = LocalStorage.open(address, opts);
  const tidy = async (nowMs: number): Promise<void> => {
    storage.collect(partialAgeMs, nowMs);
    await Promise.all([storage.collectTrees(treeAgeMs, nowMs), storage.collectTrash(nowMs)]);
  };
  return { storage, tidy, isNear: true };
}

/** Whether the store answers, and has the bucket. @throws {FerryError} CONFIG */
export async function checkStore(address: string): Promise<void> {
  const { bucket } = partsOf(address);
  const { tryBucket } = await loadBucket();
  try {
    await tryBucket(bucket);
  } catch (cause) {
    if (!(cause instanceof FerryError)) throw cause;
    // What only the SDK knows (no region, no such host) is for the owner, who reads this.
    const why =
      cause.code === Code.IO_ERROR && cause.cause instanceof Error ? cause.cause.message : cause.message;
    throw new FerryError(Code.CONFIG, `${address} cannot be shared: ${show(why)}`, { cause });
  }
}

/** @throws {FerryError} CONFIG: it is not installed */
async function loadBucket(): Promise<typeof import('./s3/open-bucket.ts')> {
  try {
    return await import('./s3/open-bucket.ts');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new FerryError(
      Code.CONFIG,
      'object storage needs one more package: npm install @aws-sdk/client-s3',
      { cause },
    );
  }
}
