/** The order of names that people expect: digits count as the numbers that they are. Pure; I/O and UI thread. */

const zero = 48;

/**
 * Compares two names, each a part of some bytes. Runs of digits count as the number that they are; leading zeros decide only
 * between equal numbers.
 */
export function compareNatural(
  a: Uint8Array,
  fromA: number,
  endA: number,
  b: Uint8Array,
  fromB: number,
  endB: number,
): number {
  let i = fromA;
  let j = fromB;
  while (i < endA && j < endB && a[i] === b[j]) {
    i += 1;
    j += 1;
  }
  if (i === endA || j === endB) return endA - fromA - (endB - fromB);
  const raw = a[i]! - b[j]!;
  if (!isDigit(a[i]!) && !isDigit(b[j]!)) return raw;
  let before = 0;
  while (i - before > fromA && isDigit(a[i - before - 1]!)) before += 1;
  const stopA = runEnd(a, i, endA);
  const stopB = runEnd(b, j, endB);
  if (stopA === i - before || stopB === j - before) return raw;
  i = withoutZeros(a, i - before, stopA);
  j = withoutZeros(b, j - before, stopB);
  const longer = stopA - i - (stopB - j);
  if (longer !== 0) return longer;
  for (; i < stopA; i++, j++) if (a[i] !== b[j]) return a[i]! - b[j]!;
  return raw;
}

/** Compares the same parts by their bytes alone. */
export function compareBytes(
  a: Uint8Array,
  fromA: number,
  endA: number,
  b: Uint8Array,
  fromB: number,
  endB: number,
): number {
  let i = fromA;
  let j = fromB;
  while (i < endA && j < endB && a[i] === b[j]) {
    i += 1;
    j += 1;
  }
  return i === endA || j === endB ? endA - fromA - (endB - fromB) : a[i]! - b[j]!;
}

function isDigit(code: number): boolean {
  return code >= zero && code < zero + 10;
}

function runEnd(bytes: Uint8Array, at: number, end: number): number {
  let to = at;
  while (to < end && isDigit(bytes[to]!)) to += 1;
  return to;
}

function withoutZeros(bytes: Uint8Array, from: number, end: number): number {
  let start = from;
  while (start < end && bytes[start] === zero) start += 1;
  return start;
}
