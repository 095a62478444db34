/**
 * The folders that the sessions of one thread look at: each asked for once, its news handed to all of them. Worker threads.
 */

import { type FolderNews, fromWireError, type Path } from '@ferry/protocol';
import type { Bus, Subscription } from '../bus/bus.ts';
import { decodeNews, folderKey, folderSubject } from './folder-subject.ts';
import type { Watched } from './messages.ts';

export type FolderListener = (news: FolderNews) => void;

export type FolderWatched = {
  /** Resolves when nothing is missed any more, with how often the folder is read (0: it is told). @throws {FerryError} NOT_FOUND, … */
  readonly ready: Promise<number>;
  /** Idempotent. */
  readonly leave: () => void;
};

type Folder = {
  readonly id: number;
  readonly listeners: Set<FolderListener>;
  readonly subscription: Subscription;
  readonly ready: PromiseWithResolvers<number>;
  isReady: boolean;
};

export type WatchedFoldersOpts = {
  readonly bus: Bus;
  /** To the main thread; `watched` has its answers. */
  readonly want: (key: string, id: number) => void;
  readonly leave: (key: string) => void;
};

export class WatchedFolders {
  readonly #opts: WatchedFoldersOpts;
  readonly #folders = new Map<string, Folder>();
  #nextId = 1;

  constructor(opts: WatchedFoldersOpts) {
    this.#opts = opts;
  }

  /** Folders that are asked for. */
  get size(): number {
    return this.#folders.size;
  }

  /** @param path from the shared folder. @param listener heard for each change until it is left, or has heard that it is over */
  watch(path: Path, listener: FolderListener): FolderWatched {
    const key = folderKey(path);
    const folder = this.#folders.get(key) ?? this.#ask(key);
    const own: FolderListener = (news) => listener(news);
    folder.listeners.add(own);
    return {
      ready: folder.ready.promise,
      leave: () => {
        if (!folder.listeners.delete(own) || folder.listeners.size > 0) return;
        if (this.#folders.get(key) !== folder) return;
        this.#forget(key, folder);
        this.#opts.leave(key);
      },
    };
  }

  /** The main thread's answer; a second one says that the watching was interrupted. */
  watched(key: string, id: number, answer: Watched): void {
    const folder = this.#folders.get(key);
    if (folder?.id !== id) return;
    if (!('pollMs' in answer)) {
      const error = fromWireError(answer);
      this.#forget(key, folder);
      if (folder.isReady) this.#tell(folder, { kind: 'over', error });
      else folder.ready.reject(error);
      return;
    }
    if (folder.isReady) this.#tell(folder, { kind: 'again' });
    folder.isReady = true;
    folder.ready.resolve(answer.pollMs);
  }

  #ask(key: string): Folder {
    const id = this.#nextId++;
    const subscription = this.#opts.bus.subscribe(folderSubject(key), {
      onMessage: (body) => {
        const news = decodeNews(body);
        if (news.kind === 'over') {
          this.#forget(key, folder);
          folder.ready.reject(news.error);
        }
        this.#tell(folder, news);
      },
      onGap: () => this.#tell(folder, { kind: 'again' }),
    });
    const folder: Folder = {
      id,
      listeners: new Set(),
      subscription,
      ready: Promise.withResolvers<number>(),
      isReady: false,
    };
    // Whoever asked waits for it; who left meanwhile does not.
    folder.ready.promise.catch(() => {});
    this.#folders.set(key, folder);
    this.#opts.want(key, id);
    return folder;
  }

  #tell(folder: Folder, news: FolderNews): void {
    for (const listener of [...folder.listeners]) if (folder.listeners.has(listener)) listener(news);
  }

  #forget(key: string, folder: Folder): void {
    if (this.#folders.get(key) === folder) this.#folders.delete(key);
    folder.subscription.leave();
  }
}
