/** `ferry admin …`: what `ferryd user`, `invite`, `devices` and `kick` do, from afar and for owners. */

import { readFileSync } from 'node:fs';
import { Code, FerryError, show, showName } from '@ferry/protocol';
import type { AccountRow, AccountWords, DeviceRow, InviteRow, VisitRow } from '@ferry/protocol/messages';
import { nothingSaid } from '@ferry/protocol/messages';
import { parseAddress } from '@ferry/protocol/session';
import { day, minute, table } from '@ferry/protocol/terminal/table';
import prettyBytes from 'pretty-bytes';
import { listOf, makeInvite, setAccount, takeBack } from '../client/admin.ts';
import { spanOf } from '../engine/server-shares.ts';
import type { ConnectOptions } from './connect.ts';
import { ExitCode } from './exit-code.ts';
import { withSession } from './open-session.ts';
import { jsonPath, toJsonLine } from './printer-json.ts';

export type AdminOptions = ConnectOptions & {
  readonly role?: string;
  readonly path?: string;
  readonly rule?: readonly string[];
  /** `--no-rules` makes it false. */
  readonly rules?: boolean;
  readonly expires?: string;
  readonly quota?: string;
  readonly quotaFiles?: string;
  readonly down?: string;
  readonly up?: string;
  readonly key?: string;
  readonly trash?: string;
  readonly user?: string;
  readonly uses?: string;
  readonly address?: string;
  readonly remove?: string;
  readonly json?: boolean;
};

/** `ferry admin users|devices|invites|sessions ADDRESS` */
export function listAdmin(
  what: 'users' | 'devices' | 'invites' | 'sessions',
  address: string,
  options: AdminOptions,
): Promise<ExitCode> {
  return withSession(address, options, async ({ session, signal }) => {
    const opts = { signal };
    if (options.remove !== undefined && (what === 'devices' || what === 'invites')) {
      const user = await takeBack(session, what === 'devices' ? 'device' : 'invite', options.remove, opts);
      say(options, 'removed', show(user), `${show(options.remove)} of ${show(user)} is worthless now`);
      return ExitCode.done;
    }
    switch (what) {
      case 'users':
        print(options, await listOf(session, what, opts), accountJson, users);
        break;
      case 'devices':
        print(options, await listOf(session, what, opts), plain, devices);
        break;
      case 'invites':
        print(options, await listOf(session, what, opts), plain, invites);
        break;
      case 'sessions':
        print(options, await listOf(session, what, opts), plain, sessions);
    }
    return ExitCode.done;
  });
}

/** `ferry admin add|set ADDRESS NAME …` */
export function setAdmin(
  isNew: boolean,
  address: string,
  user: string,
  options: AdminOptions,
): Promise<ExitCode> {
  const words = wordsOf(options);
  return withSession(address, options, async ({ session, signal }) => {
    await setAccount(session, { user, isNew, words }, { signal });
    say(options, isNew ? 'added' : 'changed', show(user), `${show(user)} is ${isNew ? 'added' : 'changed'}`);
    return ExitCode.done;
  });
}

/** `ferry admin invite ADDRESS …`: prints the line that lets in. */
export function inviteAdmin(address: string, options: AdminOptions): Promise<ExitCode> {
  const { expires, ...settings } = options;
  const forMs = spanOf(expires ?? '72h');
  if (forMs === undefined) throw new FerryError(Code.USAGE, '--expires wants a time such as 30m, 72h or 7d');
  const uses = /^[0-9]{1,6}$/.test(options.uses ?? '1') ? Number(options.uses ?? '1') : 0;
  if (uses < 1) throw new FerryError(Code.USAGE, '--uses wants a whole number from 1 to 999999');
  const at = options.address === undefined ? undefined : parseAddress(`ferry://${options.address}`);
  const wish = { user: options.user, words: wordsOf(settings), forMs, uses, at };
  return withSession(address, options, async ({ session, signal }) => {
    const { user, line, expiresMs } = await makeInvite(session, wish, { signal });
    if (options.json === true) {
      process.stdout.write(
        toJsonLine({ event: 'invited', user, invite: line, until: new Date(expiresMs).toISOString() }),
      );
    } else {
      process.stdout.write(`ferry '${line}'\n`);
      process.stderr.write(`for ${show(user)}, good until ${minute(expiresMs)}\n`);
    }
    return ExitCode.done;
  });
}

const told = {
  kick: 'is out for now, and may come back',
  revoke: 'is out; the account stays, and a new invite lets them in again',
  remove: 'is removed, with all devices, invites and shares',
} as const;

/** `ferry admin kick|revoke|remove ADDRESS NAME` */
export function endAdmin(
  what: keyof typeof told,
  address: string,
  user: string,
  options: AdminOptions,
): Promise<ExitCode> {
  return withSession(address, options, async ({ session, signal }) => {
    await takeBack(session, what, user, { signal });
    say(options, what, show(user), `${show(user)} ${told[what]}`);
    return ExitCode.done;
  });
}

function say({ json }: AdminOptions, event: string, user: string, words: string): void {
  if (json === true) process.stdout.write(toJsonLine({ event, user }));
  else process.stderr.write(`${words}\n`);
}

function print<Row>(
  { json }: AdminOptions,
  rows: readonly Row[],
  asJson: (row: Row) => object,
  asText: (rows: readonly Row[]) => string,
): void {
  process.stdout.write(json === true ? rows.map((row) => toJsonLine(asJson(row))).join('') : asText(rows));
}

function plain<Row extends object>(row: Row): object {
  return row;
}

function accountJson({ root, ...row }: AccountRow): object {
  return { ...row, ...jsonPath(root) };
}

function users(rows: readonly AccountRow[]): string {
  return table(
    ['ACCOUNT', 'ROLE', 'FOLDER', 'DEVICES', 'UNTIL', 'BOUNDS', 'RULES'],
    rows.map((row) => [
      show(row.user),
      show(row.role),
      showName(`/${row.root.join('/')}`),
      `${row.devices}${row.invites > 0 ? ` +${row.invites} invited` : ''}`,
      row.expiresMs === undefined ? '-' : minute(row.expiresMs),
      bounds(row) || '-',
      row.rules.map(show).join(' ') || '-',
    ]),
    'there are no accounts yet',
  );
}

function bounds({ quotaBytes, quotaFiles, downRate, upRate, keepsOld }: AccountRow): string {
  const size = (bytes: number): string => prettyBytes(bytes, { binary: true });
  return [
    ...(quotaBytes === undefined ? [] : [size(quotaBytes)]),
    ...(quotaFiles === undefined ? [] : [`${quotaFiles} files`]),
    ...(downRate === undefined ? [] : [`down ${size(downRate)}/s`]),
    ...(upRate === undefined ? [] : [`up ${size(upRate)}/s`]),
    ...(keepsOld ? [] : ['no trash for what is replaced']),
  ].join(', ');
}

function devices(rows: readonly DeviceRow[]): string {
  return table(
    ['DEVICE', 'OF', 'SINCE', 'LAST SEEN', 'WHAT'],
    rows.map((row) => [show(row.id), show(row.user), day(row.sinceMs), day(row.seenMs), show(row.label)]),
    'there are no devices yet',
  );
}

function invites(rows: readonly InviteRow[]): string {
  return table(
    ['INVITE', 'FOR', 'USES LEFT', 'GOOD UNTIL'],
    rows.map((row) => [show(row.id), show(row.user), `${row.usesLeft}`, minute(row.expiresMs)]),
    'there are no open invites',
  );
}

function sessions(rows: readonly VisitRow[]): string {
  return table(
    ['WHO', 'FROM', 'SINCE', 'LANES', 'DOWN', 'UP'],
    rows.map((row) => [
      show(row.user),
      show(row.source),
      minute(row.sinceMs),
      `${row.lanes}`,
      prettyBytes(row.sent),
      prettyBytes(row.received),
    ]),
    'nobody is connected',
  );
}

function wordsOf(options: AdminOptions): AccountWords {
  const { role, path, rule, rules, expires, quota, quotaFiles, down, up, key, trash } = options;
  return {
    ...nothingSaid,
    role,
    path,
    rules: rule,
    noRules: rules === false,
    expires,
    quota,
    quotaFiles,
    down,
    up,
    trash,
    key: key === undefined ? undefined : keyLine(key),
  };
}

/** @throws {FerryError} USAGE */
function keyLine(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new FerryError(Code.USAGE, `the key ${show(file)} cannot be read`, { cause });
  }
  // The private half stays where it is, whatever the server would say of it.
  if (/^ssh-ed25519 \S+( [^\n]*)?$/.test(text) && Buffer.byteLength(text) <= 1024) return text;
  throw new FerryError(
    Code.USAGE,
    `${show(file)} is no OpenSSH public key of type ed25519: give the file that ends with .pub`,
  );
}
