/**
 * Where in a bucket what lies: names as keys and back. Pure; worker threads.
 *
 *   PREFIX/a/b            the file a/b
 *   PREFIX/a/             the folder a: an empty object. A folder also is where keys lie below it that somebody else made
 *   PREFIX/.ferry/up/…    uploads before they are published: upload-keys.ts
 *   PREFIX/.ferry/…       what else is not to be seen: leases, and what is tried out
 *
 * A key is UTF-8 text, a name is bytes. What is text stays as it is, so that other programs see the same names. Bytes that are no
 * UTF-8, and characters that no XML can carry, are written as %FF; a `%` only where it would be read as such. Keys that no name
 * means (an empty name, `..`, %C3%A9) are not shown.
 */

import {
  byteString,
  bytesOf,
  Code,
  encodePath,
  FerryError,
  isName,
  limits,
  type Name,
  type Path,
  stagingName,
} from '@ferry/protocol';

/** What every store takes. */
export const mostKeyBytes = 1024;

const plain = /^[\x20-\x24\x26-\x7e]*$/;
/** Not in XML 1.0, and a `%` that would be read as an escape: of a byte below 0x20, of `%` itself, of a byte from 0x7f. */
const troublesome = /[\p{Cc}\ufffe\uffff]|%(?=(?:[01][0-9A-F]|25|7F|[89A-F][0-9A-F]))/gu;
const escaped = /%([01][0-9A-F]|25|7F|[89A-F][0-9A-F])/g;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** One name as a part of a key. */
export function keyPart(name: Name): string {
  if (plain.test(name)) return name;
  const bytes = bytesOf(name);
  let part = '';
  let from = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = characterBytes(bytes, at);
    if (length === 0) {
      part += escapedText(bytes.subarray(from, at)) + escapedBytes(bytes.subarray(at, at + 1));
      from = at + 1;
    }
    at += Math.max(1, length);
  }
  return part + escapedText(bytes.subarray(from));
}

/** The name that a part of a key means; undefined: none does. */
export function nameOfPart(part: string): Name | undefined {
  if (plain.test(part)) return isName(part) ? part : undefined;
  let name = '';
  let from = 0;
  for (const found of part.matchAll(escaped)) {
    name += byteString(Buffer.from(part.slice(from, found.index)));
    name += String.fromCharCode(Number.parseInt(found[1] ?? '', 16));
    from = found.index + found[0].length;
  }
  name += byteString(Buffer.from(part.slice(from)));
  // Of several ways to write a name only ours counts, so that no two keys mean the same one.
  return isName(name) && keyPart(name) === part ? name : undefined;
}

/** The bytes of the UTF-8 character at `at`; 0: there is none. */
function characterBytes(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  try {
    utf8.decode(bytes.subarray(at, at + length));
    return length;
  } catch {
    return 0;
  }
}

function escapedText(bytes: Buffer): string {
  return bytes.toString('utf8').replaceAll(troublesome, (character) => escapedBytes(Buffer.from(character)));
}

function escapedBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`).join('');
}

/** The keys of what is shared below one prefix of a bucket. */
export class Keys {
  /** Ends with `/`, or is empty. */
  readonly #prefix: string;

  /** @param prefix as an address has it: without slashes at its ends, and short. */
  constructor(prefix: string) {
    this.#prefix = prefix === '' ? '' : `${prefix}/`;
  }

  /** Of a file. @throws {FerryError} NAME_INVALID (reserved), NAME_TOO_LONG */
  file(path: Path): string {
    return this.#checked(path, path.map(keyPart).join('/'));
  }

  /** Of a folder, and what the keys of all that is in it begin with; of the root it may be empty. @throws as {@link file} */
  folder(path: Path): string {
    return this.#checked(path, path.map((name) => `${keyPart(name)}/`).join(''));
  }

  /** What is not to be seen. */
  hidden(rest: string): string {
    return `${this.#prefix}${stagingName}/${rest}`;
  }

  /** The path of a key, and whether it is a folder's; undefined: no path has it. */
  pathOf(key: string): { readonly path: Path; readonly isFolder: boolean } | undefined {
    if (!key.startsWith(this.#prefix)) return undefined;
    const isFolder = key.endsWith('/');
    const parts = key.slice(this.#prefix.length, isFolder ? -1 : undefined).split('/');
    const path: Name[] = [];
    for (const part of parts) {
      const name = nameOfPart(part);
      if (name === undefined) return undefined;
      path.push(name);
    }
    return path[0] === stagingName ? undefined : { path, isFolder };
  }

  #checked(path: Path, rest: string): string {
    if (path[0] === stagingName) throw new FerryError(Code.NAME_INVALID, 'that name is reserved');
    const key = this.#prefix + rest;
    const isLong = path.length > limits.pathDepth || encodePath(path).length > limits.pathBytes;
    // A folder's marker has one byte more than a file of that name.
    if (isLong || Buffer.byteLength(key) >= mostKeyBytes) {
      throw new FerryError(Code.NAME_TOO_LONG, 'the path is too long for object storage');
    }
    return key;
  }
}
