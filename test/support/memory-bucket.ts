/** A bucket in memory, as strict as a real one: for the storage in object storage without a store. Keeps the conditions it is told to. */

import { randomBytes } from 'node:crypto';
import { Code, FerryError } from '@ferry/protocol';
import { blockDigest } from '@ferry/protocol/content';
import type { Head, Metadata } from '@ferry/server/storage/s3/metadata';
import type {
  Abilities,
  ByteStream,
  Condition,
  ListPage,
  ListSpec,
  ObjectStore,
  Part,
  StoredPart,
} from '@ferry/server/storage/s3/object-store';

type Stored = { readonly content: Buffer; readonly head: Head };
type Multi = { readonly key: string; readonly metadata: Metadata; readonly parts: Map<number, Buffer> };

const leastPart = 5 * 1024 * 1024;

/** Several of these over one `Objects` are several servers. */
export type Bucket = { readonly objects: Map<string, Stored>; readonly uploads: Map<string, Multi> };

export const newBucket = (): Bucket => ({ objects: new Map(), uploads: new Map() });

/** Of a store it is MD5, which takes longer than all else in a test. */
const etagOf = (content: Uint8Array): string => Buffer.from(blockDigest(content)).toString('hex', 0, 16);

export class MemoryBucket implements ObjectStore {
  readonly bucket: Bucket;
  readonly #able: Abilities;
  /** Called before each request; may throw, or wait. */
  before: (what: keyof ObjectStore, key: string) => void | Promise<void> = () => {};
  readonly counts = new Map<keyof ObjectStore, number>();

  constructor(able: Abilities, bucket: Bucket = newBucket()) {
    this.#able = able;
    this.bucket = bucket;
  }

  async abilities(): Promise<Abilities> {
    return this.#able;
  }

  async head(key: string): Promise<Head | undefined> {
    await this.#asked('head', key);
    return this.bucket.objects.get(key)?.head;
  }

  async read(key: string, etag: string, offset: number, target: Uint8Array): Promise<void> {
    await this.#asked('read', key);
    const found = this.bucket.objects.get(key);
    if (found === undefined) throw new FerryError(Code.NOT_FOUND, 'no such key');
    if (found.head.etag !== etag) throw new FerryError(Code.CONFLICT, 'another content');
    if (offset + target.length > found.content.length) throw new FerryError(Code.IO_ERROR, 'it ends before');
    target.set(found.content.subarray(offset, offset + target.length));
  }

  stream(key: string, etag: string, offset: number, _length: number): ByteStream {
    let at = offset;
    return {
      read: async (target) => {
        await this.read(key, etag, at, target);
        at += target.length;
      },
      close: () => {},
    };
  }

  async get(key: string, most: number): Promise<{ head: Head; content: Buffer } | undefined> {
    await this.#asked('get', key);
    const found = this.bucket.objects.get(key);
    if (found !== undefined && found.content.length > most) throw new FerryError(Code.LIMIT, 'too large');
    return found;
  }

  async put(key: string, content: Uint8Array, metadata: Metadata, condition?: Condition): Promise<string> {
    const own = Buffer.from(content);
    await this.#asked('put', key);
    if (condition !== undefined) {
      const keeps = 'absent' in condition ? this.#able.putAbsent : this.#able.putEtag;
      if (keeps) this.#check(key, condition);
    }
    return this.#store(key, own, metadata);
  }

  async list({ prefix, byFolder = false, from = '', most = 1000, after = '' }: ListSpec): Promise<ListPage> {
    await this.#asked('list', prefix);
    const objects: ListPage['objects'][number][] = [];
    const prefixes: string[] = [];
    const order = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
    const below = [...this.bucket.objects.keys()].filter((key) => key.startsWith(prefix));
    for (const key of below.toSorted(order)) {
      if (order(key, after) <= 0) continue;
      const slash = byFolder ? key.indexOf('/', prefix.length) : -1;
      const told = slash < 0 ? key : key.slice(0, slash + 1);
      if (order(told, from) <= 0 || prefixes.at(-1) === told) continue;
      if (objects.length + prefixes.length === most) {
        const last = [...objects.map((object) => object.key), ...prefixes].toSorted(order).at(-1);
        return { objects, prefixes, next: last };
      }
      const found = this.bucket.objects.get(key);
      if (slash >= 0) prefixes.push(told);
      else if (found !== undefined) objects.push({ key, ...found.head });
    }
    return { objects, prefixes, next: undefined };
  }

  async remove(key: string): Promise<void> {
    await this.#asked('remove', key);
    this.bucket.objects.delete(key);
  }

  async removeAll(keys: readonly string[]): Promise<void> {
    await this.#asked('removeAll', keys[0] ?? '');
    for (const key of keys) this.bucket.objects.delete(key);
  }

  async copy(from: string, to: string, metadata?: Metadata): Promise<void> {
    await this.#asked('copy', to);
    const found = this.bucket.objects.get(from);
    if (found === undefined) throw new FerryError(Code.NOT_FOUND, 'no such key');
    this.#store(to, found.content, metadata ?? found.head.metadata);
  }

  async begin(key: string, metadata: Metadata): Promise<string> {
    await this.#asked('begin', key);
    const uploadId = randomBytes(8).toString('hex');
    this.bucket.uploads.set(uploadId, { key, metadata, parts: new Map() });
    return uploadId;
  }

  async putPart(key: string, uploadId: string, number: number, content: Uint8Array): Promise<string> {
    const own = Buffer.from(content);
    await this.#asked('putPart', key);
    this.#upload(key, uploadId).parts.set(number, own);
    return etagOf(own);
  }

  async copyPart(
    key: string,
    uploadId: string,
    number: number,
    source: { key: string; from: number; length: number },
  ): Promise<string> {
    await this.#asked('copyPart', key);
    const found = this.bucket.objects.get(source.key);
    if (found === undefined) throw new FerryError(Code.NOT_FOUND, 'no such key');
    const content = found.content.subarray(source.from, source.from + source.length);
    this.#upload(key, uploadId).parts.set(number, content);
    return etagOf(content);
  }

  async parts(key: string, uploadId: string): Promise<readonly StoredPart[]> {
    await this.#asked('parts', key);
    return [...this.#upload(key, uploadId).parts].map(([number, content]) => ({
      number,
      etag: etagOf(content),
      size: content.length,
    }));
  }

  async complete(
    key: string,
    uploadId: string,
    parts: readonly Part[],
    condition?: Condition,
  ): Promise<void> {
    await this.#asked('complete', key);
    const upload = this.#upload(key, uploadId);
    if (condition !== undefined && this.#able.complete) this.#check(key, condition);
    const contents = parts.map(({ number, etag }, i) => {
      const content = upload.parts.get(number);
      if (content === undefined || etagOf(content) !== etag)
        throw new FerryError(Code.IO_ERROR, 'InvalidPart');
      if (content.length < leastPart && i < parts.length - 1)
        throw new FerryError(Code.IO_ERROR, 'EntityTooSmall');
      return content;
    });
    this.bucket.uploads.delete(uploadId);
    this.#store(key, Buffer.concat(contents), upload.metadata);
  }

  async abort(_key: string, uploadId: string): Promise<void> {
    await this.#asked('abort', _key);
    this.bucket.uploads.delete(uploadId);
  }

  close(): void {}

  async #asked(what: keyof ObjectStore, key: string): Promise<void> {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
    await this.before(what, key);
  }

  #upload(key: string, uploadId: string): Multi {
    const upload = this.bucket.uploads.get(uploadId);
    if (upload?.key !== key) throw new FerryError(Code.NOT_FOUND, 'no such upload');
    return upload;
  }

  #check(key: string, condition: Condition): void {
    const there = this.bucket.objects.get(key);
    const holds = 'absent' in condition ? there === undefined : there?.head.etag === condition.etag;
    if (!holds) throw new FerryError(Code.CONFLICT, 'precondition failed');
  }

  #store(key: string, content: Buffer, metadata: Metadata): string {
    if (Buffer.byteLength(key) > 1024) throw new FerryError(Code.IO_ERROR, 'KeyTooLong');
    const etag = etagOf(content);
    const storedS = Math.floor(Date.now() / 1000);
    this.bucket.objects.set(key, { content, head: { size: content.length, etag, storedS, metadata } });
    return etag;
  }
}
