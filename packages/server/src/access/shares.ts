/**
 * Shares: what an account lets others have without an account of their own. Each is kept as an account that nobody can log into by
 * name, with one invite, bounded by its maker (within-maker.ts). Used by sessions and by `ferryd shares`; worker threads and main
 * thread.
 */

import { randomBytes } from 'node:crypto';
import {
  bytesOf,
  Code,
  decodePath,
  encodePath,
  FerryError,
  limits,
  type Path,
  parentPath,
} from '@ferry/protocol';
import { shareIdBytes, tokenBytes } from '@ferry/protocol/messages';
import { shareUserPrefix } from '@ferry/protocol/session';
import { AccessFile, type Row } from './access-file.ts';
import { hashOf } from './access-store.ts';
import { encodeRules, type Role, type Rule } from './rights.ts';

/** `read`: these files and folders, to look at and download. `drop`: one folder, to put new files into unseen. */
export type ShareKind = 'read' | 'drop';

export type ShareOrder = {
  /** The account that makes it. */
  readonly maker: number;
  readonly kind: ShareKind;
  /** From the shared folder, as accounts' roots are. At least one; with `drop` exactly one, a folder. */
  readonly paths: readonly Path[];
  /** The one path is a folder: those who come see it as the root. */
  readonly isFolder: boolean;
  /** Milliseconds since 1970. */
  readonly expiresMs: number;
  readonly downloads: number | undefined;
};

export type ShareFacts = {
  readonly id: Uint8Array;
  readonly kind: ShareKind;
  readonly maker: string;
  readonly paths: readonly Path[];
  readonly sinceMs: number;
  readonly expiresMs: number;
  readonly downloads: number | undefined;
  /** Whole files that devices said had arrived, all together. */
  readonly verified: number;
  /** That have come in. */
  readonly devices: number;
};

export type NewShare = { readonly id: Uint8Array; readonly user: string; readonly token: Uint8Array };

export class Shares {
  readonly #file: AccessFile;

  /** @throws {FerryError} as AccessFile */
  constructor(file: string | AccessFile) {
    this.#file = typeof file === 'string' ? new AccessFile(file) : file;
  }

  /** Shares that have expired are forgotten meanwhile. @throws {FerryError} LIMIT: the maker has too many; NOT_FOUND: has gone */
  add(order: ShareOrder, nowMs: number): NewShare {
    const id = randomBytes(shareIdBytes);
    const token = randomBytes(tokenBytes);
    this.addAs(id, hashOf(token), order, nowMs);
    return { id, user: userOf(id), token };
  }

  /** The same, with an id, and a token that only its hash is known of. @throws {FerryError} as {@link add} */
  addAs(id: Uint8Array, tokenHash: Uint8Array, order: ShareOrder, nowMs: number): void {
    const { maker, kind, paths, expiresMs, downloads } = order;
    const { root, role, rules } = shapeOf(order);
    this.#change(() => {
      this.#file.run(
        'delete from account where expires_ms <= ? and id in (select account from share)',
        nowMs,
      );
      if (this.#file.one('select 1 from account where id = ? and maker is null', maker) === undefined) {
        throw new FerryError(Code.NOT_FOUND, 'the account has gone');
      }
      const made = Number(this.#file.one('select count(*) as n from account where maker = ?', maker)?.['n']);
      if (made >= limits.shares) {
        throw new FerryError(Code.LIMIT, `you have ${limits.shares} shares already: end one of them first`);
      }
      const inserted = this.#file.one(
        `insert into account (user, role, root, rules, expires_ms, since_ms, maker)
         values (?, ?, ?, ?, ?, ?, ?) returning id`,
        userOf(id),
        role,
        encodePath(root),
        encodeRules(rules),
        expiresMs,
        nowMs,
        maker,
      );
      const account = Number(inserted?.['id']);
      this.#file.run(
        'insert into share values (?, ?, ?, ?, ?)',
        account,
        id,
        kind,
        encodePaths(paths),
        downloads ?? null,
      );
      this.#file.run(
        'insert into invite values (?, ?, ?, ?, ?)',
        tokenHash,
        account,
        nowMs,
        expiresMs,
        downloads ?? limits.shareDownloads,
      );
    });
  }

  /** Those that have not expired, the newest first. @param maker only of this account; undefined: of all */
  list(maker: number | undefined, nowMs: number): readonly ShareFacts[] {
    return this.#file
      .all(
        `select share.id, share.kind, share.paths, share.downloads, account.since_ms, account.expires_ms, maker.user,
           (select count(*) from device where device.account = account.id) as devices,
           (select coalesce(sum(verified), 0) from download where download.share = account.id) as verified
         from share join account on account.id = share.account join account as maker on maker.id = account.maker
         where account.expires_ms > ? and (? is null or account.maker = ?)
         order by account.since_ms desc, account.id desc`,
        nowMs,
        maker ?? null,
        maker ?? null,
      )
      .map(toFacts);
  }

  /**
   * Everybody who uses it is out within a second. @param maker only if this account made it; undefined: whoever did
   * @throws {FerryError} NOT_FOUND
   */
  end(id: Uint8Array, maker: number | undefined): void {
    this.#change(() => {
      const ended = this.#file.run(
        `delete from account where id in (select account from share where id = ?) and (? is null or maker = ?)`,
        id,
        maker ?? null,
        maker ?? null,
      );
      if (ended === 0) throw new FerryError(Code.NOT_FOUND, 'there is no such share any more');
    });
  }

  /** Idempotent. */
  close(): void {
    this.#file.close();
  }

  /** Running servers look again after it. */
  #change(work: () => void): void {
    this.#file.inTransaction(() => {
      work();
      this.#file.run('update change set count = count + 1');
    });
  }
}

/** The name that a share goes by, in addresses and in the log. */
export function userOf(id: Uint8Array): string {
  return `${shareUserPrefix}${Buffer.from(id).toString('hex')}`;
}

/** Who comes sees a folder as the root; of several files and folders, or one file, the nearest folder that holds them all. */
function shapeOf({ kind, paths, isFolder }: ShareOrder): {
  readonly root: Path;
  readonly role: Role;
  readonly rules: readonly Rule[];
} {
  const [first = []] = paths;
  if (kind === 'drop') return { root: first, role: 'uploader', rules: [] };
  if (isFolder) return { root: first, role: 'reader', rules: [] };
  const root = paths.map(parentPath).reduce(commonPath);
  return {
    root,
    role: 'reader',
    rules: [
      { path: root, rights: new Set() },
      ...paths.map((path): Rule => ({ path, rights: new Set(['list', 'read']) })),
    ],
  };
}

function commonPath(a: Path, b: Path): Path {
  const differs = a.findIndex((name, i) => name !== b[i]);
  return differs === -1 ? a : a.slice(0, differs);
}

function encodePaths(paths: readonly Path[]): string {
  return JSON.stringify(paths.map((path) => encodePath(path).toString('latin1')));
}

function toFacts(row: Row): ShareFacts {
  const { id, kind, user, paths } = row;
  if (!(id instanceof Uint8Array) || (kind !== 'read' && kind !== 'drop') || typeof user !== 'string') {
    throw new Error('a share of the wrong form');
  }
  const texts: unknown = JSON.parse(String(paths));
  if (!Array.isArray(texts)) throw new Error('a share of the wrong form');
  return {
    id,
    kind,
    maker: user,
    paths: texts.map((text: unknown) => decodePath(bytesOf(String(text)))),
    sinceMs: Number(row['since_ms']),
    expiresMs: Number(row['expires_ms']),
    downloads: row['downloads'] === null ? undefined : Number(row['downloads']),
    verified: Number(row['verified']),
    devices: Number(row['devices']),
  };
}
