/**
 * One connection to a store, one request after the other. Bodies go from the socket's one buffer straight to where they are wanted, and
 * no faster than they are wanted: nothing is allocated for what arrives. Node's own client makes a buffer and an event for every 64 KiB,
 * which for large files costs seven times as much. It knows what a store's answers need and nothing else: who gets an
 * {@link Unfit} answer asks by other means. Made by http-pool.ts; worker threads.
 */

import { connect, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectSecurely } from 'node:tls';
import { Code, FerryError } from '@ferry/protocol';
import { storeError } from './store-error.ts';

export type Place = { readonly isSecure: boolean; readonly host: string; readonly port: number };

export type Answer = {
  readonly status: number;
  /** By their names in small letters. */
  readonly headers: ReadonlyMap<string, string>;
  /** Of the body. */
  readonly bytes: number;
};

/** The answer is none that this understands. */
export class Unfit extends Error {}

const bufferBytes = 128 * 1024;
const mostHeadBytes = 32 * 1024;
const connectMs = 5000;
/** A store that says nothing for so long while it should is not waited for. */
const answerMs = 120_000;

type Waiter<T> = { readonly resolve: (value: T) => void; readonly reject: (error: unknown) => void };

export class HttpConnection {
  readonly #socket: Socket;
  readonly #isSecure: boolean;
  #asked: { readonly answer: Waiter<Answer>; readonly hasBody: boolean } | undefined;
  #head = '';
  /** Bytes of the body that nobody has. */
  #left = 0;
  #mayGoOn = true;
  #wanted: { readonly target: Uint8Array; filled: number; readonly done: Waiter<void> } | undefined;
  /** What came and is not wanted yet; the socket rests meanwhile. */
  #rest: Buffer = Buffer.alloc(0);
  #end: FerryError | undefined;

  constructor({ isSecure, host, port }: Place) {
    this.#isSecure = isSecure;
    const onread = {
      buffer: Buffer.allocUnsafeSlow(bufferBytes),
      callback: (bytes: number, buffer: Uint8Array) => this.#came(Buffer.from(buffer.buffer, 0, bytes)),
    };
    const opts = { host, port, onread };
    // It takes it as well, whatever its types say.
    this.#socket = isSecure
      ? connectSecurely({ ...opts, ...(isIP(host) === 0 && { servername: host }) } as ConnectionOptions)
      : connect(opts);
    const socket = this.#socket;
    socket.setNoDelay(true);
    socket.setTimeout(connectMs);
    socket.once(isSecure ? 'secureConnect' : 'connect', () => socket.setTimeout(answerMs));
    socket.on('timeout', () => {
      // Who takes nothing is not kept waiting.
      if (this.#asked !== undefined || this.#wanted !== undefined)
        socket.destroy(Object.assign(new Error('the store is silent'), { code: 'ETIMEDOUT' }));
    });
    socket.on('error', (error) => this.#over(storeError(error)));
    socket.on('end', () => socket.destroy());
    socket.on('close', () => this.#over(brokenOff()));
  }

  /** It can take another request. */
  get isIdle(): boolean {
    return this.#end === undefined && this.#mayGoOn && this.#asked === undefined && this.#left === 0;
  }

  /**
   * Sends a request; its body is then to be read to its end, or the connection closed. @param head ends with an empty line
   * @throws {FerryError} BUSY
   * @throws {Unfit}
   */
  ask(head: string, body: Uint8Array | undefined, isHead: boolean): Promise<Answer> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#asked = { answer: { resolve, reject }, hasBody: !isHead };
    this.#head = '';
    this.#socket.cork();
    this.#socket.write(head, 'latin1');
    if (body !== undefined && body.length > 0) this.#socket.write(body);
    this.#socket.uncork();
    return promise;
  }

  /** Fills `target`, which is no longer than what is left of the body. One call at a time. @throws {FerryError} BUSY */
  read(target: Uint8Array): Promise<void> {
    if (this.#end !== undefined && this.#rest.length < target.length) return Promise.reject(this.#end);
    if (target.length > this.#left) return Promise.reject(brokenOff());
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#wanted = { target, filled: 0, done: { resolve, reject } };
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    if (this.#came(rest) && this.#end === undefined) {
      this.#socket.setTimeout(answerMs);
      this.#socket.resume();
    }
    return promise;
  }

  close(): void {
    this.#socket.destroy();
    this.#over(brokenOff());
  }

  /** False: enough for now. */
  #came(more: Buffer): boolean {
    // What TLS has decrypted already comes after a "no" as well, into the same buffer.
    const bytes = this.#rest.length === 0 ? more : Buffer.concat([this.#rest, more]);
    let at = 0;
    if (this.#asked !== undefined) {
      at = this.#readHead(bytes);
      if (this.#asked !== undefined) return this.#end === undefined;
    }
    const wanted = this.#wanted;
    if (wanted !== undefined) {
      const count = Math.min(bytes.length - at, wanted.target.length - wanted.filled);
      wanted.target.set(bytes.subarray(at, at + count), wanted.filled);
      wanted.filled += count;
      this.#left -= count;
      at += count;
      if (wanted.filled === wanted.target.length) {
        this.#wanted = undefined;
        wanted.done.resolve();
      }
    }
    if (bytes.length - at > this.#left) {
      // More than was announced.
      this.close();
      return false;
    }
    this.#rest = this.#isSecure ? Buffer.from(bytes.subarray(at)) : bytes.subarray(at);
    // Between two requests it is read, to hear of the end.
    return this.#left === 0 || this.#wanted !== undefined;
  }

  /** How much of it belongs to the head. */
  #readHead(bytes: Buffer): number {
    const before = this.#head.length;
    this.#head += bytes.toString('latin1', 0, Math.min(bytes.length, mostHeadBytes));
    const end = this.#head.indexOf('\r\n\r\n', Math.max(0, before - 3));
    const asked = this.#asked;
    if (asked === undefined) return 0;
    if (end < 0) {
      if (this.#head.length >= mostHeadBytes) this.#refuse(asked.answer);
      return bytes.length;
    }
    const read = readAnswer(this.#head.slice(0, end), asked.hasBody);
    if (read === undefined) {
      this.#refuse(asked.answer);
      return bytes.length;
    }
    this.#asked = undefined;
    this.#head = '';
    this.#left = read.bytes;
    this.#mayGoOn = read.headers.get('connection')?.toLowerCase() !== 'close';
    asked.answer.resolve(read);
    return end + 4 - before;
  }

  #refuse({ reject }: Waiter<Answer>): void {
    this.#asked = undefined;
    reject(new Unfit('an answer of a kind that is not understood'));
    this.close();
  }

  #over(error: FerryError): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    this.#asked?.answer.reject(error);
    this.#wanted?.done.reject(error);
    this.#asked = undefined;
    this.#wanted = undefined;
  }
}

/** Undefined: it is no HTTP/1.1, or the body comes in a way that is not known here. */
function readAnswer(head: string, hasBody: boolean): Answer | undefined {
  const [first = '', ...lines] = head.split('\r\n');
  const status = Number(/^HTTP\/1\.1 ([2-5][0-9]{2})(?: |$)/.exec(first)?.[1]);
  if (!Number.isInteger(status)) return undefined;
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon <= 0) return undefined;
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  if (headers.has('transfer-encoding') || headers.has('content-encoding')) return undefined;
  const length = hasBody && status !== 204 ? headers.get('content-length') : '0';
  if (length === undefined || !/^[0-9]{1,15}$/.test(length)) return undefined;
  return { status, headers, bytes: Number(length) };
}

export function brokenOff(): FerryError {
  return new FerryError(Code.BUSY, 'the object storage broke off');
}
