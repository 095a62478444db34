/** The audit log of a server that begins: where it may lie, and what is said when it cannot be written. Main thread. */

import { realpathSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { Code, FerryError, show } from '@ferry/protocol';
import type { AuditConfig } from '../config.ts';
import { type Log, note } from '../log.ts';
import { AuditFile } from './audit-file.ts';
import { serverLine } from './audit-line.ts';

/**
 * @param onStop the owner wants no server without an audit log
 * @throws {FerryError} CONFIG; with orStop also where nothing can be written now
 */
export function openAudit(
  { file, mostBytes, orStop }: AuditConfig,
  shared: string,
  log: Log,
  onStop: () => void,
): AuditFile {
  checkPlace(file, shared);
  const audit = new AuditFile({
    path: file,
    mostBytes,
    now: Date.now,
    onFault: (why) => {
      note(log, `the audit log cannot be written: ${why}${orStop ? '' : '; it is tried again'}`);
      if (orStop) onStop();
    },
    onMended: (lost) => {
      const missing = lost === 0 ? 'nothing is missing' : `${lost} lines are missing`;
      note(log, `the audit log is written again: ${missing}`);
    },
  });
  try {
    audit.begin(serverLine('start', process.pid, show(shared), Date.now()));
  } catch (error) {
    if (orStop || !(error instanceof FerryError)) throw error;
    // Tried again like any other line, and said if that is in vain.
    audit.add([]);
  }
  return audit;
}

/** What people may download is no place for what they did. @throws {FerryError} CONFIG */
function checkPlace(file: string, shared: string): void {
  let folder: string;
  try {
    folder = realpathSync(dirname(file));
  } catch (cause) {
    throw new FerryError(Code.CONFIG, 'there is no folder for the audit log', { cause });
  }
  const way = relative(realpathSync(shared), join(folder, 'x'));
  if (way.split('/')[0] !== '..') {
    throw new FerryError(Code.CONFIG, 'the audit log may not lie in the shared folder');
  }
}
