/** A bucket as storage. Loaded by open-shared.ts when an s3:// address is given, and with it the SDK. */

import { AwsBucket } from './aws-bucket.ts';
import { PartMemory } from './part-memory.ts';
import { S3Storage } from './s3-storage.ts';
import { withRetries } from './with-retries.ts';

/** @param threads of this server, which share the memory it may take for parts */
export function openBucket(bucket: string, prefix: string, threads: number): S3Storage {
  return new S3Storage(withRetries(new AwsBucket(bucket)), prefix, PartMemory.ofThread(threads));
}

/** @throws {FerryError} whatever the store answers at once; BUSY: nothing */
export async function tryBucket(bucket: string): Promise<void> {
  const store = new AwsBucket(bucket);
  try {
    await store.list({ prefix: '', most: 1 });
  } finally {
    store.close();
  }
}
