/** The audit log of a server that begins: where it may lie, and what is said when it cannot be written. Main thread. */

import { realpathSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { Code, FerryError } from '@ferry/protocol';
import type { AuditConfig } from '../config.ts';
import { type Log, note } from '../log.ts';
import { AuditFile } from './audit-file.ts';

/** @param onStop the owner wants no server without an audit log. @throws {FerryError} CONFIG */
export function openAudit(
  { file, mostBytes, orStop }: AuditConfig,
  shared: string,
  log: () => Log,
  onStop: () => void,
): AuditFile {
  checkPlace(file, shared);
  return new AuditFile({
    path: file,
    mostBytes,
    now: Date.now,
    onFault: (why) => {
      note(log(), `the audit log cannot be written: ${why}${orStop ? '' : '; it is tried again'}`);
      if (orStop) onStop();
    },
    onMended: (lost) => {
      const missing = lost === 0 ? 'nothing is missing' : `${lost} lines are missing`;
      note(log(), `the audit log is written again: ${missing}`);
    },
  });
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
