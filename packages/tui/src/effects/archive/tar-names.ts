/**
 * The names in a tar archive, from its bytes as they come: ustar, GNU and pax. Content is skipped, and who can skip it without
 * reading is told how far. Pure; UI thread.
 */

import { type ArchiveEntry, timeText } from './archive-entry.ts';

const blockBytes = 512;
/** A name or a set of attributes that is longer is no name. */
const mostMetaBytes = 1024 * 1024;
const ofLinks = '12';

export class TarNames {
  readonly entries: ArchiveEntry[] = [];
  /** The end was seen. */
  isOver = false;
  /** What came is no tar archive, from here on. */
  isDamaged = false;
  #held = Buffer.alloc(0);
  #skip = 0;
  /** What the next bytes are: a long name, a long target, attributes. */
  #meta: { readonly type: string; readonly size: number } | undefined;
  /** For the next entry, instead of what its header says. */
  #name: string | undefined;
  #target: string | undefined;
  #size: number | undefined;

  get isDone(): boolean {
    return this.isOver || this.isDamaged;
  }

  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length && !this.isDone; ) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, chunk.length - at);
        this.#skip -= skipped;
        at += skipped;
        continue;
      }
      const wanted = this.#meta === undefined ? blockBytes : padded(this.#meta.size);
      const piece = chunk.subarray(at, at + wanted - this.#held.length);
      this.#held = Buffer.concat([this.#held, piece]);
      at += piece.length;
      if (this.#held.length < wanted) return;
      const whole = this.#held;
      this.#held = Buffer.alloc(0);
      if (this.#meta === undefined) this.#header(whole);
      else this.#attributes(this.#meta.type, whole.subarray(0, this.#meta.size));
    }
  }

  /** Bytes after what was pushed that need not come; they count as skipped then. */
  takeSkip(): number {
    const skip = this.#skip;
    this.#skip = 0;
    return skip;
  }

  #header(block: Buffer): void {
    if (block.every((byte) => byte === 0)) {
      this.isOver = true;
      return;
    }
    const size = numberAt(block, 124, 12);
    if (size === undefined || checksumOf(block) !== numberAt(block, 148, 8)) {
      this.isDamaged = true;
      return;
    }
    const type = String.fromCharCode(block[156] ?? 0);
    if (type === 'L' || type === 'K' || type === 'x') {
      if (size > mostMetaBytes) this.isDamaged = true;
      else if (size > 0) this.#meta = { type, size };
      return;
    }
    this.#skip = padded(size);
    if (type === 'g') return;
    const prefix =
      textAt(block, 257, 5) === 'ustar' && textAt(block, 257, 8) !== 'ustar  ' ? textAt(block, 345, 155) : '';
    const own = textAt(block, 0, 100);
    const name = this.#name ?? (prefix === '' ? own : `${prefix}/${own}`);
    const isFolder = type === '5';
    const isLink = ofLinks.includes(type);
    // Of links and folders a size may be written, and nothing follows.
    const real = this.#size ?? size;
    this.#skip = isLink || isFolder ? 0 : padded(real);
    this.entries.push({
      name: isFolder && !name.endsWith('/') ? `${name}/` : name,
      size: isLink || isFolder ? 0 : real,
      modified: timeText(numberAt(block, 136, 12) ?? Number.POSITIVE_INFINITY),
      mode: (numberAt(block, 100, 8) ?? 0) & 0o777,
      target: isLink ? (this.#target ?? textAt(block, 157, 100)) : undefined,
    });
    this.#name = this.#target = this.#size = undefined;
  }

  #attributes(type: string, content: Buffer): void {
    this.#meta = undefined;
    if (type === 'L') this.#name = withoutNul(content);
    else if (type === 'K') this.#target = withoutNul(content);
    else {
      for (const [key, value] of paxRecords(content)) {
        if (key === 'path') this.#name = value;
        if (key === 'linkpath') this.#target = value;
        if (key === 'size' && /^\d{1,15}$/.test(value)) this.#size = Number(value);
      }
    }
  }
}

function padded(size: number): number {
  return Math.ceil(size / blockBytes) * blockBytes;
}

function withoutNul(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('latin1', 0, end < 0 ? bytes.length : end);
}

function textAt(block: Buffer, at: number, length: number): string {
  return withoutNul(block.subarray(at, at + length));
}

/** Octal digits, or base 256 where the first bit is set; undefined for anything else. */
function numberAt(block: Buffer, at: number, length: number): number | undefined {
  if (((block[at] ?? 0) & 0x80) !== 0) {
    let value = (block[at] ?? 0) & 0x7f;
    for (let i = 1; i < length; i++) value = value * 256 + (block[at + i] ?? 0);
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const text = textAt(block, at, length).trim();
  if (text === '') return 0;
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : undefined;
}

/** Of all bytes, its own field counted as blanks. */
function checksumOf(block: Buffer): number {
  let sum = 0;
  for (let i = 0; i < blockBytes; i++) sum += i >= 148 && i < 156 ? 0x20 : (block[i] ?? 0);
  return sum;
}

/** `LENGTH KEY=VALUE\n`, the length being of all of it. What is none ends the list. */
function* paxRecords(content: Buffer): Generator<readonly [key: string, value: string]> {
  for (let at = 0; at < content.length; ) {
    const blank = content.indexOf(0x20, at);
    const length = blank < 0 ? 0 : Number(content.toString('latin1', at, blank));
    const equals = blank < 0 ? -1 : content.indexOf(0x3d, blank);
    if (!Number.isInteger(length) || length <= 0 || equals < 0 || equals >= at + length) return;
    yield [
      content.toString('latin1', blank + 1, equals),
      content.toString('latin1', equals + 1, at + length - 1),
    ];
    at += length;
  }
}
