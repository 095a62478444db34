/** Looking for a text in a content that comes in chunks, line by line. Pure; called on I/O threads. */

export type LineHit = {
  /** From 1; 0 for a content that is no text, of which only the first hit is told. */
  readonly line: number;
  /** The line around the hit as a byte string, at most {@link hitBytes}; empty where it is no text. */
  readonly text: string;
};

export const hitBytes = 200;

/** A line longer than this is looked at in pieces. */
const longLineBytes = 64 * 1024;
const newline = 0x0a;
const binaryLookBytes = 8 * 1024;

export class LineSearch {
  readonly #needle: Buffer;
  readonly #anyCase: boolean;
  #carry: Buffer = Buffer.alloc(0);
  /** Of the first byte of the carry. */
  #line = 1;
  #isText: boolean | undefined;
  #isOver = false;

  /** `needle` must not be empty. */
  constructor(needle: string, anyCase: boolean) {
    this.#anyCase = anyCase;
    this.#needle = Buffer.from(anyCase ? folded(Buffer.from(needle, 'utf8')) : Buffer.from(needle, 'utf8'));
  }

  /** True when no more of the content needs to come. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The next chunk; at most one hit for each line. With `isLast` the rest is looked at too. */
  push(chunk: Buffer, isLast: boolean): readonly LineHit[] {
    const bytes = this.#carry.length === 0 ? chunk : Buffer.concat([this.#carry, chunk]);
    this.#isText ??= !bytes.subarray(0, binaryLookBytes).includes(0);
    const end = isLast ? bytes.length : this.#wholeLinesEnd(bytes);
    const hits = this.#search(bytes, end);
    if (!this.#isText && hits.length > 0) {
      this.#isOver = true;
      return [{ line: 0, text: '' }];
    }
    this.#line += countLines(bytes, 0, end);
    // A copy: the chunk's buffer is used again.
    this.#carry = Buffer.from(bytes.subarray(end));
    return hits;
  }

  /** Where the part that is looked at now ends: behind a line, or, of a long one, where a hit cannot be cut. */
  #wholeLinesEnd(bytes: Buffer): number {
    const end = bytes.lastIndexOf(newline) + 1;
    return bytes.length - end <= longLineBytes ? end : Math.max(end, bytes.length - this.#needle.length + 1);
  }

  #search(bytes: Buffer, end: number): readonly LineHit[] {
    const hits: LineHit[] = [];
    const looked = this.#anyCase ? folded(bytes.subarray(0, end)) : bytes.subarray(0, end);
    let line = this.#line;
    let counted = 0;
    for (let at = looked.indexOf(this.#needle); at >= 0; ) {
      line += countLines(bytes, counted, at);
      counted = at;
      const begin = bytes.lastIndexOf(newline, at) + 1;
      const close = looked.indexOf(newline, at);
      const stop = close < 0 ? end : close;
      hits.push({ line, text: excerpt(bytes, begin, at, stop) });
      if (close < 0 || this.#isText === false) break;
      at = looked.indexOf(this.#needle, close);
    }
    return hits;
  }
}

/** What shows the hit: the line from its beginning, or from shortly before the hit. */
function excerpt(bytes: Buffer, begin: number, at: number, stop: number): string {
  const from = at - begin > hitBytes / 2 ? at - hitBytes / 4 : begin;
  const to = Math.min(stop, from + hitBytes);
  return bytes.subarray(from, to).toString('latin1').replace(/\r$/, '');
}

function countLines(bytes: Buffer, from: number, to: number): number {
  let count = 0;
  for (let i = from; i < to; i++) if (bytes[i] === newline) count += 1;
  return count;
}

/** A copy with ASCII capitals made small. */
function folded(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  for (let i = 0; i < copy.length; i++) {
    const byte = copy[i] ?? 0;
    if (byte >= 0x41 && byte <= 0x5a) copy[i] = byte + 0x20;
  }
  return copy;
}
