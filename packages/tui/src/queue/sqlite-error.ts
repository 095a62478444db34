/** What SQLite's error numbers mean for the queue. Pure; all threads. */

/** The primary result code; undefined for what SQLite did not throw. */
function codeOf(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined;
}

/** SQLITE_BUSY and its kin: somebody else is at it. */
export function isBusy(error: unknown): boolean {
  return codeOf(error) === 5;
}

export function isSqlite(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR';
}

/** SQLITE_CORRUPT, _FORMAT, _NOTADB; a table that is not there (_ERROR); a file that ends too early (_IOERR_SHORT_READ). */
export function isDamage(error: unknown): boolean {
  const code = codeOf(error);
  if (code === 10) return error instanceof Error && 'errcode' in error && Number(error.errcode) === 522;
  return code === 1 || code === 11 || code === 24 || code === 26;
}
