/**
 * Names and paths as both sides must agree on them. Pure; used on every thread.
 *
 * A name is bytes: file systems know no encoding, and `bad\xff` must open the file it names. In memory a name is a
 * JavaScript string with one char (0…255) per byte ("byte string"): cheap to compare, hash and send between threads.
 * It is not text. Text is made from it only by `show`, for display, and never turned back into a name.
 *
 * On the wire a path is one msgpack `bin`: the names joined by `/`, no leading or trailing slash; the root is empty.
 * Only this canonical form is accepted; nothing is ever cleaned up, so no two layers can clean differently.
 */

import { Code, FerryError } from './errors.ts';
import { limits } from './limits.ts';

declare const nameBrand: unique symbol;
/** One component of a path, as a byte string. Never empty, `.` or `..`; holds no `/` and no NUL. */
export type Name = string & { readonly [nameBrand]: true };

/** Names from the root down; `[]` is the root itself. */
export type Path = readonly Name[];

export const rootPath: Path = [];

/** The folder at a root that holds our partial files. Not listed, not addressable by any operation. */
export const stagingName = '.ferry' as Name;

/** Why bytes are not a name, or undefined when they are one. */
function nameFault(bytes: string): FerryError | undefined {
  if (bytes.length > limits.nameBytes) {
    return new FerryError(Code.NAME_TOO_LONG, `a name may have at most ${limits.nameBytes} bytes`);
  }
  if (bytes === '' || bytes === '.' || bytes === '..') {
    return new FerryError(Code.NAME_INVALID, 'a name may not be empty, "." or ".."');
  }
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes.charCodeAt(i);
    if (byte === 0x2f || byte === 0) {
      return new FerryError(Code.NAME_INVALID, 'a name may not contain "/" or a NUL byte');
    }
    if (byte > 0xff) return new FerryError(Code.NAME_INVALID, 'not a byte string');
  }
  return undefined;
}

export function isName(bytes: string): bytes is Name {
  return nameFault(bytes) === undefined;
}

/** @throws {FerryError} NAME_INVALID or NAME_TOO_LONG */
export function checkName(bytes: string): Name {
  const fault = nameFault(bytes);
  if (fault !== undefined) throw fault;
  return bytes as Name;
}

/** The name that a file system or the wire gave as bytes. @throws {FerryError} as {@link checkName} */
export function nameFromBytes(bytes: Uint8Array): Name {
  return checkName(byteString(bytes));
}

/** The name a person typed: its UTF-8 bytes. @throws {FerryError} as {@link checkName} */
export function nameFromText(text: string): Name {
  return checkName(Buffer.from(text, 'utf8').toString('latin1'));
}

/** A byte string of any bytes; not a name yet. */
export function byteString(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** The bytes of a byte string (a name, or names joined by `/`). */
export function bytesOf(byteString: string): Buffer {
  return Buffer.from(byteString, 'latin1');
}

/** The wire form of a path; see the head of this file. */
export function encodePath(path: Path): Buffer {
  return bytesOf(path.join('/'));
}

/**
 * A path from the wire.
 * @throws {FerryError} NAME_INVALID for anything but the canonical form or for our staging folder; NAME_TOO_LONG
 */
export function decodePath(bytes: Uint8Array): Path {
  if (bytes.byteLength > limits.pathBytes) {
    throw new FerryError(Code.NAME_TOO_LONG, `a path may have at most ${limits.pathBytes} bytes`);
  }
  if (bytes.byteLength === 0) return rootPath;
  const path = byteString(bytes).split('/').map(checkName);
  if (path.length > limits.pathDepth) {
    throw new FerryError(Code.NAME_TOO_LONG, `a path may have at most ${limits.pathDepth} names`);
  }
  if (path[0] === stagingName) throw new FerryError(Code.NAME_INVALID, 'that name is reserved');
  return path;
}

/**
 * The path a person typed: UTF-8, `/` between names, leading, trailing and doubled slashes and `.` ignored.
 * @throws {FerryError} NAME_INVALID for `..` and NUL; NAME_TOO_LONG
 */
export function pathFromText(text: string): Path {
  return decodePath(
    bytesOf(
      Buffer.from(text, 'utf8')
        .toString('latin1')
        .split('/')
        .filter((name) => name !== '' && name !== '.')
        .join('/'),
    ),
  );
}

export function parentPath(path: Path): Path {
  return path.slice(0, -1);
}

/** The last name; undefined for the root. */
export function baseName(path: Path): Name | undefined {
  return path.at(-1);
}

export function joinPath(path: Path, ...names: readonly Name[]): Path {
  return [...path, ...names];
}

export function samePath(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i]);
}

/** True when `path` is `folder` itself or lies below it. */
export function isWithin(folder: Path, path: Path): boolean {
  return path.length >= folder.length && folder.every((name, i) => name === path[i]);
}
