/**
 * A TLS socket as a link, on either side; I/O threads. The only file of this package that imports node:net or node:tls.
 *
 * Client identity is decided by the caller inside `secure`, synchronously, before the first application byte can be written.
 */

import type { X509Certificate } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import {
  type ConnectionOptions,
  connect,
  type SecureContext,
  TLSSocket,
  type TLSSocketOptions,
} from 'node:tls';
import { Code, FerryError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Link, LinkReader } from './link.ts';
import { type Onread, onreadOf, readInto } from './read-into.ts';

const exporterBytes = 32;

/** Delivery that can be set up before anyone listens, as it must be when the socket is made. */
class Inlet {
  reader: LinkReader | undefined;
  paused = false;
  /** What arrived before `start`; at most one read, because the first one stops reading. */
  early: Buffer[] = [];

  /** @returns whether more is wanted now */
  take(bytes: Buffer): boolean {
    if (this.reader === undefined) {
      this.early.push(Buffer.from(bytes));
      return false;
    }
    this.reader.onData(bytes);
    return !this.paused;
  }
}

type Peer = { readonly host: string; readonly port: number };

function peerOf({ remoteAddress = '?', remotePort = 0 }: Socket): Peer {
  return { host: remoteAddress, port: remotePort };
}

class SocketLink implements Link {
  readonly peer: string;
  readonly #socket: TLSSocket;
  readonly #inlet: Inlet;
  #ended = false;
  #error: FerryError | undefined;

  constructor(socket: TLSSocket, inlet: Inlet, from: Peer = peerOf(socket)) {
    this.#socket = socket;
    this.#inlet = inlet;
    this.peer = isIP(from.host) === 6 ? `[${from.host}]:${from.port}` : `${from.host}:${from.port}`;
    socket.setNoDelay(true);
    // Not only once somebody listens: what comes right behind the handshake may be damaged, too.
    socket.on('error', (cause) => {
      this.#error ??= new FerryError(Code.CONNECTION_LOST, 'the connection was lost', { cause });
      // TLS tells of a damaged record and leaves the socket open.
      socket.destroy();
    });
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  start(reader: LinkReader): void {
    const socket = this.#socket;
    this.#inlet.reader = reader;
    socket.on('drain', () => {
      if (!this.#ended) reader.onDrain();
    });
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      this.#ended = true;
      reader.onEnd(this.#error);
    });
    if (socket.destroyed) {
      this.#ended = true;
      process.nextTick(() => reader.onEnd(this.#error));
      return;
    }
    for (const bytes of this.#inlet.early.splice(0)) reader.onData(bytes);
    if (!this.#inlet.paused) socket.resume();
  }

  send(bytes: Uint8Array, sent?: () => void): boolean {
    if (this.#ended || !this.#socket.writable) return true;
    return this.#socket.write(bytes, (error) => {
      if (sent !== undefined && (error === null || error === undefined)) sent();
    });
  }

  pause(): void {
    this.#inlet.paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#inlet.paused = false;
    this.#socket.resume();
  }

  close(): void {
    this.#socket.end();
  }

  abort(error: FerryError): void {
    if (this.#ended) return;
    this.#error ??= error;
    this.#socket.destroy();
  }

  exportKey(label: string): Buffer {
    return this.#socket.exportKeyingMaterial(exporterBytes, label, Buffer.alloc(0));
  }
}

export type DialOpts = {
  host: string;
  port: number;
  /** The address of this machine to come from; default: as the system chooses. */
  localAddress?: string;
  /**
   * Decides on the server's public key (SPKI, DER). Called synchronously inside the handshake's end, before any byte of
   * ours is sent; throws to refuse. An empty key (resumed session) never gets here: it is refused as PIN_MISMATCH.
   * `names` are the certificate's alternative names, in which keys before this one may vouch for it.
   */
  check: (spki: Buffer, names: string | undefined) => void;
  /** Somebody is there: the handshake begins. */
  onConnected?: () => void;
  signal?: AbortSignal;
};

/** A connection that nobody answers is begun once more beside itself this often, milliseconds. */
const againMs = 1000;

/**
 * Opens a TLS 1.3 connection and checks who answers. A cancelled or failed call leaves no socket.
 *
 * The system asks again after 1, 3, 7 s …; while nobody has answered, another socket asks each second, and the first that
 * is answered is the one: so who comes back is found within a second.
 * @throws {FerryError} CONNECT_FAILED, TIMEOUT (its cause says ETIMEDOUT where nobody answered at all), CANCELLED, or what
 *   `check` throws
 */
export function dial(opts: DialOpts): Promise<Link> {
  return new Promise<Link>((resolve, reject) => {
    const asking = new Set<TLSSocket>();
    const addresses = isIP(opts.host) === 0 ? [] : [opts.host];
    let asked = 0;
    let isAnswered = false;
    const leave = (): void => {
      clearTimeout(timer);
      clearInterval(again);
      opts.signal?.removeEventListener('abort', onAbort);
    };
    const fail = (error: FerryError): void => {
      leave();
      for (const socket of asking) socket.destroy();
      asking.clear();
      reject(error);
    };
    const onAbort = (): void => fail(new FerryError(Code.CANCELLED, 'cancelled'));
    const ask = (host: string): void => {
      asked += 1;
      const inlet = new Inlet();
      const socket = connect(dialOptions({ ...opts, host }, inlet));
      asking.add(socket);
      // Those that are not wanted any more say nothing.
      const ifWanted = (then: () => void): void => {
        if (asking.has(socket)) then();
      };
      socket.on('lookup', (_, address: string) => addresses.push(address));
      socket.on('error', (cause: NodeJS.ErrnoException) => ifWanted(() => fail(dialError(opts, cause))));
      socket.once('connect', () =>
        ifWanted(() => {
          isAnswered = true;
          opts.onConnected?.();
          clearInterval(again);
          for (const other of asking) if (other !== socket) other.destroy();
          asking.clear();
          asking.add(socket);
        }),
      );
      socket.once('secureConnect', () =>
        ifWanted(() => {
          const wrong = refusal(opts, socket);
          if (wrong !== undefined) {
            fail(wrong);
            return;
          }
          leave();
          socket.removeAllListeners('error');
          resolve(new SocketLink(socket, inlet));
        }),
      );
    };
    const timer = setTimeout(() => {
      const unheard = Object.assign(new Error('nobody answers'), { code: 'ETIMEDOUT' });
      const why = isAnswered ? {} : { cause: unheard };
      fail(new FerryError(Code.TIMEOUT, `no answer from ${opts.host}:${opts.port}`, why));
    }, limits.handshakeMs);
    // By number: who knows the names may be out of reach as well, and cannot be asked without end.
    const again = setInterval(() => {
      const next = addresses[asked % addresses.length];
      if (next !== undefined) ask(next);
    }, againMs);
    opts.signal?.addEventListener('abort', onAbort, { once: true });
    if (opts.signal?.aborted === true) onAbort();
    else ask(opts.host);
  });
}

function dialOptions(
  { host, port, localAddress }: DialOpts,
  inlet: Inlet,
): ConnectionOptions & { onread: Onread; highWaterMark: number } {
  // No `session`, no `servername`: an address is what the user typed, and identity is the pinned key alone.
  return {
    host,
    port,
    ...(localAddress === undefined ? {} : { localAddress }),
    minVersion: 'TLSv1.3',
    rejectUnauthorized: false,
    ALPNProtocols: ['ferry/1'],
    highWaterMark: limits.linkBufferBytes,
    onread: onreadOf((bytes) => inlet.take(bytes)),
  };
}

/** Why this is not who was wanted. */
function refusal({ check }: DialOpts, socket: TLSSocket): FerryError | undefined {
  try {
    const certificate = peerCertificate(socket);
    check(certificate.publicKey.export({ type: 'spki', format: 'der' }), certificate.subjectAltName);
    return undefined;
  } catch (error) {
    if (error instanceof FerryError) return error;
    return new FerryError(Code.PIN_MISMATCH, 'the server could not be checked', { cause: error });
  }
}

function peerCertificate(socket: TLSSocket): X509Certificate {
  const x509 = socket.getPeerX509Certificate();
  if (x509 === undefined || socket.isSessionReused()) {
    throw new FerryError(Code.PIN_MISMATCH, 'the server showed no identity');
  }
  return x509;
}

function dialError({ host, port }: DialOpts, cause: NodeJS.ErrnoException): FerryError {
  const where = `${host}:${port}`;
  switch (cause.code) {
    case 'ECONNREFUSED':
      return new FerryError(Code.CONNECT_FAILED, `nothing answers at ${where}`, { cause });
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new FerryError(Code.CONNECT_FAILED, `there is no host called ${host}`, { cause });
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
      return new FerryError(Code.CONNECT_FAILED, `${where} cannot be reached`, { cause });
    case 'ECONNRESET':
    case 'EPIPE':
      return new FerryError(Code.CONNECT_FAILED, `${where} closed the connection before it was secured`, {
        cause,
      });
    default:
      return new FerryError(Code.CONNECT_FAILED, `what answers at ${where} is not a ferry server`, { cause });
  }
}

export type AcceptOpts = {
  /** It gives up then; default: limits.handshakeMs. */
  readonly withinMs?: number;
  /** Whose connection it is, where somebody has passed it on; default: the socket's other end. */
  readonly from?: Peer;
};

/**
 * The server's half: TLS over an accepted socket, of which bytes may have been read already (they lie in its buffer).
 * @throws {FerryError} TIMEOUT, CONNECTION_LOST (a peer that speaks no TLS 1.3)
 */
export function acceptTls(
  socket: Socket,
  secureContext: SecureContext,
  { withinMs = limits.handshakeMs, from = peerOf(socket) }: AcceptOpts = {},
): Promise<Link> {
  const inlet = new Inlet();
  const options: TLSSocketOptions & { highWaterMark: number } = {
    isServer: true,
    secureContext,
    ALPNProtocols: ['ferry/1'],
    highWaterMark: limits.linkBufferBytes,
  };
  const tls = new TLSSocket(socket, options);
  readInto(tls, (bytes) => inlet.take(bytes));
  return new Promise<Link>((resolve, reject) => {
    const fail = (error: FerryError): void => {
      clearTimeout(timer);
      tls.destroy();
      reject(error);
    };
    const timer = setTimeout(
      () => fail(new FerryError(Code.TIMEOUT, 'the TLS handshake took too long')),
      withinMs,
    );
    tls.on('error', (cause) =>
      fail(new FerryError(Code.CONNECTION_LOST, 'the TLS handshake failed', { cause })),
    );
    tls.once('close', () => fail(new FerryError(Code.CONNECTION_LOST, 'closed during the TLS handshake')));
    tls.once('secure', () => {
      clearTimeout(timer);
      tls.removeAllListeners('error');
      tls.removeAllListeners('close');
      resolve(new SocketLink(tls, inlet, from));
    });
  });
}
