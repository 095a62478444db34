/**
 * Numbers that tell most of the names of a page apart, in their natural order: to compare two of them costs a third of comparing the names.
 * Pure; I/O and UI thread.
 */

const zero = 48;
/** A key is a first byte and 40 bits of what comes behind it. */
const behind = 2 ** 40;
const bytesBehind = 5;

/** How many bytes all the names begin with; none of them are digits at their end, as a number is compared whole. */
export function commonStart(names: Uint8Array, starts: Uint32Array, ends: Uint32Array): number {
  const first = starts[0];
  if (first === undefined) return 0;
  let length = ends[0]! - first;
  for (let i = 1; i < starts.length; i++) {
    const from = starts[i]!;
    length = Math.min(length, ends[i]! - from);
    for (let at = 0; at < length; at++) if (names[from + at] !== names[first + at]) length = at;
  }
  while (length > 0 && isDigit(names[first + length - 1]!)) length -= 1;
  return length;
}

/**
 * Of what follows a common beginning. Where the keys of two names that begin alike differ, the names come in that order; where they do
 * not, the names have to be looked at.
 */
export function nameKey(names: Uint8Array, from: number, end: number): number {
  if (from === end) return 0;
  const first = names[from]!;
  if (isDigit(first)) return zero * behind + numberAt(names, from, end);
  let rest = 0;
  let isOver = false;
  for (let i = 1; i <= bytesBehind; i++) {
    const byte = isOver || from + i >= end ? 0 : names[from + i]!;
    const isNumber = isDigit(byte);
    rest = rest * 256 + (isNumber ? zero : byte);
    // What the number is does not fit.
    if (isNumber) isOver = true;
  }
  return first * behind + rest;
}

function numberAt(names: Uint8Array, from: number, end: number): number {
  let number = 0;
  for (let at = from; at < end && isDigit(names[at]!); at++) {
    number = number * 10 + names[at]! - zero;
    if (number >= behind) return behind - 1;
  }
  return number;
}

function isDigit(code: number): boolean {
  return code >= zero && code < zero + 10;
}
