/**
 * The one place where an errno of the operating system becomes a code of ours. Pure; called on I/O threads.
 * The sentences name no path: a peer must not learn where its root lies. The errno and its path stay in `cause`.
 */

import { Code, FerryError } from '../errors.ts';

type Meaning = readonly [code: Code, sentence: string];

const notFound: Meaning = [Code.NOT_FOUND, 'no such file or folder'];
const noSpace: Meaning = [Code.NO_SPACE, 'no space is left on the disk'];
const forbidden: Meaning = [Code.FORBIDDEN, 'the file system does not permit that'];
const tooMany: Meaning = [Code.BUSY, 'too many files are open, try again in a moment'];
const notRegular: Meaning = [Code.NOT_REGULAR, 'not a regular file'];

const meanings: ReadonlyMap<string, Meaning> = new Map([
  ['ENOENT', notFound],
  // A symlink met by O_NOFOLLOW is ELOOP, or ENOTDIR where a folder was asked for: both answer as if nothing were there.
  ['ELOOP', notFound],
  ['ENOTDIR', notFound],
  ['EEXIST', [Code.EXISTS, 'that name is taken']],
  ['ENOTEMPTY', [Code.NOT_EMPTY, 'the folder is not empty']],
  ['ENOSPC', noSpace],
  ['EDQUOT', noSpace],
  ['EACCES', forbidden],
  ['EPERM', forbidden],
  ['EXDEV', [Code.FORBIDDEN, 'that lies on another file system']],
  ['EROFS', [Code.READ_ONLY, 'the file system is read-only']],
  ['ENAMETOOLONG', [Code.NAME_TOO_LONG, 'the name is too long for the file system']],
  ['EILSEQ', [Code.NAME_INVALID, 'the file system does not take that name']],
  ['EMFILE', tooMany],
  ['ENFILE', tooMany],
  ['EBUSY', [Code.BUSY, 'the file or folder is in use']],
  ['ETXTBSY', [Code.BUSY, 'the file is in use']],
  ['EISDIR', notRegular],
  ['ENXIO', notRegular],
  ['EFBIG', [Code.LIMIT, 'the file is too large for the file system']],
]);

/** The errno name (`'ENOENT'`) of what a system call threw; undefined for anything else. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('errno' in error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** What a system call threw, as ours; anything else (ours already, a bug) comes back as it is. */
export function diskError(error: unknown): unknown {
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  const [code, sentence] = meanings.get(errno) ?? [Code.IO_ERROR, 'the disk reported an error'];
  return new FerryError(code, sentence, { cause: error });
}

/** Runs `use`; what its system calls throw is thrown as {@link diskError}. */
export function onDisk<T>(use: () => T): T {
  try {
    return use();
  } catch (error) {
    throw diskError(error);
  }
}

/** As {@link onDisk}, for what takes longer. */
export async function onDiskAsync<T>(use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    throw diskError(error);
  }
}

/** Runs `use`; true when it went well, false when it failed with one of these errnos. Other errors pass. */
export function unlessErrno(errnos: readonly string[], use: () => void): boolean {
  try {
    use();
    return true;
  } catch (error) {
    if (errnos.includes(errnoOf(error) ?? '')) return false;
    throw error;
  }
}

/** For tidying up after a failure: a second one must not hide the first. False when there was one. Bugs are thrown on. */
export function quietly(use: () => void): boolean {
  try {
    use();
    return true;
  } catch (error) {
    asDiskError(error);
    return false;
  }
}

/** As a value. Bugs are thrown on. */
export function asDiskError(error: unknown): FerryError {
  const known = diskError(error);
  if (known instanceof FerryError) return known;
  throw known;
}
