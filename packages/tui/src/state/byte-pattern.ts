/**
 * What a search looks for: the bytes of a typed text. Without capital letters it does not tell capital from small ones
 * (ASCII alone: other scripts are compared as they are). Pure; both threads.
 */

export type BytePattern = {
  /** As it was typed. */
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly ignoresCase: boolean;
};

export function bytePattern(text: string): BytePattern {
  return { text, bytes: Buffer.from(text), ignoresCase: !/[A-Z]/.test(text) };
}

function small(bytes: Uint8Array): Buffer {
  const copy = Buffer.from(bytes);
  for (let i = 0; i < copy.length; i++) {
    const byte = copy[i]!;
    if (byte >= 0x41 && byte <= 0x5a) copy[i] = byte + 0x20;
  }
  return copy;
}

/** Where it stands in `bytes`, in order; matches that overlap an earlier one are left out. */
export function placesIn(bytes: Uint8Array, { bytes: wanted, ignoresCase }: BytePattern): number[] {
  if (wanted.length === 0) return [];
  const text = ignoresCase ? small(bytes) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const places: number[] = [];
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) places.push(at);
  return places;
}

/** The first place in `bytes`, or the last; -1 where there is none. */
export function placeIn(
  bytes: Uint8Array,
  { bytes: wanted, ignoresCase }: BytePattern,
  which: 'first' | 'last',
): number {
  if (wanted.length === 0) return -1;
  const text = ignoresCase ? small(bytes) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return which === 'first' ? text.indexOf(wanted) : text.lastIndexOf(wanted);
}
