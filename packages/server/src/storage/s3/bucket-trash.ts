/**
 * What was deleted in object storage and can be had back. Nothing can be renamed there, so it is copied inside of the store and then taken
 * away; cancelled while it is copied, it is still there, and its copy goes. Made by s3-works.ts; worker threads.
 *
 *   .ferry/trash/OWNER/WHEN.BYTES.ID/info     where it was, as JSON
 *                                    /item    the file, or with /… behind it what was in the folder
 */

import { createHash, randomBytes } from 'node:crypto';
import {
  Code,
  decodePath,
  EntryKind,
  encodePath,
  FerryError,
  isWithin,
  type Path,
  parentPath,
} from '@ferry/protocol';
import { trashToDrop } from '@ferry/protocol/disk';
import type { Rows, Trashed, Work } from '../works.ts';
import type { Copies } from './copies.ts';
import { inParallel } from './in-parallel.ts';
import { mostKeyBytes } from './keys.ts';
import { metadataOf } from './metadata.ts';
import type { ListedObject } from './object-store.ts';
import type { Objects } from './objects.ts';
import type { Publisher } from './publisher.ts';
import { removeBelow } from './remove-below.ts';

const copiesAtOnce = 16;
const infoBytes = 16 * 1024;
const placeShape = /^([0-9a-f]{12})\.([0-9a-f]+)\.([0-9a-f]{32})\/$/;

type Place = {
  readonly folder: string;
  readonly id: string;
  readonly deletedMs: number;
  readonly bytes: number;
};

export class BucketTrash {
  readonly #objects: Objects;
  readonly #copies: Copies;
  readonly #publisher: Publisher;

  constructor(objects: Objects, copies: Copies, publisher: Publisher) {
    this.#objects = objects;
    this.#copies = copies;
    this.#publisher = publisher;
  }

  /** As Works.trash. */
  async put(path: Path, owner: string, work: Work, nowMs: number): Promise<Trashed> {
    const { store, keys } = this.#objects;
    if (path.length === 0) throw new FerryError(Code.FORBIDDEN, 'that cannot be done to the root folder');
    const found = await this.#objects.find(path);
    if (found === undefined) throw new FerryError(Code.NOT_FOUND, 'no such file or folder');
    const isFolder = found.kind === 'folder';
    const from = isFolder ? keys.folder(path) : keys.file(path);
    const amount = isFolder ? await this.#amountBelow(from) : { files: 1, bytes: found.head.size };
    const trashed: Trashed = {
      id: randomBytes(16).toString('hex'),
      path,
      kind: isFolder ? EntryKind.folder : EntryKind.file,
      ...amount,
      deletedMs: nowMs,
      isReplaced: false,
    };
    const folder = this.#folderOf(owner) + placeNameOf(trashed);
    const to = isFolder ? `${folder}item/` : `${folder}item`;
    try {
      if (isFolder) await this.#copyBelow(from, to, work);
      else await this.#copyOne({ key: from, ...found.head }, to, work);
      // Without it nobody is shown the copy: there is one thing to be had back, or what it was copied from.
      await store.put(`${folder}info`, Buffer.from(encodeInfo(trashed)), {});
    } catch (error) {
      await removeBelow(store, folder);
      throw error;
    }
    if (isFolder) await this.#removeCopied(from, to);
    else await store.remove(from);
    return trashed;
  }

  /** As Works.listTrash. */
  async list(owner: string, inside: Path, work: Work, rows: Rows<Trashed>): Promise<void> {
    const places = (await this.#places(this.#folderOf(owner))).toSorted((a, b) => b.deletedMs - a.deletedMs);
    for (const place of places) {
      const turn = work.turn();
      if (turn !== undefined) await turn;
      const trashed = await this.#info(place);
      if (trashed !== undefined && isWithin(inside, trashed.path)) await rows(trashed);
    }
  }

  /** As Works.restore. */
  async restore(owner: string, inside: Path, id: string, to: Path | undefined): Promise<Trashed> {
    const { store, keys } = this.#objects;
    const place = (await this.#places(this.#folderOf(owner))).find((one) => one.id === id);
    const trashed = place === undefined ? undefined : await this.#info(place);
    if (place === undefined || trashed === undefined || !isWithin(inside, trashed.path)) {
      throw new FerryError(Code.NOT_FOUND, 'that is not in the trash');
    }
    const target = to ?? trashed.path;
    if (to === undefined) await this.#makeParents(parentPath(target));
    else await this.#objects.checkFolder(parentPath(target));
    if ((await this.#objects.find(target)) !== undefined) {
      throw new FerryError(Code.EXISTS, 'that name is taken');
    }
    const kept = { modified: { s: Math.floor(trashed.deletedMs / 1000), ns: 0 }, mode: 0o755, version: id };
    if (trashed.kind === EntryKind.folder) {
      const prefix = keys.folder(target);
      await this.#publisher.put(prefix, new Uint8Array(0), kept, 'absent', true);
      await this.#copyBelow(`${place.folder}item/`, prefix);
    } else {
      const item = `${place.folder}item`;
      const head = await store.head(item);
      if (head === undefined) throw new FerryError(Code.NOT_FOUND, 'that is not in the trash');
      const key = keys.file(target);
      await this.#publisher.fill(key, kept, 'absent', () => this.#copyOne({ ...head, key: item }, key));
    }
    await removeBelow(store, place.folder);
    return { ...trashed, path: target };
  }

  /** As Works.emptyTrash. */
  async empty(owner: string, inside: Path, ids: readonly string[] | undefined, work: Work): Promise<void> {
    const wanted = ids === undefined ? undefined : new Set(ids);
    for (const place of await this.#places(this.#folderOf(owner))) {
      work.check();
      if (wanted?.has(place.id) === false) continue;
      const trashed = await this.#info(place);
      if (trashed !== undefined && !isWithin(inside, trashed.path)) continue;
      await removeBelow(this.#objects.store, place.folder);
      work.files += trashed?.files ?? 0;
    }
  }

  /** Removes what has been there too long, of all users. @throws {FerryError} what the store throws */
  async collect(nowMs: number): Promise<void> {
    const { store, keys } = this.#objects;
    for (const owner of await this.#foldersIn(keys.hidden('trash/'))) {
      // Of a bucket nobody knows how much is too much.
      const drop = trashToDrop(await this.#places(owner), nowMs, Number.POSITIVE_INFINITY);
      for (const { folder } of drop) await removeBelow(store, folder);
    }
  }

  async #amountBelow(prefix: string): Promise<{ files: number; bytes: number }> {
    let files = 0;
    let bytes = 0;
    await this.#eachBelow(prefix, async (objects) => {
      files += objects.filter(({ key }) => !key.endsWith('/')).length;
      bytes += objects.reduce((sum, { size }) => sum + size, 0);
    });
    return { files, bytes };
  }

  async #copyBelow(from: string, to: string, work?: Work): Promise<void> {
    await this.#eachBelow(from, async (objects) => {
      await inParallel(objects, copiesAtOnce, async (object) => {
        await this.#copyOne(object, to + object.key.slice(from.length), work);
      });
    });
  }

  async #copyOne(object: ListedObject, to: string, work?: Work): Promise<void> {
    if (Buffer.byteLength(to) > mostKeyBytes) {
      throw new FerryError(Code.NAME_TOO_LONG, 'the path is too long for the trash: delete it for good');
    }
    const turn = work?.turn();
    if (turn !== undefined) await turn;
    work?.check();
    await this.#copies.duplicate(object, to, work);
    if (work !== undefined && !object.key.endsWith('/')) work.files += 1;
  }

  /** Only what has a copy: somebody may have put something there meanwhile. */
  async #removeCopied(from: string, copy: string): Promise<void> {
    await this.#eachBelow(copy, async (objects) => {
      await this.#objects.store.removeAll(objects.map(({ key }) => from + key.slice(copy.length)));
    });
  }

  async #eachBelow(prefix: string, use: (objects: readonly ListedObject[]) => Promise<void>): Promise<void> {
    let from: string | undefined;
    do {
      const page = await this.#objects.store.list({ prefix, from });
      await use(page.objects);
      from = page.next;
    } while (from !== undefined);
  }

  async #makeParents(folder: Path): Promise<void> {
    for (let depth = 1; depth <= folder.length; depth++) {
      const path = folder.slice(0, depth);
      const found = await this.#objects.find(path);
      if (found?.kind === 'file') throw new FerryError(Code.NOT_FOLDER, 'not a folder');
      if (found !== undefined) continue;
      const kept = { modified: { s: Math.floor(Date.now() / 1000), ns: 0 }, mode: 0o755, version: 'folder' };
      await this.#objects.store.put(
        this.#objects.keys.folder(path),
        new Uint8Array(0),
        metadataOf(kept, true),
      );
    }
  }

  async #places(ownersFolder: string): Promise<readonly Place[]> {
    return (await this.#foldersIn(ownersFolder)).flatMap((folder) => {
      const [, when, bytes, id] = placeShape.exec(folder.slice(ownersFolder.length)) ?? [];
      if (when === undefined || bytes === undefined || id === undefined) return [];
      return { folder, id, deletedMs: Number.parseInt(when, 16), bytes: Number.parseInt(bytes, 16) };
    });
  }

  async #foldersIn(prefix: string): Promise<readonly string[]> {
    const folders: string[] = [];
    let from: string | undefined;
    do {
      const page = await this.#objects.store.list({ prefix, byFolder: true, from });
      folders.push(...page.prefixes);
      from = page.next;
    } while (from !== undefined);
    return folders;
  }

  /** Undefined where it is damaged; it is dropped by age. */
  async #info({ folder, id, deletedMs }: Place): Promise<Trashed | undefined> {
    const found = await this.#objects.store.get(`${folder}info`, infoBytes);
    if (found === undefined) return undefined;
    try {
      const info = JSON.parse(found.content.toString('utf8')) as Partial<Record<string, unknown>>;
      const { path, kind, files, bytes } = info;
      const known = kind === EntryKind.file || kind === EntryKind.folder ? kind : undefined;
      if (typeof path !== 'string' || known === undefined) return undefined;
      if (typeof files !== 'number' || typeof bytes !== 'number') return undefined;
      const where = decodePath(Buffer.from(path, 'base64'));
      return { id, path: where, kind: known, files, bytes, deletedMs, isReplaced: false };
    } catch {
      return undefined;
    }
  }

  /** Nothing of the user's name becomes a key. */
  #folderOf(owner: string): string {
    return this.#objects.keys.hidden(
      `trash/${createHash('sha256').update(owner).digest('hex').slice(0, 32)}/`,
    );
  }
}

function placeNameOf({ deletedMs, bytes, id }: Trashed): string {
  return `${deletedMs.toString(16).padStart(12, '0')}.${bytes.toString(16)}.${id}/`;
}

function encodeInfo({ path, kind, files, bytes }: Trashed): string {
  return JSON.stringify({ path: encodePath(path).toString('base64'), kind, files, bytes });
}
