/**
 * What one session watches: bounded, held against its rights for each row that it is told, and never more under way than it takes: of a
 * client that does not keep up it is only remembered that it has to list again. Worker threads.
 */

import { Code, FerryError, type FolderNews, limits, type Path } from '@ferry/protocol';
import type { ServerEvent } from '@ferry/protocol/messages';
import type { Rights } from '../access/rights.ts';
import { checkListing, showsRow } from '../access/with-rights.ts';
import type { FolderWatched, WatchedFolders } from './watched-folders.ts';

export type SessionWatchesOpts = {
  readonly folders: WatchedFolders;
  /** What the session sees as its root. */
  readonly root: Path;
  /** As they are now. @throws {FerryError} when the session has been ended */
  readonly rights: () => Rights;
  readonly send: (event: ServerEvent) => void;
  /** False while the client does not take what was sent; then `drained` resolves when it does, or rejects when it has gone. */
  readonly writable: () => boolean;
  readonly drained: () => Promise<void>;
};

type Watch = {
  /** From the shared folder. */
  readonly path: Path;
  readonly watched: FolderWatched;
  /** Rejects when it is left. */
  readonly left: PromiseWithResolvers<never>;
  isReady: boolean;
};

/** How long a listing waits for a watch of its folder that is being set up, milliseconds; it is told to list again otherwise. */
const setupMs = 20;

export class SessionWatches {
  readonly #opts: SessionWatchesOpts;
  readonly #watches = new Map<number, Watch>();
  /** Watches with news that were held back: all of them are told as one. */
  readonly #behind = new Set<number>();
  #isWaiting = false;

  constructor(opts: SessionWatchesOpts) {
    this.#opts = opts;
  }

  /**
   * Resolves with how often the folder is read, 0 where the system says what changes.
   * @param path from the session's root
   * @throws {FerryError} LIMIT, BAD_STATE (the number is in use); NOT_FOUND, FORBIDDEN… as a listing
   */
  async watch(id: number, path: Path): Promise<number> {
    const { folders, root, rights } = this.#opts;
    if (this.#watches.has(id))
      throw new FerryError(Code.BAD_STATE, 'a watch of this number is there already');
    if (this.#watches.size >= limits.sessionWatches) {
      throw new FerryError(Code.LIMIT, `a session watches at most ${limits.sessionWatches} folders`);
    }
    const at = [...root, ...path];
    checkListing(rights(), root, at);
    const watch: Watch = {
      path: at,
      watched: folders.watch(at, (news) => this.#hear(id, news)),
      left: Promise.withResolvers<never>(),
      isReady: false,
    };
    // Mostly nobody waits any more.
    watch.left.promise.catch(() => {});
    this.#watches.set(id, watch);
    try {
      return await Promise.race([watch.watched.ready, watch.left.promise]);
    } catch (error) {
      this.unwatch(id);
      throw error;
    } finally {
      watch.isReady = true;
    }
  }

  /** Idempotent. */
  unwatch(id: number): void {
    const watch = this.#watches.get(id);
    watch?.watched.leave();
    watch?.left.reject(new FerryError(Code.CANCELLED, 'the folder is not watched any more'));
    this.#watches.delete(id);
    this.#behind.delete(id);
  }

  /** Resolves when a watch of the folder that is being set up is ready, or after a moment. @param path from the session's root */
  async settled(path: Path): Promise<void> {
    const at = [...this.#opts.root, ...path].join('/');
    for (const [id, watch] of this.#watches) {
      if (watch.isReady || watch.path.join('/') !== at) continue;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(() => {
        void watch.watched.ready.then(
          () => this.#hear(id, { kind: 'again' }),
          () => {},
        );
        resolve();
      }, setupMs);
      watch.watched.ready.then(
        () => resolve(),
        () => resolve(),
      );
      await promise;
      clearTimeout(timer);
    }
  }

  /** What the session may do is different: what it may not list any more is over, the rest may show other rows. */
  rightsChanged(): void {
    for (const [id, { path }] of [...this.#watches]) {
      try {
        checkListing(this.#opts.rights(), this.#opts.root, path);
        this.#hear(id, { kind: 'again' });
      } catch (error) {
        if (!(error instanceof FerryError)) throw error;
        this.#hear(id, { kind: 'over', error });
      }
    }
  }

  /** The session has ended. */
  end(): void {
    for (const id of [...this.#watches.keys()]) this.unwatch(id);
  }

  #hear(id: number, news: FolderNews): void {
    const watch = this.#watches.get(id);
    if (watch === undefined) return;
    if (news.kind === 'over') {
      this.unwatch(id);
      this.#opts.send({ kind: 'folder', id, news });
      return;
    }
    if (!this.#opts.writable()) {
      this.#behind.add(id);
      void this.#catchUp();
      return;
    }
    const permitted = this.#permitted(watch.path, news);
    if (permitted !== undefined) this.#opts.send({ kind: 'folder', id, news: permitted });
  }

  /** Without the rows that a listing would not show; undefined for none left. */
  #permitted(folder: Path, news: FolderNews): FolderNews | undefined {
    if (news.kind !== 'changed') return news;
    const rights = this.#rightsNow();
    if (rights === undefined) return undefined;
    const shows = (name: Path[number]): boolean => showsRow(rights, folder, name);
    const entries = news.entries.filter(({ name }) => shows(name));
    const gone = news.gone.filter(shows);
    return entries.length + gone.length === 0 ? undefined : { kind: 'changed', entries, gone };
  }

  /** undefined: it is being ended. */
  #rightsNow(): Rights | undefined {
    try {
      return this.#opts.rights();
    } catch (error) {
      if (error instanceof FerryError) return undefined;
      throw error;
    }
  }

  async #catchUp(): Promise<void> {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    try {
      await this.#opts.drained();
    } catch (error) {
      if (!(error instanceof FerryError)) throw error;
      return;
    } finally {
      this.#isWaiting = false;
    }
    const behind = [...this.#behind];
    this.#behind.clear();
    for (const id of behind) this.#hear(id, { kind: 'again' });
  }
}
