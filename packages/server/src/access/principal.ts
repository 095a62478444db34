/** Who somebody is once logged in. Pure; worker threads. */

import { type Path, rootPath } from '@ferry/protocol';
import type { OpenTo } from '../config.ts';
import type { Bounds } from './bounds.ts';
import type { Rights } from './rights.ts';

export type Principal = {
  /** The account's name; foreign text for whoever shows it. */
  readonly user: string;
  /** undefined for those who came in because the door is open. */
  readonly account: Account | undefined;
  readonly rights: Rights;
  /** The folder below the shared one that they see as the root. */
  readonly root: Path;
  /** How often the owner has closed this user's connections; a connection lives as long as this stays the same. */
  readonly kicks: number;
};

export type Account = {
  /** Never used again for another. */
  readonly id: number;
  /** The key of the device that came in. */
  readonly device: Uint8Array;
  /** Milliseconds since 1970; Infinity: never. */
  readonly expiresMs: number;
  /** Of a share: its maker's. */
  readonly bounds: Bounds;
  /** Set when it is none of a person, but a share that a person made. */
  readonly share?: Sharing;
};

/** What a share is to those who use it. Its rights are never more than its maker has at this moment. */
export type Sharing = {
  /** Who made it: their account, which pays for what is put there, and what they see as the root. */
  readonly maker: { readonly id: number; readonly user: string; readonly root: Path };
  /** How often each file may be downloaded whole; undefined: as often as anybody likes. */
  readonly downloads: number | undefined;
};

/** Whose quota and rates what this account moves counts against, and the folder that is counted. */
export function payerOf(account: Account, root: Path): { readonly id: number; readonly root: Path } {
  return account.share?.maker ?? { id: account.id, root };
}

/** Whose trash it is: the account's, whatever it is called and never that of another; guests share one. */
export function trashOwnerOf(accountId: number | undefined): string {
  return accountId === undefined ? guestName : `account ${accountId}`;
}

/** The name of those who come in because the door is open. */
export const guestName = 'guest';

export function guestOf(openTo: Exclude<OpenTo, 'nobody'>, kicks: number): Principal {
  return {
    user: guestName,
    account: undefined,
    rights: { role: openTo === 'readers' ? 'reader' : 'owner', rules: [] },
    root: rootPath,
    kicks,
  };
}
