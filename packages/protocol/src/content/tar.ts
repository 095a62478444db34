/**
 * tar archives as POSIX has them (ustar, with pax headers for what does not fit), written and read piece by piece. Names are
 * byte strings. Pure; called on I/O threads.
 */

import { Code, FerryError } from '../errors.ts';
import { byteString } from '../path.ts';
import { Puller } from './puller.ts';

export type TarKind = 'file' | 'folder' | 'symlink' | 'hardlink' | 'other';

export type TarEntry = {
  /** As a byte string, names joined by `/`; from an archive it may be anything. */
  readonly path: string;
  readonly kind: TarKind;
  /** Bytes that follow, of files alone. */
  readonly size: number;
  readonly mode: number;
  /** Seconds since 1970. */
  readonly modified: number;
  /** What a link holds, as a byte string. */
  readonly target: string;
};

export const tarBlock = 512;
/** Ends an archive. */
export const tarEnd: Buffer = Buffer.alloc(2 * tarBlock);

/** Names and links of this many bytes at most are taken from an archive. */
const mostExtraBytes = 64 * 1024;
const mostOctal = 8 ** 11;
const typeOf: Readonly<Record<TarKind, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  folder: '5',
  other: '6',
};

/** What stands before the entry's content. */
export function tarHeader(entry: TarEntry): Buffer {
  const { kind, size, modified, target } = entry;
  const path = kind === 'folder' ? `${entry.path}/` : entry.path;
  const records = [
    ...(path.length > 100 ? [record('path', path)] : []),
    ...(target.length > 100 ? [record('linkpath', target)] : []),
    ...(size >= mostOctal ? [record('size', String(size))] : []),
    ...(modified < 0 || modified >= mostOctal ? [record('mtime', String(modified))] : []),
  ].join('');
  const own = header({ ...entry, path }, typeOf[kind]);
  if (records === '') return own;
  const extra = Buffer.from(records, 'latin1');
  const name = `PaxHeaders/${path.slice(0, 80)}`;
  const about = { ...entry, path: name, target: '', size: extra.length, mode: 0o644 };
  return Buffer.concat([header(about, 'x'), extra, tarPadding(extra.length), own]);
}

/** What stands behind so many bytes of content. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((tarBlock - (size % tarBlock)) % tarBlock);
}

/** A pax record says its own length, itself included. */
function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return `${length}${rest}`;
}

function header({ path, mode, size, modified, target }: TarEntry, type: string): Buffer {
  const block = Buffer.alloc(tarBlock);
  const octal = (value: number, at: number, digits: number): void => {
    block.write(value.toString(8).padStart(digits, '0'), at, 'latin1');
  };
  block.write(path.slice(0, 100), 0, 'latin1');
  octal(mode & 0o7777, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(size < mostOctal ? size : 0, 124, 11);
  octal(modified >= 0 && modified < mostOctal ? modified : 0, 136, 11);
  block.write(type, 156, 'latin1');
  block.write(target.slice(0, 100), 157, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  octal(sumOf(block), 148, 6);
  // NUL and space behind the sum, as everybody writes it.
  block.write('\0 ', 154, 'latin1');
  return block;
}

/** All bytes, those of the sum itself counted as spaces. */
function sumOf(block: Buffer): number {
  let sum = 8 * 0x20;
  for (let i = 0; i < tarBlock; i++) if (i < 148 || i >= 156) sum += block[i] ?? 0;
  return sum;
}

export type TarFound = {
  readonly entry: TarEntry;
  /** Of a file; what is not taken is skipped. A chunk is good until the next one is asked for. */
  readonly content: AsyncIterable<Buffer>;
};

/**
 * The entries of an archive that comes in chunks of any size, GNU's and pax's long names understood. Each must be done with when the
 * next is asked for.
 * @throws {FerryError} MALFORMED when it is no archive, damaged or cut off; what `chunks` throws
 */
export async function* tarEntries(chunks: AsyncIterable<Buffer>): AsyncGenerator<TarFound, void, void> {
  const bytes = new Puller(chunks, damaged);
  let extra: Partial<Record<string, string>> = {};
  let isFirst = true;
  for (;;) {
    const block = await bytes.take(tarBlock, isFirst);
    // Some writers forget the end.
    if (block === undefined || block.every((byte) => byte === 0)) return;
    isFirst = false;
    const { entry, type } = parse(block, extra);
    if (type === 'x' || type === 'L' || type === 'K') {
      if (entry.size > mostExtraBytes) throw damaged();
      const text = byteString((await bytes.take(entry.size)) ?? Buffer.alloc(0));
      await bytes.skip(tarPadding(entry.size).length);
      if (type === 'x') extra = { ...extra, ...records(text) };
      else extra = { ...extra, [type === 'L' ? 'path' : 'linkpath']: text.replace(/\0.*$/s, '') };
      continue;
    }
    extra = {};
    if (type === 'g') {
      await bytes.skip(entry.size + tarPadding(entry.size).length);
      continue;
    }
    let left = entry.size;
    const content = async function* (): AsyncGenerator<Buffer, void, void> {
      while (left > 0) {
        const chunk = await bytes.some(left);
        left -= chunk.length;
        yield chunk;
      }
    };
    yield { entry, content: content() };
    await bytes.skip(left + tarPadding(entry.size).length);
  }
}

function parse(block: Buffer, extra: Partial<Record<string, string>>): { entry: TarEntry; type: string } {
  if (number(block, 148, 8) !== sumOf(block)) throw damaged();
  const text = (at: number, length: number): string =>
    byteString(block.subarray(at, at + length)).replace(/\0.*$/s, '');
  const prefix = text(257, 6) === 'ustar' && block[262] === 0 ? text(345, 155) : '';
  const short = prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`;
  const type = text(156, 1);
  const path = extra['path'] ?? short;
  const kinds: Readonly<Record<string, TarKind>> = {
    '': 'file',
    '0': 'file',
    '7': 'file',
    '1': 'hardlink',
    '2': 'symlink',
    '5': 'folder',
  };
  // The oldest archives know folders by their last slash only.
  const kind =
    type in kinds && path.endsWith('/') && kinds[type] === 'file' ? 'folder' : (kinds[type] ?? 'other');
  const size = Number(extra['size'] ?? number(block, 124, 12));
  if (!Number.isSafeInteger(size) || size < 0) throw damaged();
  const modified = Math.floor(Number(extra['mtime'] ?? number(block, 136, 12)));
  return {
    type,
    entry: {
      path,
      kind,
      // Links and folders have none, whatever they say.
      size: kind === 'file' || kind === 'other' ? size : 0,
      mode: number(block, 100, 8) & 0o7777,
      modified: Number.isSafeInteger(modified) ? modified : 0,
      target: extra['linkpath'] ?? text(157, 100),
    },
  };
}

/** Octal digits, or, with the first bit set, a binary number (GNU). */
function number(block: Buffer, at: number, length: number): number {
  const field = block.subarray(at, at + length);
  if (((field[0] ?? 0) & 0x80) !== 0) {
    let value = (field[0] ?? 0) & 0x7f;
    for (const byte of field.subarray(1)) value = value * 256 + byte;
    return value;
  }
  const digits = /^ *([0-7]*)/.exec(field.toString('latin1'))?.[1] ?? '';
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

function records(text: string): Partial<Record<string, string>> {
  const found: Partial<Record<string, string>> = {};
  for (let at = 0; at < text.length; ) {
    const space = text.indexOf(' ', at);
    const length = Number(text.slice(at, space));
    if (space < 0 || !Number.isSafeInteger(length) || length < space - at + 3) throw damaged();
    const [, key, value] = /^([^=]+)=(.*)\n$/s.exec(text.slice(space + 1, at + length)) ?? [];
    if (key === undefined || value === undefined) throw damaged();
    found[key] = value;
    at += length;
  }
  return found;
}

function damaged(): FerryError {
  return new FerryError(Code.MALFORMED, 'that is no tar archive, or a damaged one');
}
