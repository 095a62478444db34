/** What an account is to be like in words, as `ferryd user` and `ferry admin` take them, and back. Pure; main and worker threads. */

import { Code, FerryError, type Path, pathFromText, showName } from '@ferry/protocol';
import prettyBytes from 'pretty-bytes';
import { parseCount, parseDuration } from '../config.ts';
import type { AccountSettings } from './accounts.ts';
import type { Bounds } from './bounds.ts';
import { isRole, pathRights, type Right, type Role, type Rule, rightsOf, roles } from './rights.ts';

export type SettingsOptions = {
  readonly role?: string;
  readonly path?: string;
  readonly rule?: readonly string[];
  readonly expires?: string;
  readonly quota?: string;
  readonly quotaFiles?: string;
  readonly down?: string;
  readonly up?: string;
  /** `on` or `off`. */
  readonly trash?: string;
};

/** Slower than this, a client would take the line for dead. */
const leastRate = 512 * 1024;

/** What was said of an account's bounds, over what they are. @throws {FerryError} USAGE */
export function boundsWith(before: Bounds, { quota, quotaFiles, down, up, trash }: SettingsOptions): Bounds {
  const bound = (text: string | undefined, now: number | undefined, parse: (text: string) => number) =>
    text === undefined ? now : text === 'none' ? undefined : parse(text);
  return {
    quotaBytes: bound(quota, before.quotaBytes, (text) => parseSize('--quota', text)),
    quotaFiles: bound(quotaFiles, before.quotaFiles, (text) =>
      parseCount('--quota-files', text, 999_999_999),
    ),
    downRate: bound(down, before.downRate, (text) => parseRate('--down', text)),
    upRate: bound(up, before.upRate, (text) => parseRate('--up', text)),
    keepsOld: trash === undefined ? before.keepsOld : parseSwitch('--trash', trash),
  };
}

const units: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['K', 1024],
  ['M', 1024 ** 2],
  ['G', 1024 ** 3],
  ['T', 1024 ** 4],
]);

/** `500M`, `1.5G` in bytes. @throws {FerryError} USAGE */
export function parseSize(option: string, text: string): number {
  const [, number = '', unit = ''] = /^([0-9]{1,12}(?:\.[0-9]{1,3})?)([KMGT]?)$/i.exec(text) ?? [];
  const bytes = Math.round(Number(number) * (units.get(unit.toUpperCase()) ?? 0));
  if (number !== '' && Number.isSafeInteger(bytes)) return bytes;
  throw new FerryError(Code.USAGE, `${option} wants a size such as 500M or 1.5G, or none`);
}

/** At least 512K. @throws {FerryError} USAGE */
export function parseRate(option: string, text: string): number {
  const rate = parseSize(option, text);
  if (rate >= leastRate) return rate;
  throw new FerryError(Code.USAGE, `${option} wants at least 512K a second`);
}

/** @throws {FerryError} USAGE */
function parseSwitch(option: string, text: string): boolean {
  if (text === 'on' || text === 'off') return text === 'on';
  throw new FerryError(Code.USAGE, `${option} wants on or off`);
}

/** What bounds there are, for lists; empty for none. */
export function boundsText({ quotaBytes, quotaFiles, downRate, upRate, keepsOld }: Bounds): string {
  return [
    ...(quotaBytes === undefined ? [] : [prettyBytes(quotaBytes, { binary: true })]),
    ...(quotaFiles === undefined ? [] : [`${quotaFiles} files`]),
    ...(downRate === undefined ? [] : [`down ${prettyBytes(downRate, { binary: true })}/s`]),
    ...(upRate === undefined ? [] : [`up ${prettyBytes(upRate, { binary: true })}/s`]),
    ...(keepsOld ? [] : ['no trash for what is replaced']),
  ].join(', ');
}

/** Only what was said; bounds come from {@link boundsWith}. @throws {FerryError} USAGE, NAME_… */
export function settingsFrom(options: SettingsOptions, nowMs: number): Partial<AccountSettings> {
  const { role, path, rule, expires } = options;
  return {
    ...(role === undefined ? {} : { role: parseRole(role) }),
    ...(path === undefined ? {} : { root: pathFromText(path) }),
    ...(rule === undefined ? {} : { rules: rule.map(parseRule) }),
    ...(expires === undefined
      ? {}
      : { expiresMs: expires === 'never' ? undefined : nowMs + parseDuration('--expires', expires) }),
  };
}

/** @throws {FerryError} USAGE */
export function parseRole(text: string): Role {
  if (isRole(text)) return text;
  throw new FerryError(Code.USAGE, `--role wants one of ${roles.join(', ')}`);
}

/** `PATH=RIGHTS`: a role, `none`, or rights joined by commas. @throws {FerryError} USAGE, NAME_… */
export function parseRule(text: string): Rule {
  const at = text.lastIndexOf('=');
  const [path, given] = [text.slice(0, at), text.slice(at + 1)];
  if (at < 1 || given === '') {
    throw new FerryError(
      Code.USAGE,
      '--rule wants FOLDER=RIGHTS, for example drafts=list,read or private=none',
    );
  }
  return { path: pathFromText(path), rights: parseRights(given) };
}

export function parseRights(text: string): ReadonlySet<Right> {
  if (text === 'none') return new Set();
  if (isRole(text)) return new Set([...rightsOf(text)].filter((right) => right !== 'admin'));
  return new Set(
    text.split(',').map((word) => {
      const right = pathRights.find((known) => known === word);
      if (right !== undefined) return right;
      throw new FerryError(
        Code.USAGE,
        `there is no right "${word}": give a role, none, or some of ${pathRights.join(',')}`,
      );
    }),
  );
}

/** As it was typed, or nearly so. */
export function ruleText({ path, rights }: Rule): string {
  return `${pathText(path)}=${rights.size === 0 ? 'none' : [...rights].join(',')}`;
}

export function pathText(path: Path): string {
  return showName(`/${path.join('/')}`);
}
