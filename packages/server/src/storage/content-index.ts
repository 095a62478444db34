/**
 * Which large files begin with which block: how content that is here already is found again under another name. Hints only:
 * what it names is looked at before it is believed, and an index that cannot be used is an empty one. A SQLite file that all
 * worker threads of a server open; worker threads.
 */

import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { byteString, bytesOf, decodePath, encodePath, FerryError, type Path } from '@ferry/protocol';
import { makePrivateFolder } from '@ferry/protocol/disk/private-file';

/** Files that are remembered; the ones that were seen longest ago go first. */
export const mostContents = 100_000;
/** Files of one content that are offered. */
const mostPlaces = 4;
/** Between two looks at the number of rows, in rows added. */
const trimmedEvery = 1000;
/** A hint is not worth a longer wait for another thread that is writing, milliseconds. */
const busyMs = 100;

export type Content = {
  /** Below the shared folder. */
  readonly path: Path;
  readonly identity: string;
  readonly size: number;
  /** Digest of its first block. */
  readonly firstBlock: Uint8Array;
};

const schema = `
  create table if not exists content (
    path blob primary key,
    identity blob not null,
    size integer not null,
    first_block blob not null
  ) strict;
  create index if not exists content_by_first_block on content (size, first_block);
`;

export class ContentIndex {
  readonly #database: DatabaseSync | undefined;
  #added = 0;

  constructor(file: string) {
    this.#database = opened(file);
  }

  add({ path, identity, size, firstBlock }: Content): void {
    this.#attempt(undefined, (database) => {
      database
        .prepare('insert or replace into content values (?, ?, ?, ?)')
        .run(encodePath(path), bytesOf(identity), size, firstBlock);
      this.#added += 1;
      if (this.#added % trimmedEvery !== 0) return;
      database
        .prepare('delete from content where rowid <= (select max(rowid) from content) - ?')
        .run(mostContents);
    });
  }

  has(path: Path, identity: string): boolean {
    return this.#attempt(false, (database) => {
      const row = database.prepare('select identity from content where path = ?').get(encodePath(path));
      return row?.['identity'] instanceof Uint8Array && byteString(row['identity']) === identity;
    });
  }

  /** The ones added last first. */
  find(size: number, firstBlock: Uint8Array): readonly Content[] {
    return this.#attempt([], (database) =>
      database
        .prepare(
          'select path, identity from content where size = ? and first_block = ? order by rowid desc limit ?',
        )
        .all(size, firstBlock, mostPlaces)
        .flatMap(({ path, identity }) =>
          path instanceof Uint8Array && identity instanceof Uint8Array
            ? [{ path: decodePath(path), identity: byteString(identity), size, firstBlock }]
            : [],
        ),
    );
  }

  remove(path: Path): void {
    this.#attempt(undefined, (database) => {
      database.prepare('delete from content where path = ?').run(encodePath(path));
    });
  }

  /** Idempotent. */
  close(): void {
    if (this.#database?.isOpen === true) this.#database.close();
  }

  #attempt<T>(otherwise: T, work: (database: DatabaseSync) => T): T {
    if (this.#database === undefined) return otherwise;
    try {
      return work(this.#database);
    } catch (error) {
      if (error instanceof FerryError || isOfSqlite(error)) return otherwise;
      throw error;
    }
  }
}

function opened(file: string): DatabaseSync | undefined {
  try {
    makePrivateFolder(dirname(file));
    const database = new DatabaseSync(file, { timeout: busyMs });
    // Nothing is lost with it that is not found again.
    database.exec('pragma journal_mode = wal; pragma synchronous = off;');
    database.exec(schema);
    return database;
  } catch (error) {
    // A disk that is full, a folder that is not ours, a file that is none of ours.
    if (typeof (error as NodeJS.ErrnoException).code === 'string') return undefined;
    throw error;
  }
}

function isOfSqlite(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_SQLITE_ERROR';
}
