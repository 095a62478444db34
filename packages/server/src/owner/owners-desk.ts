/** What the owner's commands work with: accounts and shares as they are, and where they are changed. Main thread. */

import { AccessFile } from '../access/access-file.ts';
import { Accounts } from '../access/accounts.ts';
import { type AccessChanges, localAccess } from '../access/operations.ts';
import { Shares } from '../access/shares.ts';
import type { Places } from '../config.ts';

export type OwnersDesk = {
  readonly accounts: Accounts;
  readonly shares: Shares;
  readonly changes: AccessChanges;
  readonly close: () => Promise<void>;
};

/** @throws {FerryError} CONFIG */
export async function openOwnersDesk({ accessFile }: Places): Promise<OwnersDesk> {
  const file = new AccessFile(accessFile);
  const local = localAccess(accessFile);
  return {
    accounts: new Accounts(file),
    shares: new Shares(file),
    changes: local.changes,
    close: async () => {
      local.close();
      file.close();
    },
  };
}
