/** The file of accounts as one of several servers'. Used by replica-thread.ts and by the owner's commands. */

import { randomBytes } from 'node:crypto';
import { ReplicaFile } from '../replica/replica-file.ts';
import { type AccessDesk, deskOver } from './access-desk.ts';
import { AccessFile } from './access-file.ts';
import { accessOperations } from './operations.ts';

/** @throws {FerryError} CONFIG */
export function openAccessReplica(path: string): {
  readonly file: AccessFile;
  readonly replica: ReplicaFile<AccessDesk>;
} {
  const file = new AccessFile(path, { isReplica: true });
  return { file, replica: accessReplica(path, file) };
}

/** @param file opened as a replica's, and closed by whoever did */
export function accessReplica(path: string, file: AccessFile): ReplicaFile<AccessDesk> {
  return new ReplicaFile({
    path,
    database: file.database,
    operations: accessOperations,
    file: deskOver(file),
    isEmpty: () => file.one('select 1 from account limit 1') === undefined,
    onReplaced: () => {
      // One that nobody who is connected has seen.
      file.run('update change set count = ?', randomBytes(6).readUIntBE(0, 6));
    },
  });
}
