/**
 * What was seen of folders a moment ago: that they are there, and which of the names in them are folders. Hundreds of packs come for one
 * folder in a row, and a listing costs a store as much as several files. What this thread changes counts at once; what others change a
 * few seconds later, as a name is no less taken by them right after it was looked at. Held by s3-storage.ts; worker threads.
 */

import type { Name, Path } from '@ferry/protocol';
import { keyPart } from './keys.ts';
import type { ObjectStore } from './object-store.ts';
import type { Objects } from './objects.ts';

const believedMs = 3000;
/** Folders that are known of. */
const mostGlances = 64;

/** What is between two keys of one folder. */
type Range = {
  /** Behind this key… */
  readonly after: Buffer;
  /** …up to this one; undefined: to the end. */
  readonly last: Buffer | undefined;
  readonly folders: ReadonlySet<string>;
};

type Glance = { readonly sinceMs: number; isThere?: Promise<void>; range?: Promise<Range> };

export class FolderGlances {
  readonly #objects: Objects;
  readonly #nowMs: () => number;
  /** By what the keys in a folder begin with; the oldest first. */
  readonly #glances = new Map<string, Glance>();

  constructor(objects: Objects, nowMs = () => performance.now()) {
    this.#objects = objects;
    this.#nowMs = nowMs;
  }

  /** @throws as Objects.checkFolder */
  async check(path: Path): Promise<void> {
    const prefix = this.#objects.keys.folder(path);
    const glance = this.#of(prefix);
    glance.isThere ??= this.#orForget(prefix, this.#objects.checkFolder(path));
    await glance.isThere;
  }

  /** Which of these names are folders: one listing tells it of all, unless there is too much between the first and the last. */
  async foldersAmong(path: Path, names: readonly Name[]): Promise<(name: Name) => Promise<boolean>> {
    const { keys } = this.#objects;
    const prefix = keys.folder(path);
    const sorted = names
      .map((name) => Buffer.from(prefix + keyPart(name)))
      .sort((a, b) => Buffer.compare(a, b));
    const [first] = sorted;
    if (first === undefined) return () => Promise.resolve(false);
    const glance = this.#of(prefix);
    let range = await glance.range;
    if (range === undefined || !isWithin(range, first) || !isWithin(range, sorted.at(-1) ?? first)) {
      glance.range = this.#orForget(prefix, this.#look(prefix, first));
      range = await glance.range;
    }
    const { folders } = range;
    return async (name) => {
      const key = `${prefix}${keyPart(name)}/`;
      return isWithin(range, Buffer.from(key)) ? folders.has(key) : this.#objects.isFolder([...path, name]);
    };
  }

  async #look(prefix: string, after: Buffer): Promise<Range> {
    // The folder's own marker is before all; right before the first name is where nothing of ours lies.
    const page = await this.#objects.store.list({ prefix, byFolder: true, after: after.toString() });
    const told = [...page.objects.map(({ key }) => key), ...page.prefixes].map((key) => Buffer.from(key));
    const last = told.sort((a, b) => Buffer.compare(a, b)).at(-1);
    return {
      after,
      last: page.next === undefined ? undefined : (last ?? after),
      folders: new Set(page.prefixes),
    };
  }

  /** Something is there under this key. */
  changed(key: string): void {
    for (const prefix of this.#glances.keys())
      if (key.startsWith(prefix) && key.indexOf('/', prefix.length) >= 0) this.#glances.delete(prefix);
  }

  /** Nothing is there any more. */
  removed(key: string): void {
    for (const prefix of this.#glances.keys()) if (key.startsWith(prefix)) this.#glances.delete(prefix);
  }

  #of(prefix: string): Glance {
    const nowMs = this.#nowMs();
    const found = this.#glances.get(prefix);
    if (found !== undefined && nowMs - found.sinceMs < believedMs) return found;
    const glance: Glance = { sinceMs: nowMs };
    this.#glances.delete(prefix);
    this.#glances.set(prefix, glance);
    const [oldest] = this.#glances.keys();
    if (this.#glances.size > mostGlances && oldest !== undefined) this.#glances.delete(oldest);
    return glance;
  }

  async #orForget<T>(prefix: string, seen: Promise<T>): Promise<T> {
    try {
      return await seen;
    } catch (error) {
      this.#glances.delete(prefix);
      throw error;
    }
  }
}

/** The store, with `glances` hearing of all that changes. */
export function toldTo(store: ObjectStore, glances: () => FolderGlances): ObjectStore {
  const changing = async <T>(key: string, act: Promise<T>): Promise<T> => {
    try {
      return await act;
    } finally {
      glances().changed(key);
    }
  };
  const removing = async (keys: readonly string[], act: Promise<void>): Promise<void> => {
    try {
      await act;
    } finally {
      for (const key of keys) glances().removed(key);
    }
  };
  return {
    abilities: (scratch) => store.abilities(scratch),
    head: (key) => store.head(key),
    read: (key, etag, offset, target) => store.read(key, etag, offset, target),
    stream: (key, etag, offset, length) => store.stream(key, etag, offset, length),
    get: (key, most) => store.get(key, most),
    put: (key, content, metadata, condition) => changing(key, store.put(key, content, metadata, condition)),
    list: (spec) => store.list(spec),
    remove: (key) => removing([key], store.remove(key)),
    removeAll: (keys) => removing(keys, store.removeAll(keys)),
    copy: (from, to, metadata) => changing(to, store.copy(from, to, metadata)),
    begin: (key, metadata) => store.begin(key, metadata),
    putPart: (key, uploadId, number, content) => store.putPart(key, uploadId, number, content),
    copyPart: (key, uploadId, number, source) => store.copyPart(key, uploadId, number, source),
    parts: (key, uploadId) => store.parts(key, uploadId),
    complete: (key, uploadId, parts, condition) =>
      changing(key, store.complete(key, uploadId, parts, condition)),
    abort: (key, uploadId) => store.abort(key, uploadId),
    close: () => store.close(),
  };
}

function isWithin({ after, last }: Range, key: Buffer): boolean {
  return Buffer.compare(key, after) >= 0 && (last === undefined || Buffer.compare(key, last) <= 0);
}
