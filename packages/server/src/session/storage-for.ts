/** The storage as one account sees it: its quota, its rights, its root, and what is counted of it. Worker threads. */

import { type Principal, payerOf, trashOwnerOf } from '../access/principal.ts';
import type { Quotas } from '../access/quota.ts';
import type { ShareDesk } from '../access/share-desk.ts';
import type { Standing } from '../access/standing.ts';
import { withDownloads } from '../access/with-downloads.ts';
import { withOldVersions } from '../access/with-old-versions.ts';
import { withQuota } from '../access/with-quota.ts';
import { withRights } from '../access/with-rights.ts';
import type { Storage } from '../storage/storage.ts';
import { withRoot } from '../storage/with-root.ts';

export type SharedStorage = {
  /** All that the server shares. */
  readonly storage: Storage;
  readonly quotas: Quotas;
  readonly desk: ShareDesk;
  /** What is overwritten goes to the trash, of accounts that want it so. */
  readonly keepsOld: boolean;
};

export function storageFor(
  { storage, quotas, desk, keepsOld }: SharedStorage,
  principal: Principal,
  standing: Standing,
): Storage {
  const { account, root } = principal;
  const payer = account === undefined ? undefined : payerOf(account, root);
  const bounded =
    payer === undefined
      ? storage
      : withQuota(storage, standing.bounds, () => quotas.of(payer.id, payer.root));
  const permitted = withRights(bounded, root, standing.rights);
  const owner = trashOwnerOf(account?.id);
  const keeping = withOldVersions(permitted, () =>
    keepsOld && standing.bounds().keepsOld ? owner : undefined,
  );
  const counting = desk.countingOf(principal);
  return withRoot(counting === undefined ? keeping : withDownloads(keeping, counting), root);
}
