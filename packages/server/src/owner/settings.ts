/** Options of `ferryd user` and `ferryd invite` as what an account is to be like, and back. Pure; main thread. */

import { Code, FerryError, type Path, pathFromText, showName } from '@ferry/protocol';
import type { AccountSettings } from '../access/accounts.ts';
import { isRole, pathRights, type Right, type Role, type Rule, rightsOf, roles } from '../access/rights.ts';
import { parseDuration } from '../config.ts';

export type SettingsOptions = {
  readonly role?: string;
  readonly path?: string;
  readonly rule?: readonly string[];
  readonly expires?: string;
};

/** Only what was said. @throws {FerryError} USAGE, NAME_… */
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
