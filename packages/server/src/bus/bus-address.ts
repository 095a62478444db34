/** Where the bus between servers is, and as whom a server comes to it: what `--bus` and `--bus-credentials` say. Pure; main thread. */

import { isIP } from 'node:net';
import { Code, FerryError } from '@ferry/protocol';

const defaultPort = 4222;
/** More are of no use: any node tells of the others. */
const mostNodes = 16;

export type BusCredentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  | { readonly kind: 'token'; readonly token: string }
  /** The whole text of a file as `nsc` makes it: a JWT and the seed of its key. */
  | { readonly kind: 'creds'; readonly text: string }
  | { readonly kind: 'seed'; readonly seed: string };

export type BusAddress = {
  /** `host:port` of some nodes of one NATS cluster, any of which will do. */
  readonly nodes: readonly string[];
  /** Nothing is said where a node speaks no TLS. */
  readonly tls: boolean;
  /** As the address has them. */
  readonly credentials: BusCredentials;
};

/** What a server has to know to come to the bus. */
export type BusConfig = BusAddress & {
  /** Servers of the same name belong together. */
  readonly name: string;
};

/**
 * `nats://[USER:PASSWORD@|TOKEN@]HOST[:PORT]`, with `tls://` for TLS; several with commas in between, of which each has the same scheme.
 * @throws {FerryError} USAGE, which repeats no secret
 */
export function parseBus(text: string): BusAddress {
  const parts = text.split(',').map(parseNode);
  const [first] = parts;
  if (first === undefined || parts.length > mostNodes) throw senseless();
  const { tls } = first;
  const credentials = parts.map((part) => part.credentials).find(({ kind }) => kind !== 'none');
  const isMixed = parts.some(
    (part) =>
      part.tls !== tls ||
      (part.credentials.kind !== 'none' && JSON.stringify(part.credentials) !== JSON.stringify(credentials)),
  );
  if (isMixed) throw new FerryError(Code.USAGE, '--bus wants the same scheme and credentials for every node');
  return { nodes: parts.map(({ node }) => node), tls, credentials: credentials ?? { kind: 'none' } };
}

function parseNode(text: string): { node: string; tls: boolean; credentials: BusCredentials } {
  const match =
    /^(?<scheme>nats|tls):\/\/(?:(?<who>[^@/]*)@)?(?:\[(?<v6>[^\]]+)\]|(?<host>[^:@/[\]]+))(?::(?<port>[0-9]{1,5}))?\/?$/.exec(
      text.trim(),
    );
  const { scheme, who, v6, host = '', port = `${defaultPort}` } = match?.groups ?? {};
  const isHost = v6 !== undefined ? isIP(v6) === 6 : /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(host);
  if (match === null || !isHost || Number(port) < 1 || Number(port) > 65535) throw senseless();
  const node = `${v6 === undefined ? host : `[${v6}]`}:${Number(port)}`;
  return { node, tls: scheme === 'tls', credentials: who === undefined ? { kind: 'none' } : parseWho(who) };
}

function parseWho(who: string): BusCredentials {
  const [first = '', ...more] = who.split(':');
  try {
    const [name, password] = [decodeURIComponent(first), decodeURIComponent(more.join(':'))];
    if (name === '') throw senseless();
    return more.length === 0 ? { kind: 'token', token: name } : { kind: 'password', user: name, password };
  } catch {
    throw senseless();
  }
}

/**
 * What a file of `--bus-credentials` says: what `nsc` makes, the seed of an nkey, `USER:PASSWORD`, or a token, on one line.
 * @throws {FerryError} CONFIG
 */
export function parseBusCredentials(text: string): BusCredentials {
  if (text.includes('-----BEGIN NATS USER JWT-----')) return { kind: 'creds', text };
  const line = text.trim();
  if (line === '' || /[\r\n]/.test(line)) {
    throw new FerryError(
      Code.CONFIG,
      'the file of --bus-credentials holds none: it wants what nsc makes, a seed, USER:PASSWORD or a token',
    );
  }
  if (/^SU[A-Z2-7]{56}$/.test(line)) return { kind: 'seed', seed: line };
  const colon = line.indexOf(':');
  return colon < 0
    ? { kind: 'token', token: line }
    : { kind: 'password', user: line.slice(0, colon), password: line.slice(colon + 1) };
}

/** Part of the subjects on the bus. @throws {FerryError} USAGE */
export function parseBusName(text: string): string {
  if (/^[a-z0-9-]{1,32}$/.test(text)) return text;
  throw new FerryError(Code.USAGE, '--bus-name wants 1 to 32 small letters, digits and hyphens');
}

/** Every node is on this very machine. */
export function isLocalBus({ nodes }: BusAddress): boolean {
  return nodes.every((node) => /^(127\.[0-9.]+|\[::1\]|localhost):[0-9]+$/.test(node));
}

function senseless(): FerryError {
  return new FerryError(
    Code.USAGE,
    '--bus wants nats://HOST:PORT, or tls://; several with commas in between',
  );
}
