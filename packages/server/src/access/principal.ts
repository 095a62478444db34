/** Who somebody is once logged in, and what they may do. Pure; worker threads. */

import { Code, FerryError, type Path } from '@ferry/protocol';
import { Kind } from '@ferry/protocol/wire';

export type Role = 'owner' | 'reader';

export type Principal = {
  /** The account's name; foreign text for whoever shows it. */
  readonly user: string;
  readonly role: Role;
  /** The folder below the shared one that they see as the root. */
  readonly root: Path;
};

const reading: readonly Kind[] = [
  Kind.list,
  Kind.stat,
  Kind.space,
  Kind.ticket,
  Kind.read,
  Kind.readSlice,
  Kind.fetch,
  Kind.manifest,
  Kind.locate,
  Kind.readLink,
  Kind.readRange,
];
const changing: readonly Kind[] = [
  Kind.mkdir,
  Kind.rename,
  Kind.remove,
  Kind.create,
  Kind.block,
  Kind.commit,
  Kind.discard,
  Kind.store,
  Kind.patch,
  Kind.slice,
  Kind.setFacts,
  Kind.makeLink,
];

/** The one table of rights. An operation that is missing is nobody's. */
export const rights: ReadonlyMap<Role, ReadonlySet<Kind>> = new Map([
  ['owner', new Set([...reading, ...changing])],
  ['reader', new Set(reading)],
]);

/** @throws {FerryError} READ_ONLY for what only owners may do, FORBIDDEN for what nobody may */
export function checkRight(role: Role, kind: Kind): void {
  if (rights.get(role)?.has(kind) === true) return;
  if (rights.get('owner')?.has(kind) === true) {
    throw new FerryError(Code.READ_ONLY, 'you may look and download here, but not change anything');
  }
  throw new FerryError(Code.FORBIDDEN, 'nobody may do that here');
}

export function roleOf(isReadOnly: boolean): Role {
  return isReadOnly ? 'reader' : 'owner';
}
