/**
 * One folder that is watched: what changes in it is told in a moment, in rows where it is little. The system says that something
 * has changed (inotify); what there is now is looked up through the folder's own path, walked anew and confined, so nothing that is
 * told lies elsewhere. Where the system says nothing, the folder is read again and again. Used by folder-watches.ts. Synchronous but for
 * its timers.
 */

import { type BigIntStats, type FSWatcher, fstatSync, statfsSync, watch } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Entry } from '../entry.ts';
import { Code, FerryError } from '../errors.ts';
import type { FolderNews } from '../folder-news.ts';
import { limits } from '../limits.ts';
import { byteString, isName, type Name } from '../path.ts';
import { closing, folderPath } from './at.ts';
import { asDiskError, errnoOf, onDisk } from './errno.ts';
import { rowKey, Snapshot } from './snapshot.ts';
import { gatherMs, nextPollMs } from './watch-timing.ts';

/** Where the folder is, and how its rows are read. */
export type WatchedPlace = {
  /** A handle on it, to be closed by the caller. @throws {FerryError} NOT_FOUND, NOT_FOLDER, FORBIDDEN… */
  readonly open: () => number;
  /** What nobody hears of. */
  readonly hides: (name: Name) => boolean;
  /** A row of it as a listing has it; undefined for nothing. */
  readonly entry: (folderFd: number, name: Name) => Entry | undefined;
  readonly list: () => Iterable<readonly Entry[]>;
};

export type FolderWatchOpts = {
  readonly place: WatchedPlace;
  readonly onNews: (news: FolderNews) => void;
  /** Called for each thing that the system says. */
  readonly onSign: () => void;
  /** Read it now and then, whatever the system could say. */
  readonly polls: boolean;
  /** What asks the system for its signs; fs.watch. Another one in tests. */
  readonly begin?: BeginSigns | undefined;
};

export type BeginSigns = (
  path: string,
  opts: { encoding: 'buffer'; persistent: boolean },
  onSign: (what: string, name: Buffer | null) => void,
) => FSWatcher;

/** Rows that were told and are not told again as long as they are the same. */
const rememberedRows = 256;

/** File systems on which others change files that this machine's kernel does not hear of: NFS, SMB, 9P, FUSE, Ceph, AFS. */
const silentSystems: ReadonlySet<number> = new Set([
  0x6969, 0xff534d42, 0xfe534d42, 0x517b, 0x01021997, 0x65735546, 0x00c36400, 0x5346414f,
]);

export class FolderWatch {
  readonly #opts: FolderWatchOpts;
  #watcher: FSWatcher | undefined;
  /** Device and inode: another folder of the same name is another folder. */
  #folder = '';
  /** When it last changed, as far as its signs explain. */
  #changedNs = 0n;
  /** Since the last look. */
  #hasHeard = false;
  /** Names of which the system has said something; undefined: more than are told one by one. */
  #names: Set<Name> | undefined = new Set();
  #timer: NodeJS.Timeout | undefined;
  #delayMs: number | undefined;
  #toldMs = 0;
  /** So many looks in a row have seen a change without a sign. */
  #unsaid = 0;
  readonly #told = new Map<Name, string>();
  #polling: NodeJS.Timeout | undefined;
  #snapshot: Snapshot | undefined;
  #reading: Promise<void> | undefined;
  /** How long the last reading took, and that another one is wanted soon. */
  #readMs = 0;
  #isHinted = false;
  #isOver = false;

  /** @throws {FerryError} as `place.open` */
  constructor(opts: FolderWatchOpts) {
    this.#opts = opts;
    this.#begin();
  }

  /** It is read again and again. */
  get polls(): boolean {
    return this.#watcher === undefined;
  }

  /** Resolves when every later change will be told. */
  async settled(): Promise<void> {
    while (this.polls && this.#snapshot === undefined && !this.#isOver) {
      this.#reading ??= this.#poll();
      await this.#reading;
    }
  }

  /** Somebody has changed something here and says so. */
  hint(): void {
    if (!this.polls || this.#isOver) return;
    this.#isHinted = true;
    if (this.#reading === undefined) this.#pollLater();
  }

  /** Signs may have been lost. */
  missed(): void {
    if (this.polls || this.#isOver) return;
    this.#names = undefined;
    this.#gather();
  }

  /** Whether the folder is where it was, and whether the system says what happens in it. To be called every lookMs. */
  look(): void {
    let changedNs = this.#changedNs;
    const isStill = this.#visit((_fd, stats) => {
      changedNs = stats.ctimeNs;
    });
    if (!isStill || this.polls) return;
    const hasHeard = this.#hasHeard || changedNs === this.#changedNs;
    this.#hasHeard = false;
    if (hasHeard) {
      this.#changedNs = changedNs;
      this.#unsaid = 0;
      return;
    }
    // The sign may be on its way still, but not until the next look.
    this.#unsaid += 1;
    if (this.#unsaid < 2) return;
    this.#turnToPolling();
    this.#sayAgain();
  }

  /** Nothing more is told. Idempotent. */
  close(): void {
    this.#isOver = true;
    this.#unwatch();
    clearTimeout(this.#timer);
    clearTimeout(this.#polling);
    this.#snapshot = undefined;
  }

  #begin(): void {
    const { place, polls, onSign, begin = watch } = this.#opts;
    closing(place.open(), (fd) => {
      const stats = onDisk(() => fstatSync(fd, { bigint: true }));
      this.#folder = folderKey(stats);
      this.#changedNs = stats.ctimeNs;
      if (polls || isSilent(fd)) return;
      try {
        // The handle's own path: whatever has become of the name meanwhile, it is this folder that is watched.
        this.#watcher = begin(folderPath(fd), { encoding: 'buffer', persistent: false }, (_what, name) => {
          onSign();
          this.#sign(name);
        });
        this.#watcher.on('error', () => this.#turnToPolling());
      } catch (error) {
        // No watches are left (ENOSPC, EMFILE), or the file system has none.
        if (errnoOf(error) === undefined) throw error;
      }
    });
  }

  #sign(raw: Buffer | null): void {
    if (this.#isOver) return;
    this.#hasHeard = true;
    const name = raw === null ? undefined : byteString(raw);
    if (name === undefined) this.#names = undefined;
    else if (isName(name)) this.#names?.add(name);
    if ((this.#names?.size ?? 0) > limits.newsRows) this.#names = undefined;
    this.#gather();
  }

  #gather(): void {
    if (this.#timer !== undefined) return;
    this.#delayMs = gatherMs(this.#delayMs, performance.now() - this.#toldMs);
    this.#timer = setTimeout(() => this.#tell(), this.#delayMs).unref();
  }

  #tell(): void {
    this.#timer = undefined;
    this.#toldMs = performance.now();
    const names = this.#names;
    this.#names = new Set();
    const entries: Entry[] = [];
    const gone: Name[] = [];
    const isStill = this.#visit((fd) => {
      for (const name of names ?? []) {
        if (this.#opts.place.hides(name)) continue;
        const entry = this.#opts.place.entry(fd, name);
        const key = entry === undefined ? '' : rowKey(entry);
        if (this.#told.get(name) === key) continue;
        this.#remember(name, key);
        if (entry === undefined) gone.push(name);
        else entries.push(entry);
      }
    });
    if (!isStill) return;
    if (names === undefined) this.#sayAgain();
    else if (entries.length + gone.length > 0) this.#opts.onNews({ kind: 'changed', entries, gone });
  }

  #remember(name: Name, key: string): void {
    this.#told.delete(name);
    this.#told.set(name, key);
    const [oldest] = this.#told.keys();
    if (this.#told.size > rememberedRows && oldest !== undefined) this.#told.delete(oldest);
  }

  #sayAgain(): void {
    this.#told.clear();
    this.#opts.onNews({ kind: 'again' });
  }

  /**
   * Looks into the folder where it is now. False when it is not there any more, which is told; where another one has taken its place,
   * that is watched from now on.
   */
  #visit(use: (fd: number, stats: BigIntStats) => void): boolean {
    if (this.#isOver) return false;
    try {
      const isSame = closing(this.#opts.place.open(), (fd) =>
        onDisk(() => {
          const stats = fstatSync(fd, { bigint: true });
          // The root is held, and outlives its own removal.
          if (stats.nlink === 0n) throw new FerryError(Code.NOT_FOUND, 'no such file or folder');
          if (folderKey(stats) !== this.#folder) return false;
          use(fd, stats);
          return true;
        }),
      );
      if (isSame) return true;
      this.#unwatch();
      this.#begin();
      if (this.polls) this.#turnToPolling();
      this.#sayAgain();
    } catch (error) {
      const why = asDiskError(error);
      // That no descriptor is free says nothing of the folder.
      if (why.code === Code.BUSY) return false;
      this.close();
      this.#opts.onNews({ kind: 'over', error: why });
    }
    return false;
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #turnToPolling(): void {
    this.#unwatch();
    this.#snapshot = undefined;
    this.#reading ??= this.#poll();
  }

  #pollLater(): void {
    clearTimeout(this.#polling);
    const ms = this.#isHinted ? Math.max(gatherMs(undefined, 0), 4 * this.#readMs) : nextPollMs(this.#readMs);
    this.#polling = setTimeout(() => {
      this.#reading ??= this.#poll();
    }, ms).unref();
  }

  /** Reads the folder, tells what is different from the last time, and has itself called again. */
  async #poll(): Promise<void> {
    this.#isHinted = false;
    const now = new Snapshot();
    this.#readMs = 0;
    try {
      await nextTurn();
      if (this.#isOver) return;
      let sinceMs = performance.now();
      for (const page of this.#opts.place.list()) {
        now.add(page);
        this.#readMs += performance.now() - sinceMs;
        await nextTurn();
        if (this.#isOver) return;
        sinceMs = performance.now();
      }
      this.#compare(now);
    } catch (error) {
      // Why it cannot be read, the visit says.
      asDiskError(error);
      this.#visit(() => {});
    } finally {
      this.#reading = undefined;
    }
    if (!this.#isOver && this.polls) this.#pollLater();
  }

  #compare(now: Snapshot): void {
    const before = this.#snapshot;
    this.#snapshot = now;
    let news: FolderNews | undefined;
    const isStill = this.#visit((fd) => {
      news = before?.difference(now, (name) => this.#opts.place.entry(fd, name));
    });
    if (isStill && news !== undefined) this.#opts.onNews(news);
  }
}

function folderKey({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

function isSilent(fd: number): boolean {
  return silentSystems.has(onDisk(() => statfsSync(folderPath(fd)).type));
}
