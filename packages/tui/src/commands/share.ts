/** `ferry share`, `shares` and `unshare`: files for people without an account, and an end to that. */

import { Code, FerryError, limits, show } from '@ferry/protocol';
import { hostPort, parseAddress } from '@ferry/protocol/session';
import { endOwnShare, makeShare, sharesOf } from '../client/shares.ts';
import { longestShareMs, type OwnShare, spanOf } from '../engine/server-shares.ts';
import type { ConnectOptions } from './connect.ts';
import { ExitCode } from './exit-code.ts';
import { addressesOf, withSession } from './open-session.ts';
import { jsonPath, toJsonLine } from './printer-json.ts';
import { shownPath } from './printer-text.ts';

export type ShareOptions = ConnectOptions & {
  readonly until?: string;
  readonly downloads?: string;
  readonly dropBox?: boolean;
  readonly address?: string;
  readonly json?: boolean;
};

const defaultUntil = '7d';
/** So much of an id is shown, and so little may be typed. */
const shownDigits = 8;
const leastDigits = 4;

/** `ferry share ADDRESS/PATH...`: prints the line that lets in. */
export function shareFiles(args: readonly string[], options: ShareOptions): Promise<ExitCode> {
  const addresses = addressesOf('share', args);
  const forMs = parseUntil(options.until ?? defaultUntil, Date.now());
  const downloads = options.downloads === undefined ? undefined : parseDownloads(options.downloads);
  const kind = options.dropBox === true ? 'drop' : 'read';
  if (kind === 'drop' && (addresses.length > 1 || downloads !== undefined)) {
    throw new FerryError(Code.USAGE, '--drop-box wants one folder, and nobody downloads from it');
  }
  const at = options.address === undefined ? undefined : parseAddress(`ferry://${options.address}`);
  return withSession(args[0] ?? '', options, async ({ session, signal }) => {
    const paths = addresses.map(({ path }) => path);
    const made = await makeShare(session, { kind, paths, forMs, downloads, at }, { signal });
    const until = new Date(made.expiresMs).toISOString();
    if (options.json === true) {
      process.stdout.write(toJsonLine({ event: 'shared', id: made.id, invite: made.invite, until }));
      return ExitCode.done;
    }
    process.stdout.write(`ferry '${made.invite}'\n`);
    const server = `ferry://${hostPort(session.address)}`;
    process.stderr.write(
      `good until ${minute(made.expiresMs)}; ends with: ferry unshare ${server} ${made.id.slice(0, shownDigits)}\n`,
    );
    if (made.isOnlyHere) {
      const { host } = at ?? session.address;
      process.stderr.write(`${host} is this machine alone: give --address HOST:PORT for others\n`);
    }
    return ExitCode.done;
  });
}

/** `ferry shares ADDRESS`: the newest first. */
export function listOwnShares(address: string, options: ShareOptions): Promise<ExitCode> {
  return withSession(address, options, async ({ session, signal }) => {
    for (const one of await sharesOf(session, { signal })) {
      process.stdout.write(options.json === true ? jsonLine(one) : `${textLine(one)}\n`);
    }
    return ExitCode.done;
  });
}

/** `ferry unshare ADDRESS ID...`: who uses them is out at once. */
export function endShares(address: string, ids: readonly string[], options: ShareOptions): Promise<ExitCode> {
  return withSession(address, options, async ({ session, signal }) => {
    const all = await sharesOf(session, { signal });
    for (const { id } of ids.map((text) => theOne(all, text))) {
      await endOwnShare(session, id, { signal });
      if (options.json === true) process.stdout.write(toJsonLine({ event: 'unshared', id }));
      else process.stderr.write(`${id.slice(0, shownDigits)} is over\n`);
    }
    return ExitCode.done;
  });
}

/** @throws {FerryError} USAGE for what is no beginning of one id; NOT_FOUND */
function theOne(all: readonly OwnShare[], text: string): OwnShare {
  if (!/^[0-9a-f]+$/.test(text) || text.length < leastDigits) {
    throw new FerryError(Code.USAGE, `${show(text)} is no id: give those that ferry shares shows`);
  }
  const [found, second] = all.filter(({ id }) => id.startsWith(text));
  if (found === undefined) throw new FerryError(Code.NOT_FOUND, `you have no share ${text}`);
  if (second !== undefined) {
    throw new FerryError(Code.USAGE, `several ids begin with ${text}: give more of it`);
  }
  return found;
}

function textLine({ id, kind, paths, pathCount, expiresMs, downloads, verified, devices }: OwnShare): string {
  const [first = []] = paths;
  const more = pathCount > 1 ? ` and ${pathCount - 1} more` : '';
  const came = `${devices} ${devices === 1 ? 'device' : 'devices'}`;
  const arrived =
    kind === 'drop'
      ? 'drop box'
      : `${verified} downloaded${downloads === undefined ? '' : `, at most ${downloads} of each`}`;
  return `${id.slice(0, shownDigits)}  until ${minute(expiresMs)}  ${came}, ${arrived}  /${shownPath(first)}${more}`;
}

function jsonLine({ id, kind, paths, sinceMs, expiresMs, ...rest }: OwnShare): string {
  return toJsonLine({
    id,
    kind,
    paths: paths.map(jsonPath),
    since: new Date(sinceMs).toISOString(),
    until: new Date(expiresMs).toISOString(),
    ...rest,
  });
}

function parseDownloads(text: string): number {
  const count = /^[0-9]{1,9}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= limits.shareDownloads) return count;
  throw new FerryError(Code.USAGE, `--downloads wants a whole number from 1 to ${limits.shareDownloads}`);
}

/** How long it is until then, milliseconds. @throws {FerryError} USAGE */
function parseUntil(text: string, nowMs: number): number {
  const ms = spanOf(text) ?? Math.round(Date.parse(text) - nowMs);
  if (ms >= 1 && ms <= longestShareMs) return ms;
  throw new FerryError(
    Code.USAGE,
    '--until wants a time to come, of at most ten years: 90m, 12h, 7d, 4w, or a date as 2027-05-31',
  );
}

function minute(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
