/** What of a bucket's requests goes without the SDK, each as in object-store.ts. Held by aws-bucket.ts; worker threads. */

import { Code, FerryError } from '@ferry/protocol';
import { type Account, type DirectOrder, DirectRequests, type Reply, type Sent } from './direct-requests.ts';
import type { PoolOpts } from './http-pool.ts';
import type { Head, Metadata } from './metadata.ts';
import type { ByteStream } from './object-store.ts';
import { storeError } from './store-error.ts';

/** It was not answered as wished, or nobody knows yet where to ask: the SDK is to send it, and says what is wrong. */
export const declined: unique symbol = Symbol('ask the SDK');
export type Declined = typeof declined;

/** Headers as the SDK calls them. */
export type PutConditions = { readonly IfNoneMatch?: string; readonly IfMatch?: string };

export class DirectBucket {
  readonly #requests: DirectRequests;

  constructor(account: Account, bucket: string, opts: PoolOpts) {
    this.#requests = new DirectRequests(account, bucket, opts);
  }

  learn(sent: Sent): void {
    this.#requests.learn(sent);
  }

  async head(key: string): Promise<Head | undefined | Declined> {
    const reply = await this.#ask({ method: 'HEAD', key }, [200, 404]);
    if (reply === undefined) return declined;
    reply.close();
    return reply.status === 404 ? undefined : headOf(reply);
  }

  async get(key: string, most: number): Promise<{ head: Head; content: Buffer } | Declined> {
    const reply = await this.#ask({ method: 'GET', key }, [200]);
    if (reply === undefined) return declined;
    try {
      if (reply.bytes > most) throw notSmall();
      const content = Buffer.allocUnsafe(reply.bytes);
      await reply.read(content);
      return { head: headOf(reply), content };
    } finally {
      reply.close();
    }
  }

  async range(key: string, etag: string, offset: number, length: number): Promise<ByteStream | Declined> {
    const headers = { range: `bytes=${offset}-${offset + length - 1}`, 'if-match': `"${etag}"` };
    const reply = await this.#ask({ method: 'GET', key, headers }, [206]);
    if (reply?.bytes === length) return reply;
    reply?.close();
    return declined;
  }

  put(
    key: string,
    body: Uint8Array,
    metadata: Metadata,
    conditions: PutConditions,
  ): Promise<string | Declined> {
    const { IfNoneMatch, IfMatch } = conditions;
    const described = Object.entries(metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]);
    const headers = {
      ...(Object.fromEntries(described) as Record<string, string>),
      ...(IfNoneMatch === undefined ? {} : { 'if-none-match': IfNoneMatch }),
      ...(IfMatch === undefined ? {} : { 'if-match': IfMatch }),
    };
    return this.#put({ method: 'PUT', key, headers, body });
  }

  putPart(key: string, uploadId: string, number: number, body: Uint8Array): Promise<string | Declined> {
    return this.#put({ method: 'PUT', key, query: { partNumber: String(number), uploadId }, body });
  }

  close(): void {
    this.#requests.close();
  }

  async #put(order: DirectOrder): Promise<string | Declined> {
    const reply = await this.#ask(order, [200]);
    reply?.close();
    const etag = reply?.headers.get('etag');
    return etag === undefined ? declined : bare(etag);
  }

  async #ask(order: DirectOrder, statuses: readonly number[]): Promise<Reply | undefined> {
    try {
      const reply = await this.#requests.send(order);
      if (reply === undefined || statuses.includes(reply.status)) return reply;
      reply.close();
      return undefined;
    } catch (error) {
      throw storeError(error);
    }
  }
}

export function notSmall(): FerryError {
  return new FerryError(Code.LIMIT, 'the file is no small one');
}

export function bare(etag: string | undefined): string {
  return (etag ?? '').replaceAll('"', '');
}

export function secondsOf(date: Date | undefined): number {
  return Math.floor((date?.getTime() ?? 0) / 1000);
}

function headOf({ headers }: Reply): Head {
  const own = 'x-amz-meta-';
  const metadata = Array.from(headers).filter(([name]) => name.startsWith(own));
  return {
    size: Number(headers.get('content-length') ?? 0),
    etag: bare(headers.get('etag')),
    storedS: secondsOf(new Date(headers.get('last-modified') ?? 0)),
    metadata: Object.fromEntries(metadata.map(([name, value]) => [name.slice(own.length), value])),
  };
}
