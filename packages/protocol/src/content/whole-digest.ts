/** Digests of whole contents as other programs make them: `b3sum`, `sha256sum`. Pure; called on I/O threads. */

import { createHash } from 'node:crypto';
import { Blake3Hasher } from '@napi-rs/blake-hash';

export const SumAlgorithm = { blake3: 0, sha256: 1 } as const;
export type SumAlgorithm = (typeof SumAlgorithm)[keyof typeof SumAlgorithm];

export type WholeDigest = { update(bytes: Uint8Array): void; digest(): Uint8Array };

export function wholeDigest(algorithm: SumAlgorithm): WholeDigest {
  if (algorithm === SumAlgorithm.sha256) {
    const hash = createHash('sha256');
    return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
  }
  const hasher = new Blake3Hasher();
  return { update: (bytes) => void hasher.update(bytes), digest: () => hasher.digestBuffer() };
}
