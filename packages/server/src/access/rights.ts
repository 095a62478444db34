/**
 * What somebody may do, and where: rights, roles, rules for single folders, and the one table of what each message needs.
 * Pure; worker threads and the owner's commands.
 */

import { Code, decodePath, encodePath, FerryError, type Path } from '@ferry/protocol';
import { Kind, kindName } from '@ferry/protocol/wire';

/**
 * `list` folders and facts, `read` content, `create` what is not there, `overwrite` content, times and permissions of what is,
 * `rename` and move, `delete`, `mkdir`, `share` with others, `admin`ister accounts.
 */
export const allRights = [
  'list',
  'read',
  'create',
  'overwrite',
  'rename',
  'delete',
  'mkdir',
  'share',
  'admin',
] as const;
export type Right = (typeof allRights)[number];

/** What may be given for single folders; `admin` belongs to no folder. */
export const pathRights: readonly Right[] = allRights.filter((right) => right !== 'admin');

export const roles = ['owner', 'writer', 'reader', 'uploader'] as const;
export type Role = (typeof roles)[number];

const rightsOfRole: Readonly<Record<Role, ReadonlySet<Right>>> = {
  owner: new Set(allRights),
  writer: new Set(['list', 'read', 'create', 'overwrite', 'rename', 'delete', 'mkdir']),
  reader: new Set(['list', 'read']),
  uploader: new Set(['create', 'mkdir']),
};

/** For one folder and all below it, instead of what the role says. */
export type Rule = { readonly path: Path; readonly rights: ReadonlySet<Right> };

/** Paths are from the shared folder, whatever part of it the account sees. */
export type Rights = { readonly role: Role; readonly rules: readonly Rule[] };

/** What a message needs: a right, to be one of those who may chat, or only to be logged in. */
export type Need = Right | 'chat' | 'login';

/** Chatting belongs to no folder: whoever may look may talk; a drop box has no people in it. */
const chatting: ReadonlySet<Role> = new Set(['owner', 'writer', 'reader']);

/** The one table. Where the path decides, with-rights.ts asks again with it. A message that is missing is nobody's. */
export const needs: ReadonlyMap<Kind, Need> = new Map<Kind, Need>([
  [Kind.list, 'list'],
  // Of the top folder everybody may know that it is there; the path decides.
  [Kind.stat, 'login'],
  [Kind.space, 'login'],
  [Kind.ticket, 'login'],
  [Kind.watch, 'list'],
  [Kind.unwatch, 'login'],
  [Kind.who, 'list'],
  [Kind.activity, 'list'],
  [Kind.enrol, 'login'],
  [Kind.listAccounts, 'admin'],
  [Kind.listDevices, 'admin'],
  [Kind.listInvites, 'admin'],
  [Kind.listVisits, 'admin'],
  [Kind.invite, 'admin'],
  [Kind.changeAccount, 'admin'],
  [Kind.withdraw, 'admin'],
  [Kind.share, 'share'],
  // One's own. Who may share no more has shares that nobody gets anything from.
  [Kind.listShares, 'share'],
  [Kind.endShare, 'share'],
  [Kind.received, 'read'],
  [Kind.readLink, 'list'],
  [Kind.read, 'read'],
  [Kind.fetch, 'read'],
  [Kind.readSlice, 'read'],
  [Kind.readRange, 'read'],
  [Kind.manifest, 'read'],
  [Kind.locate, 'read'],
  [Kind.sum, 'read'],
  [Kind.usage, 'list'],
  [Kind.find, 'list'],
  [Kind.copy, 'create'],
  [Kind.move, 'rename'],
  [Kind.removeTree, 'delete'],
  [Kind.trash, 'delete'],
  [Kind.listTrash, 'delete'],
  [Kind.restore, 'delete'],
  [Kind.emptyTrash, 'delete'],
  [Kind.mkdir, 'mkdir'],
  [Kind.rename, 'rename'],
  [Kind.remove, 'delete'],
  [Kind.setFacts, 'overwrite'],
  [Kind.owner, 'list'],
  [Kind.setOwner, 'overwrite'],
  [Kind.makeLink, 'create'],
  [Kind.create, 'create'],
  [Kind.block, 'create'],
  [Kind.commit, 'create'],
  [Kind.discard, 'create'],
  [Kind.store, 'create'],
  [Kind.patch, 'create'],
  [Kind.slice, 'create'],
  [Kind.archive, 'read'],
  [Kind.unpack, 'create'],
  [Kind.rooms, 'chat'],
  [Kind.join, 'chat'],
  [Kind.leave, 'chat'],
  [Kind.say, 'chat'],
  [Kind.history, 'chat'],
  // What is of others is for owners, which the chat sees to.
  [Kind.unsay, 'chat'],
  [Kind.mute, 'chat'],
]);

const changing: readonly Right[] = ['create', 'overwrite', 'rename', 'delete', 'mkdir'];

export function isRole(text: string): text is Role {
  return (roles as readonly string[]).includes(text);
}

export function rightsOf(role: Role): ReadonlySet<Right> {
  return rightsOfRole[role];
}

/** The rule of the nearest folder, else the role. */
export function rightsAt({ role, rules }: Rights, path: Path): ReadonlySet<Right> {
  let nearest: Rule | undefined;
  for (const rule of rules) {
    if (isWithin(path, rule.path) && rule.path.length >= (nearest?.path.length ?? 0)) nearest = rule;
  }
  return nearest?.rights ?? rightsOfRole[role];
}

export function mayChat({ role }: Rights): boolean {
  return chatting.has(role);
}

export function may(rights: Rights, right: Right, path: Path): boolean {
  return rightsAt(rights, path).has(right);
}

/** At the path and everywhere below: for what takes a whole folder with it. */
export function mayThroughout(rights: Rights, right: Right, path: Path): boolean {
  return (
    may(rights, right, path) &&
    rights.rules.every((rule) => !isWithin(rule.path, path) || rule.rights.has(right))
  );
}

/** At a folder (the root that the account sees, for one), or somewhere below it. */
export function maySomewhere(rights: Rights, right: Right, root: Path): boolean {
  return (
    may(rights, right, root) ||
    rights.rules.some((rule) => isWithin(rule.path, root) && rule.rights.has(right))
  );
}

/** Whether the account may know that there is such an entry: it may do something there, or below. */
export function isVisible(rights: Rights, path: Path): boolean {
  return (
    rightsAt(rights, path).size > 0 ||
    rights.rules.some((rule) => isWithin(rule.path, path) && rule.rights.size > 0)
  );
}

/** Nothing can be changed anywhere. */
export function isReadOnly(rights: Rights, root: Path): boolean {
  return !changing.some((right) => maySomewhere(rights, right, root));
}

/**
 * Before a message is looked into.
 * @throws {FerryError} READ_ONLY, FORBIDDEN
 */
export function checkMessage(rights: Rights, root: Path, kind: Kind): void {
  const need = needs.get(kind);
  if (need === undefined) throw new FerryError(Code.FORBIDDEN, `nobody may send "${kindName(kind)}" here`);
  if (need === 'chat') {
    if (mayChat(rights)) return;
    throw new FerryError(Code.FORBIDDEN, 'you may put files here, but not talk with others');
  }
  if (need === 'admin') {
    // It belongs to no folder, and to nobody who sees only a part.
    if (rights.role === 'owner' && root.length === 0) return;
    throw new FerryError(Code.FORBIDDEN, 'only owners of all that is shared may look after accounts');
  }
  if (need === 'login' || maySomewhere(rights, need, root)) return;
  throw refusal(need, rights, root);
}

/** In words that say what is missing. */
export function refusal(right: Right, rights: Rights, root: Path): FerryError {
  if (changing.includes(right) && isReadOnly(rights, root)) {
    return new FerryError(Code.READ_ONLY, 'you may look and download here, but not change anything');
  }
  if (right === 'list' && !maySomewhere(rights, 'list', root) && maySomewhere(rights, 'create', root)) {
    return new FerryError(Code.FORBIDDEN, 'you may put files here, but not see what is here');
  }
  return new FerryError(Code.FORBIDDEN, `you may not ${words[right]} here`);
}

const words: Readonly<Record<Right, string>> = {
  list: 'see what is',
  read: 'download what is',
  create: 'upload anything',
  overwrite: 'replace or change what is',
  rename: 'rename or move anything',
  delete: 'delete anything',
  mkdir: 'make folders',
  share: 'share anything',
  admin: 'look after accounts',
};

function isWithin(path: Path, folder: Path): boolean {
  return folder.length <= path.length && folder.every((name, i) => path[i] === name);
}

/** Rules as they are kept: `[[path as latin1, [right…]]…]`. */
export function encodeRules(rules: readonly Rule[]): string {
  return JSON.stringify(rules.map(({ path, rights }) => [encodePath(path).toString('latin1'), [...rights]]));
}

/** @throws when it is not what encodeRules made */
export function decodeRules(text: string): readonly Rule[] {
  const rows: unknown = JSON.parse(text);
  if (!Array.isArray(rows)) throw new Error('rules of the wrong form');
  return rows.map((row: unknown) => {
    const [path, rights]: readonly unknown[] = Array.isArray(row) ? row : [];
    if (typeof path !== 'string' || !Array.isArray(rights)) throw new Error('a rule of the wrong form');
    return {
      path: decodePath(Buffer.from(path, 'latin1')),
      rights: new Set(pathRights.filter((right) => rights.includes(right))),
    };
  });
}
