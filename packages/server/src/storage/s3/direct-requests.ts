/**
 * The requests of which there are many (a file, a range, a part), without the SDK: it takes a millisecond of CPU for each, and a second
 * for each GiB that is read. Where to, and in which region, is learnt from what the SDK sends; whose keys, it says. What is not answered
 * as wished is to be asked of the SDK again, which knows all there is to know of errors, redirects and clocks that are wrong. Held by
 * direct-bucket.ts; worker threads.
 */

import { type Answer, type HttpConnection, type Place, Unfit } from './http-connection.ts';
import { HttpPool, type PoolOpts } from './http-pool.ts';
import { encoded, encodedKey, type Keys, type Order, signed } from './sign.ts';

export type DirectOrder = {
  readonly method: 'GET' | 'HEAD' | 'PUT';
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
};

/** What only the SDK knows. */
export type Account = {
  readonly keys: () => Promise<Keys>;
  /** As the store's clock has it. */
  readonly nowMs: () => number;
};

/** What the SDK sends, as far as it is looked at. */
export type Sent = {
  readonly protocol?: string;
  readonly hostname?: string;
  readonly port?: number | undefined;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

type Learnt = { readonly host: string; readonly path: string; readonly region: string };

/** The answer; to be closed, read or not. */
export class Reply {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly bytes: number;
  readonly #connection: HttpConnection;
  readonly #over: () => void;
  #isOver = false;

  constructor({ status, headers, bytes }: Answer, connection: HttpConnection, over: () => void) {
    this.status = status;
    this.headers = headers;
    this.bytes = bytes;
    this.#connection = connection;
    this.#over = over;
  }

  /** The next bytes of the body. @throws {FerryError} BUSY */
  async read(target: Uint8Array): Promise<void> {
    if (target.length > 0) await this.#connection.read(target);
  }

  /** Idempotent. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // A request that was refused may still be on its way.
    if (this.status >= 300) this.#connection.close();
    this.#over();
  }
}

export class DirectRequests {
  readonly #account: Account;
  readonly #bucket: string;
  readonly #opts: PoolOpts;
  #learnt: Learnt | undefined;
  #pool: HttpPool | undefined;

  constructor(account: Account, bucket: string, opts: PoolOpts) {
    this.#account = account;
    this.#bucket = bucket;
    this.#opts = opts;
  }

  /** Undefined: ask the SDK. @throws {FerryError} BUSY, and whatever the SDK throws that has no keys */
  async send({ method, key, query = {}, headers = {}, body }: DirectOrder): Promise<Reply | undefined> {
    const [learnt, pool] = [this.#learnt, this.#pool];
    if (learnt === undefined || pool === undefined) return undefined;
    const keys = await this.#account.keys();
    const order: Order = {
      method,
      path: `${learnt.path}/${encodedKey(key)}`,
      query: Object.entries(query).map(([name, value]) => [encoded(name), encoded(value)] as const),
      headers: { host: learnt.host, ...headers },
      body,
    };
    if (Object.values(headers).some((value) => !/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)))
      return undefined;
    const connection = await pool.take();
    try {
      const head = headOf(order, signed(order, keys, learnt.region, this.#account.nowMs()));
      const answer = await connection.ask(head, body, method === 'HEAD');
      return new Reply(answer, connection, () => pool.give(connection));
    } catch (error) {
      connection.close();
      pool.give(connection);
      if (error instanceof Unfit) return undefined;
      throw error;
    }
  }

  close(): void {
    this.#pool?.close();
  }

  /** A request of the SDK, signed. */
  learn({ protocol, hostname = '', port, path = '', headers = {} }: Sent): void {
    const [, region] =
      /^AWS4-HMAC-SHA256 Credential=[^,/]+\/[0-9]{8}\/([^,/]+)\/s3\/aws4_request,/.exec(
        headers['authorization'] ?? '',
      ) ?? [];
    const at = `${path}/`.indexOf(`/${this.#bucket}/`);
    if (this.#learnt !== undefined || region === undefined || at < 0 || hostname === '') return;
    const isSecure = protocol !== 'http:';
    // An IPv6 address stands in brackets in a URL and nowhere else.
    const place: Place = {
      isSecure,
      host: hostname.replace(/^\[(.+)\]$/, '$1'),
      port: port ?? (isSecure ? 443 : 80),
    };
    const host = port === undefined ? hostname : `${hostname}:${port}`;
    this.#learnt = { host, path: path.slice(0, at + 1 + this.#bucket.length), region };
    this.#pool = new HttpPool(place, this.#opts);
  }
}

function headOf({ method, path, query, body }: Order, headers: Readonly<Record<string, string>>): string {
  const asked = query.map(([name, value]) => `${name}=${value}`).join('&');
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = method === 'PUT' ? `content-length: ${body?.length ?? 0}\r\n` : '';
  return `${method} ${path}${asked === '' ? '' : `?${asked}`} HTTP/1.1\r\n${lines.join('')}user-agent: ferryd\r\n${length}\r\n`;
}
