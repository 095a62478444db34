/**
 * A bucket of a store that speaks S3, by the AWS SDK: the only importer of it, loaded when an s3:// address is shared. Keys, region,
 * profile and endpoint come from where the SDK finds them: the AWS_… variables, ~/.aws, the machine's role. Worker threads.
 *
 * Bodies are signed with their SHA-256 by the SDK, so that nothing damaged on the way is stored; the checksums that newer SDKs
 * add to that are left out, as older stores refuse them.
 */

import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { Code, FerryError } from '@ferry/protocol';
import { bare, DirectBucket, declined, notSmall, secondsOf } from './direct-bucket.ts';
import type { Sent } from './direct-requests.ts';
import { brokenOff } from './http-connection.ts';
import type { Head, Metadata } from './metadata.ts';
import type {
  Abilities,
  ByteStream,
  Condition,
  ListPage,
  ListSpec,
  ObjectStore,
  Part,
  StoredPart,
} from './object-store.ts';
import { storeError } from './store-error.ts';
import { tryAbilities } from './try-abilities.ts';

/** Connections of one thread. More requests wait for one. */
const mostSockets = 128;
const connectMs = 5000;
/** A store that does not answer for so long is not waited for; completing a large upload takes some its time. */
const answerMs = 120_000;
const pageKeys = 1000;

type Answer = {
  readonly ContentLength?: number | undefined;
  readonly ETag?: string | undefined;
  readonly LastModified?: Date | undefined;
  readonly Metadata?: Record<string, string> | undefined;
};

export class AwsBucket implements ObjectStore {
  readonly #client: S3Client;
  readonly #direct: DirectBucket;
  readonly #bucket: string;
  /** One store compares etags with their quotes, another without. */
  #quotesEtags = true;

  constructor(bucket: string) {
    this.#bucket = bucket;
    this.#client = new S3Client({
      // with-retries.ts does that, for bodies that break off as well.
      maxAttempts: 1,
      // Stores of one's own have no host name for each bucket, and AWS takes this too; a profile may name either.
      forcePathStyle: true,
      ...regionOf(process.env),
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: {
        connectionTimeout: connectMs,
        requestTimeout: answerMs,
        httpAgent: { maxSockets: mostSockets, keepAlive: true },
        httpsAgent: { maxSockets: mostSockets, keepAlive: true },
        // Packs ask for more at once than there are sockets; that is meant.
        socketAcquisitionWarningTimeout: answerMs,
      },
    });
    const { config, middlewareStack } = this.#client;
    const nowMs = (): number => Date.now() + config.systemClockOffset;
    this.#direct = new DirectBucket({ keys: () => config.credentials(), nowMs }, bucket, {
      most: mostSockets,
    });
    middlewareStack.add(
      (next) => (args) => {
        this.#direct.learn(args.request as Sent);
        return next(args);
      },
      // When it is signed.
      { step: 'finalizeRequest', priority: 'low' },
    );
  }

  abilities(scratch: string): Promise<Abilities> {
    return tryAbilities(this, scratch, (quotes) => {
      this.#quotesEtags = quotes;
    });
  }

  async head(key: string): Promise<Head | undefined> {
    const found = await this.#direct.head(key);
    if (found !== declined) return found;
    try {
      return headOf(await this.#do(() => this.#client.send(new HeadObjectCommand(this.#at(key)))));
    } catch (error) {
      if (error instanceof FerryError && error.code === Code.NOT_FOUND) return undefined;
      throw error;
    }
  }

  async read(key: string, etag: string, offset: number, target: Uint8Array): Promise<void> {
    if (target.length === 0) return;
    const stream = await this.#direct.range(key, etag, offset, target.length);
    if (stream !== declined) {
      try {
        return await stream.read(target);
      } finally {
        stream.close();
      }
    }
    const range = `bytes=${offset}-${offset + target.length - 1}`;
    await this.#do(async () => {
      const order = { ...this.#at(key), Range: range, IfMatch: `"${etag}"` };
      const { Body } = await this.#client.send(new GetObjectCommand(order));
      let filled = 0;
      for await (const chunk of Body as AsyncIterable<Uint8Array>) {
        target.set(chunk.subarray(0, target.length - filled), filled);
        filled += chunk.length;
      }
      if (filled < target.length) throw brokenOff();
    });
  }

  stream(key: string, etag: string, offset: number, length: number): ByteStream {
    const asked = this.#direct.range(key, etag, offset, length);
    // Who reads hears of it.
    asked.catch(() => {});
    let at = 0;
    return {
      read: async (target) => {
        const stream = await asked;
        const isDirect = stream !== declined;
        await (isDirect ? stream.read(target) : this.read(key, etag, offset + at, target));
        at += target.length;
      },
      close: () => {
        asked.then(
          (stream) => stream !== declined && stream.close(),
          () => {},
        );
      },
    };
  }

  async get(key: string, most: number): Promise<{ head: Head; content: Buffer } | undefined> {
    const found = await this.#direct.get(key, most);
    if (found !== declined) return found;
    try {
      return await this.#do(async () => {
        const answer = await this.#client.send(new GetObjectCommand(this.#at(key)));
        const head = headOf(answer);
        if (head.size > most) {
          (answer.Body as { destroy?: () => void } | undefined)?.destroy?.();
          throw notSmall();
        }
        const chunks: Uint8Array[] = [];
        for await (const chunk of answer.Body as AsyncIterable<Uint8Array>) chunks.push(chunk);
        const content = Buffer.concat(chunks);
        if (content.length !== head.size) throw brokenOff();
        return { head, content };
      });
    } catch (error) {
      if (error instanceof FerryError && error.code === Code.NOT_FOUND) return undefined;
      throw error;
    }
  }

  async put(key: string, content: Uint8Array, metadata: Metadata, condition?: Condition): Promise<string> {
    const etag = await this.#direct.put(key, content, metadata, this.#on(condition));
    if (etag !== declined) return etag;
    const order = { ...this.#at(key), Body: content, Metadata: { ...metadata }, ...this.#on(condition) };
    const { ETag } = await this.#do(() => this.#client.send(new PutObjectCommand(order)));
    return bare(ETag);
  }

  async list({
    prefix,
    byFolder = false,
    from,
    most = pageKeys,
    after,
    signal,
  }: ListSpec): Promise<ListPage> {
    const order = {
      Bucket: this.#bucket,
      Prefix: prefix,
      MaxKeys: most,
      // XML cannot carry all that a key may hold.
      EncodingType: 'url',
      ...(byFolder ? { Delimiter: '/' } : {}),
      ...(from === undefined ? {} : { ContinuationToken: from }),
      ...(after === undefined ? {} : { StartAfter: after }),
    } as const;
    const opts = signal === undefined ? {} : { abortSignal: signal };
    const answer = await this.#do(() => this.#client.send(new ListObjectsV2Command(order), opts));
    return {
      objects: (answer.Contents ?? []).map(({ Key = '', Size = 0, ETag, LastModified }) => ({
        key: textOf(Key),
        size: Size,
        etag: bare(ETag),
        storedS: secondsOf(LastModified),
      })),
      prefixes: (answer.CommonPrefixes ?? []).map(({ Prefix = '' }) => textOf(Prefix)),
      next: answer.IsTruncated === true ? answer.NextContinuationToken : undefined,
    };
  }

  async remove(key: string): Promise<void> {
    await this.#do(() => this.#client.send(new DeleteObjectCommand(this.#at(key))));
  }

  async removeAll(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    const order = { Bucket: this.#bucket, Delete: { Objects: keys.map((Key) => ({ Key })), Quiet: true } };
    const { Errors } = await this.#do(() => this.#client.send(new DeleteObjectsCommand(order)));
    const [first] = Errors ?? [];
    if (first !== undefined) throw storeError({ name: first.Code, $metadata: { httpStatusCode: 403 } });
  }

  async copy(from: string, to: string, metadata?: Metadata): Promise<void> {
    const order = {
      ...this.#at(to),
      CopySource: this.#source(from),
      ...(metadata === undefined ? {} : { MetadataDirective: 'REPLACE' as const, Metadata: { ...metadata } }),
    };
    await this.#do(() => this.#client.send(new CopyObjectCommand(order)));
  }

  async begin(key: string, metadata: Metadata): Promise<string> {
    const order = { ...this.#at(key), Metadata: { ...metadata } };
    const { UploadId } = await this.#do(() => this.#client.send(new CreateMultipartUploadCommand(order)));
    if (UploadId === undefined) throw new FerryError(Code.IO_ERROR, 'the object storage began no upload');
    return UploadId;
  }

  async putPart(key: string, uploadId: string, number: number, content: Uint8Array): Promise<string> {
    const etag = await this.#direct.putPart(key, uploadId, number, content);
    if (etag !== declined) return etag;
    const order = { ...this.#at(key), UploadId: uploadId, PartNumber: number, Body: content };
    const { ETag } = await this.#do(() => this.#client.send(new UploadPartCommand(order)));
    return bare(ETag);
  }

  async copyPart(
    key: string,
    uploadId: string,
    number: number,
    source: { key: string; from: number; length: number },
  ): Promise<string> {
    const order = {
      ...this.#at(key),
      UploadId: uploadId,
      PartNumber: number,
      CopySource: this.#source(source.key),
      CopySourceRange: `bytes=${source.from}-${source.from + source.length - 1}`,
    };
    const { CopyPartResult } = await this.#do(() => this.#client.send(new UploadPartCopyCommand(order)));
    return bare(CopyPartResult?.ETag);
  }

  async parts(key: string, uploadId: string): Promise<readonly StoredPart[]> {
    const found: StoredPart[] = [];
    let from: string | undefined;
    do {
      const order = {
        ...this.#at(key),
        UploadId: uploadId,
        ...(from === undefined ? {} : { PartNumberMarker: from }),
      };
      const answer = await this.#do(() => this.#client.send(new ListPartsCommand(order)));
      for (const { PartNumber = 0, ETag, Size = 0 } of answer.Parts ?? []) {
        found.push({ number: PartNumber, etag: bare(ETag), size: Size });
      }
      from = answer.IsTruncated === true ? answer.NextPartNumberMarker : undefined;
    } while (from !== undefined);
    return found;
  }

  async complete(
    key: string,
    uploadId: string,
    parts: readonly Part[],
    condition?: Condition,
  ): Promise<void> {
    const order = {
      ...this.#at(key),
      UploadId: uploadId,
      MultipartUpload: { Parts: parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag })) },
      ...this.#on(condition),
    };
    await this.#do(() => this.#client.send(new CompleteMultipartUploadCommand(order)));
  }

  async abort(key: string, uploadId: string): Promise<void> {
    try {
      await this.#do(() =>
        this.#client.send(new AbortMultipartUploadCommand({ ...this.#at(key), UploadId: uploadId })),
      );
    } catch (error) {
      if (!(error instanceof FerryError) || error.code !== Code.NOT_FOUND) throw error;
    }
  }

  close(): void {
    this.#direct.close();
    this.#client.destroy();
  }

  #at(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#bucket, Key: key };
  }

  #source(key: string): string {
    return `${this.#bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;
  }

  #on(condition: Condition | undefined): { IfNoneMatch?: string; IfMatch?: string } {
    if (condition === undefined) return {};
    if ('absent' in condition) return { IfNoneMatch: '*' };
    return { IfMatch: this.#quotesEtags ? `"${condition.etag}"` : condition.etag };
  }

  async #do<T>(send: () => Promise<T>): Promise<T> {
    try {
      return await send();
    } catch (error) {
      throw storeError(error);
    }
  }
}

/** MinIO, Ceph and their like, which have no name of its own for each bucket. */
function hasOwnEndpoint(env: NodeJS.ProcessEnv): boolean {
  return env['AWS_ENDPOINT_URL_S3'] !== undefined || env['AWS_ENDPOINT_URL'] !== undefined;
}

/** Stores of one's own seldom have regions, and the SDK wants one. */
function regionOf(env: NodeJS.ProcessEnv): { readonly region?: string } {
  const isNamed = ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_PROFILE'].some((name) => env[name] !== undefined);
  return hasOwnEndpoint(env) && !isNamed ? { region: 'us-east-1' } : {};
}

function headOf({ ContentLength = 0, ETag, LastModified, Metadata: metadata = {} }: Answer): Head {
  return { size: ContentLength, etag: bare(ETag), storedS: secondsOf(LastModified), metadata };
}

/** A space may have come as `+`. */
function textOf(encoded: string): string {
  return decodeURIComponent(encoded.replaceAll('+', '%20'));
}
