/** Watched folders on the bus: what they are called there, and how news of them are written. Pure; every thread of a server. */

import { createHash } from 'node:crypto';
import {
  Code,
  decodePath,
  encodePath,
  FerryError,
  type FolderNews,
  limits,
  type Path,
} from '@ferry/protocol';
import { getFolderNews, putFolderNews } from '@ferry/protocol/messages';
import { pack, path as pathShape, unpack } from '@ferry/protocol/wire';

/** A path from the shared folder as a byte string, to be compared and sent between threads. */
export function folderKey(path: Path): string {
  return encodePath(path).toString('latin1');
}

export function pathOfKey(key: string): Path {
  return decodePath(Buffer.from(key, 'latin1'));
}

/** Paths are longer than subjects may be. */
export function folderSubject(key: string): string {
  return `folder.${createHash('sha256').update(key, 'latin1').digest('hex').slice(0, 32)}`;
}

/** Folders that this server has changed something in: keys; none for any folder. */
export const touchedSubject = 'folders.touched';

export function encodeNews(news: FolderNews): Buffer {
  return pack(putFolderNews(news));
}

/** @throws {FerryError} MALFORMED, which is a bug: only this server's own threads write here */
export function decodeNews(body: Uint8Array): FolderNews {
  const values = unpack(Buffer.from(body));
  return getFolderNews(Array.isArray(values) ? values : []);
}

/** Keys in one message of {@link touchedSubject}, as many as fit; gives those that do not. */
export function encodeTouched(keys: readonly string[]): {
  readonly body: Buffer;
  readonly rest: readonly string[];
} {
  let bytes = 0;
  const fitting = keys.findIndex((key) => {
    bytes += key.length + 8;
    return bytes > limits.busMessageBytes;
  });
  const count = fitting < 0 ? keys.length : fitting;
  const body = pack(keys.slice(0, count).map((key) => Buffer.from(key, 'latin1')));
  return { body, rest: keys.slice(count) };
}

/** What another server says that it has changed. @throws {FerryError} MALFORMED, or a NAME_… code */
export function checkTouched(body: Uint8Array): void {
  const keys = unpack(Buffer.from(body));
  if (!Array.isArray(keys)) throw new FerryError(Code.MALFORMED, 'no list of folders');
  for (const key of keys) pathShape.get(key, 'folder');
}

export function keysTouched(body: Uint8Array): readonly string[] {
  const keys = unpack(Buffer.from(body));
  return Array.isArray(keys) ? keys.map((key) => Buffer.from(key as Uint8Array).toString('latin1')) : [];
}
