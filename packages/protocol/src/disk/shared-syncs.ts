/**
 * Syncs of folders that many wait for at once: who comes while one is under way shares the next with all others who came
 * meanwhile. Many packs of small files for one folder so cost a few syncs, and none of them holds up the thread.
 * One per I/O thread; the syncs themselves run on the thread pool.
 */

import { closeSync, fstatSync, fsync } from 'node:fs';
import { promisify } from 'node:util';
import { reopenFolderToSync } from './at.ts';
import { diskError, errnoOf, unlessErrno } from './errno.ts';

const syncOnPool = promisify(fsync);

type Round = {
  readonly running: Promise<boolean>;
  /** Begins when that is over, however it ends. */
  next: Promise<boolean> | undefined;
};

const rounds = new Map<string, Round>();

/**
 * Resolves when all names that the folder has or lacks now are on the disk; with false where a file system cannot do that, or
 * we may not. The caller may close its handle meanwhile.
 * @throws {FerryError} IO_ERROR, each who shared the sync; raw system errors where the folder cannot be looked at
 */
export function syncShared(folderFd: number): Promise<boolean> {
  const { dev, ino } = fstatSync(folderFd, { bigint: true });
  const key = `${dev}:${ino}`;
  const round = rounds.get(key);
  if (round === undefined) return begin(key, folderFd);
  if (round.next !== undefined) return round.next;
  // The handle that the next one begins with, as the caller's may be gone by then.
  const fd = reopen(folderFd);
  if (fd === undefined) return Promise.resolve(false);
  const goOn = (): Promise<boolean> => run(key, fd);
  round.next = round.running.then(goOn, goOn);
  return round.next;
}

function begin(key: string, folderFd: number): Promise<boolean> {
  const fd = reopen(folderFd);
  return fd === undefined ? Promise.resolve(false) : run(key, fd);
}

function reopen(folderFd: number): number | undefined {
  let fd: number | undefined;
  // A folder we may write to but not read cannot be opened for fsync.
  unlessErrno(['EACCES'], () => {
    fd = reopenFolderToSync(folderFd);
  });
  return fd;
}

/** Takes the descriptor over. */
function run(key: string, fd: number): Promise<boolean> {
  const round: Round = { running: syncAndClose(fd), next: undefined };
  rounds.set(key, round);
  const over = (): void => {
    if (round.next === undefined) rounds.delete(key);
  };
  round.running.then(over, over);
  return round.running;
}

async function syncAndClose(fd: number): Promise<boolean> {
  try {
    await syncOnPool(fd);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EINVAL') return false;
    throw diskError(error);
  } finally {
    closeSync(fd);
  }
}
