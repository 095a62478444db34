/**
 * Addresses and invites as people type and paste them. Pure; both programs.
 *
 *   ferry://[user@]host[:port][/path]                    an address
 *   ferry://host:port[/path]#<fingerprint>.<token>       an invite: trust and access in one paste
 *   ferry://share.<id>@host:port/#<fingerprint>.<token>  the same for a share
 *
 * The token is base64url of 16 bytes and a CRC-32 of them, so that a cut-off paste is noticed before it is sent anywhere.
 */

import { isIP } from 'node:net';
import { crc32 } from 'node:zlib';
import { Code, FerryError } from '../errors.ts';
import { limits } from '../limits.ts';
import { tokenBytes } from '../messages/hello.ts';
import { bytesOf, type Path, pathFromText } from '../path.ts';
import { type Fingerprint, parseFingerprint } from './fingerprint.ts';

export const defaultPort = 7377;

/** What the user in a share's address begins with. To each such user a client shows a device key of its own. */
export const shareUserPrefix = 'share.';

export type Address = {
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly path: Path;
  /** Present in an invite. */
  readonly invite: { readonly fingerprint: Fingerprint; readonly token: Uint8Array } | undefined;
};

const form =
  /^ferry:\/\/(?:(?<user>[^@/#]*)@)?(?<host>\[[^\]/#]*\]|[^:/#@]*)(?::(?<port>[0-9]{1,5}))?(?<path>\/[^#]*)?(?:#(?<invite>.*))?$/s;

function bad(why: string): FerryError {
  return new FerryError(Code.USAGE, `that is not an address: ${why}`);
}

/** @throws {FerryError} USAGE, and NAME_… for its path */
export function parseAddress(text: string): Address {
  if (text.length > limits.pathBytes + limits.inviteBytes) throw bad('it is too long');
  const groups = form.exec(text.trim())?.groups;
  if (groups === undefined) throw bad('expected ferry://host[:port][/path]');
  const host = (groups['host'] ?? '').replace(/^\[|\]$/g, '');
  if (host === '' || !(isIP(host) > 0 || /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(host))) {
    throw bad('the host is missing or has characters that no host has');
  }
  const port = groups['port'] === undefined ? defaultPort : Number(groups['port']);
  if (port < 1 || port > 65535) throw bad('a port is a number from 1 to 65535');
  return {
    host,
    port,
    user: groups['user'],
    // Typed as it is: nothing is percent-decoded, a file may be called `%2e`.
    path: pathFromText(groups['path'] ?? ''),
    invite: groups['invite'] === undefined ? undefined : parseInvite(groups['invite']),
  };
}

function parseInvite(text: string): { fingerprint: Fingerprint; token: Uint8Array } {
  const [first = '', second = ''] = text.split('.');
  const fingerprint = parseFingerprint(first);
  const raw = Buffer.from(second, 'base64url');
  if (fingerprint === undefined || raw.length !== tokenBytes + 4) throw bad('the invite is not complete');
  const token = raw.subarray(0, tokenBytes);
  if (raw.readUInt32BE(tokenBytes) !== crc32(token)) throw bad('the invite has a typing error');
  return { fingerprint, token };
}

export function isAddress(text: string): boolean {
  return text.startsWith('ferry://');
}

export function hostPort({ host, port }: { host: string; port: number }): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

export function formatInvite(
  where: { host: string; port: number; user?: string; path?: Path },
  fingerprint: Fingerprint,
  token: Uint8Array,
): string {
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(token));
  const secret = Buffer.concat([token, check]).toString('base64url');
  const path = bytesOf((where.path ?? []).join('/')).toString('utf8');
  const user = where.user === undefined ? '' : `${where.user}@`;
  return `ferry://${user}${hostPort(where)}/${path}#${fingerprint.replaceAll('-', '')}.${secret}`;
}
