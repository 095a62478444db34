/**
 * Paths looked up in a bucket: what is a file, what a folder, and what is in it. Worker threads.
 *
 * Where somebody else has put both `a` and `a/b`, `a` is the file, and `a/b` is reached by its path alone.
 */

import {
  baseName,
  Code,
  type Entry,
  type Facts,
  FerryError,
  limits,
  type Name,
  type Path,
} from '@ferry/protocol';
import { Heads } from './heads.ts';
import { inParallel } from './in-parallel.ts';
import { type Keys, nameOfPart } from './keys.ts';
import { factsOf, type Head, isReserved } from './metadata.ts';
import type { ListedObject, ListPage, ObjectStore } from './object-store.ts';

/** Requests for metadata that one listing has under way. */
const looksAtOnce = 64;
/** Of so many rows of a folder time and mode are asked for; those behind have the time when they were stored. */
const exactRows = 10_000;
/** The first page is to be there soon. */
const firstPage = 100;
/** A name that is held for an upload has an object of this size: those are always looked at. */
const reservedBytes = 32;

export type Found =
  | { readonly kind: 'file'; readonly head: Head }
  /** Without a head it has no object of its own. */
  | { readonly kind: 'folder'; readonly head: Head | undefined };

export class Objects {
  readonly store: ObjectStore;
  readonly keys: Keys;
  readonly heads = new Heads();

  constructor(store: ObjectStore, keys: Keys) {
    this.store = store;
    this.keys = keys;
  }

  async file(path: Path): Promise<Head | undefined> {
    if (path.length === 0) return undefined;
    const key = this.keys.file(path);
    const head = await this.store.head(key);
    if (head === undefined || isReserved(head)) return undefined;
    this.heads.keep(key, head);
    return head;
  }

  async isFolder(path: Path): Promise<boolean> {
    const prefix = this.keys.folder(path);
    if (path.length === 0) return true;
    const { objects } = await this.store.list({ prefix, most: 1 });
    return objects.length > 0;
  }

  /** @throws {FerryError} NAME_INVALID, NAME_TOO_LONG */
  async find(path: Path): Promise<Found | undefined> {
    const head = await this.file(path);
    if (head !== undefined) return { kind: 'file', head };
    const own = path.length === 0 ? undefined : await this.store.head(this.keys.folder(path));
    if (own !== undefined || (await this.isFolder(path))) return { kind: 'folder', head: own };
    return undefined;
  }

  /** @throws {FerryError} NOT_FOUND */
  async stat(path: Path): Promise<{ readonly facts: Facts; readonly head: Head | undefined }> {
    const found = await this.find(path);
    if (found === undefined) throw new FerryError(Code.NOT_FOUND, 'no such file or folder');
    return { facts: factsOf(baseName(path) ?? ('~' as Name), found.kind, found.head), head: found.head };
  }

  /** @throws {FerryError} NOT_FOUND, NOT_FOLDER */
  async checkFolder(path: Path): Promise<void> {
    // Most folders were made by ferry, and to look at one object costs a store much less than to list.
    if (path.length > 0 && (await this.store.head(this.keys.folder(path))) !== undefined) return;
    if (await this.isFolder(path)) return;
    if ((await this.file(path)) !== undefined) throw new FerryError(Code.NOT_FOLDER, 'not a folder');
    throw new FerryError(Code.NOT_FOUND, 'no such file or folder');
  }

  /** As Storage.list. */
  async *list(path: Path, signal: AbortSignal | undefined): AsyncGenerator<readonly Entry[], void, void> {
    const prefix = this.keys.folder(path);
    /** Files whose names the next keys may begin with. */
    let files: string[] = [];
    let rows = 0;
    let from: string | undefined;
    let isFirst = true;
    do {
      const page: ListPage = await this.store.list({
        prefix,
        byFolder: true,
        from,
        ...(isFirst ? { most: firstPage } : {}),
        signal,
      });
      if (isFirst && page.objects.length === 0 && page.prefixes.length === 0) {
        await this.checkFolder(path);
        return;
      }
      isFirst = false;
      const found: {
        readonly name: Name;
        readonly object: ListedObject | undefined;
        readonly key: string;
      }[] = [];
      for (const { key, object } of inOrder(page)) {
        const isFolder = object === undefined;
        const name = nameOfPart(key.slice(prefix.length, isFolder ? -1 : undefined));
        if (name === undefined || (path.length === 0 && this.keys.pathOf(key) === undefined)) continue;
        files = files.filter((file) => key.startsWith(file));
        if (isFolder && files.includes(key.slice(0, -1))) continue;
        if (!isFolder) files.push(key);
        found.push({ name, object, key });
      }
      const entries = await inParallel(found, looksAtOnce, async ({ name, object, key }, index) =>
        this.#row(name, key, object, rows + index < exactRows),
      );
      rows += found.length;
      yield* pagesOf(entries.filter((entry) => entry !== undefined));
      from = page.next;
    } while (from !== undefined);
  }

  async #row(
    name: Name,
    key: string,
    object: ListedObject | undefined,
    isExact: boolean,
  ): Promise<Entry | undefined> {
    const known = object === undefined ? undefined : this.heads.of(object);
    const looks = known === undefined && (isExact || object?.size === reservedBytes);
    const head = looks ? await this.store.head(key) : (known ?? headOf(object));
    // Gone, or not to be seen yet.
    if (object !== undefined && (head === undefined || isReserved(head))) return undefined;
    if (object !== undefined && looks && head !== undefined) this.heads.keep(key, head);
    const {
      identity: _,
      sparse: __,
      ...entry
    } = factsOf(name, object === undefined ? 'folder' : 'file', head);
    return entry;
  }
}

function headOf(object: ListedObject | undefined): Head | undefined {
  return object === undefined ? undefined : { ...object, metadata: {} };
}

/** Keys and prefixes of a page in the order of the store, prefixes without an object. */
function inOrder({ objects, prefixes }: ListPage): { key: string; object: ListedObject | undefined }[] {
  const all = [
    ...objects.map((object) => ({ key: object.key, object })),
    ...prefixes.map((key) => ({ key, object: undefined })),
  ];
  const bytes = new Map(all.map(({ key }) => [key, Buffer.from(key)]));
  const none = Buffer.alloc(0);
  return all.sort((a, b) => Buffer.compare(bytes.get(a.key) ?? none, bytes.get(b.key) ?? none));
}

/** No more than the wire takes in one. */
function* pagesOf(entries: readonly Entry[]): Generator<readonly Entry[], void, void> {
  let page: Entry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const rowBytes = entry.name.length + 36;
    if (page.length === limits.pageEntries || (page.length > 0 && bytes + rowBytes > limits.pageBytes)) {
      yield page;
      page = [];
      bytes = 0;
    }
    page.push(entry);
    bytes += rowBytes;
  }
  if (page.length > 0) yield page;
}
