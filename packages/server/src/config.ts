/**
 * What the owner asked for, as checked values: places of files, listen addresses, durations. Pure; main thread.
 */

import { createHash } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import { join } from 'node:path';
import { Code, FerryError } from '@ferry/protocol';
import type { BusConfig } from './bus/bus-address.ts';

export const defaultPort = 7377;

/** Whether people without an account get in, and what they may do then. */
export type OpenTo = 'nobody' | 'readers' | 'everybody';

export type ListenAddress = {
  /** An IP address or a host name, without brackets. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** One of the defaults, which may be missing where the machine speaks only one of IPv4 and IPv6. */
  readonly optional: boolean;
};

export type AuditConfig = {
  /** Absolute. */
  readonly file: string;
  /** A larger one is put aside. */
  readonly mostBytes: number | undefined;
  /** A server that cannot write it goes down. */
  readonly orStop: boolean;
};

export type ServeConfig = {
  /** An absolute path, or s3://BUCKET/PREFIX. */
  readonly folder: string;
  readonly listen: readonly ListenAddress[];
  readonly openTo: OpenTo;
  readonly threads: number;
  /** Tells people whom files belong to, and sets it where it runs as root. */
  readonly keepsOwners: boolean;
  /** What is overwritten goes to the trash. */
  readonly keepsOld: boolean;
  /** Folders that somebody looks at are read every two seconds, whatever the system could say of them. */
  readonly polls: boolean;
  /** People may talk with each other. */
  readonly chat: boolean;
  /** Balancers, which say first of each connection whose it is (PROXY protocol, version 2). */
  readonly behind: BlockList;
  readonly jsonLog: boolean;
  /** On a terminal, a screen shows what it does. */
  readonly watch: boolean;
  /** Where what people do is written down; undefined: nowhere. */
  readonly audit: AuditConfig | undefined;
  /** Where other servers of the same files are found; undefined: this one is alone. */
  readonly bus: BusConfig | undefined;
  /** Where figures are told; undefined: nowhere. */
  readonly metrics: ListenAddress | undefined;
};

/** Where this user's ferryd keeps its files. One identity and one list of accounts per user, whatever is shared. */
export type Places = {
  readonly identityFile: string;
  readonly accessFile: string;
  /** One file for each shared folder. */
  readonly contentsFolder: string;
  /** One file for each shared folder: what was said there. */
  readonly chatFolder: string;
  /** `host:port` that the server started last can be reached at; read by `ferryd invite`. */
  readonly addressFile: string;
  /** A socket for each server that runs; asked by `ferryd status`. */
  readonly statusFolder: string;
};

/** Of each shared folder its own. */
export function contentsFileOf({ contentsFolder }: Places, folder: string): string {
  return join(contentsFolder, `${tagOf(folder)}.db`);
}

/** Of each shared folder its own. */
export function chatFileOf({ chatFolder }: Places, folder: string): string {
  return join(chatFolder, `${tagOf(folder)}.db`);
}

function tagOf(folder: string): string {
  return createHash('sha256').update(folder).digest('hex').slice(0, 16);
}

/** As XDG says: a relative or empty variable counts as missing. */
export function placesOf(env: NodeJS.ProcessEnv, home: string): Places {
  const base = (variable: string, fallback: string): string => {
    const value = env[variable];
    return join(value?.startsWith('/') ? value : join(home, fallback), 'ferryd');
  };
  const data = base('XDG_DATA_HOME', '.local/share');
  const state = base('XDG_STATE_HOME', '.local/state');
  return {
    identityFile: join(data, 'identity.pem'),
    accessFile: join(state, 'access.db'),
    contentsFolder: join(state, 'contents'),
    chatFolder: join(state, 'chat'),
    addressFile: join(state, 'address'),
    statusFolder: join(state, 'running'),
  };
}

export const defaultListen: readonly ListenAddress[] = [
  { host: '0.0.0.0', port: defaultPort, optional: true },
  { host: '::', port: defaultPort, optional: true },
];

/** `HOST:PORT`, `[IPV6]:PORT`, `HOST` or `:PORT`. @throws {FerryError} USAGE */
export function parseListen(text: string, option = '--listen'): ListenAddress {
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<host>[^:[\]]*))(?::(?<port>[0-9]{1,5}))?$/.exec(text);
  const host = match?.groups?.['v6'] ?? (match?.groups?.['host'] || '0.0.0.0');
  const port = Number(match?.groups?.['port'] ?? defaultPort);
  const isHost =
    match?.groups?.['v6'] !== undefined
      ? isIP(host) === 6
      : isIP(host) > 0 || /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(host);
  if (match === null || !isHost || port > 65535) {
    throw new FerryError(Code.USAGE, `${option} wants HOST:PORT, for example 0.0.0.0:7377 or [::1]:0`);
  }
  return { host, port, optional: false };
}

/**
 * As parseListen; without a host it is this machine alone. Figures are told to whoever asks, so other machines only hear them where
 * that was said.
 * @throws {FerryError} USAGE
 */
export function parseMetrics(text: string, isPublic: boolean): ListenAddress {
  if (!/:[0-9]+$/.test(text)) {
    throw new FerryError(Code.USAGE, '--metrics wants HOST:PORT, for example 127.0.0.1:9377');
  }
  const address = parseListen(text.startsWith(':') ? `127.0.0.1${text}` : text, '--metrics');
  if (isPublic || isLoopback(address.host)) return address;
  throw new FerryError(
    Code.USAGE,
    `everybody who reaches ${text} could read the figures: say --metrics-public if that is meant`,
  );
}

/** Addresses and networks: `10.0.0.5`, `10.0.0.0/24`, `fd00::/64`. @throws {FerryError} USAGE */
export function parseBehind(texts: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of texts) {
    const [, address = '', bits] = /^([^/]*)(?:\/([0-9]{1,3}))?$/.exec(text) ?? [];
    const version = isIP(address);
    const all = version === 6 ? 128 : 32;
    if (version === 0 || Number(bits ?? all) > all) {
      throw new FerryError(
        Code.USAGE,
        '--behind wants an address or a network, such as 10.0.0.5 or 10.0.0.0/24',
      );
    }
    list.addSubnet(address, Number(bits ?? all), version === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** @throws {FerryError} USAGE */
export function parseOpenTo(value: string | undefined): OpenTo {
  if (value === undefined) return 'nobody';
  if (value === 'everybody') return 'everybody';
  if (value === 'read-only') return 'readers';
  throw new FerryError(Code.USAGE, 'write --open, or --open=read-only');
}

/** A whole number from 1 to `high`. @throws {FerryError} USAGE */
export function parseCount(option: string, text: string, high: number): number {
  const count = /^[0-9]{1,9}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= high) return count;
  throw new FerryError(Code.USAGE, `${option} wants a whole number from 1 to ${high}`);
}

const unitMs: ReadonlyMap<string, number> = new Map([
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);
const longestMs = 3650 * 86_400_000;

/** `30m`, `72h` or `7d` in milliseconds. @throws {FerryError} USAGE */
export function parseDuration(option: string, text: string): number {
  const [, count = '', unit = ''] = /^([0-9]{1,6})([mhd])$/.exec(text) ?? [];
  const ms = Number(count) * (unitMs.get(unit) ?? 0);
  if (ms > 0 && ms <= longestMs) return ms;
  throw new FerryError(Code.USAGE, `${option} wants a time such as 30m, 72h or 7d`);
}
