/** trash, listTrash, restore and emptyTrash: see the messages of that name. A user has one trash, guests share one. */

import {
  type Deletion,
  emptyTrash,
  listTrash,
  restore,
  type TrashPart,
  trash,
} from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import { trashOwnerOf } from '../../access/principal.ts';
import type { Trashed } from '../../storage/works.ts';
import { aboutMoving, type SessionContext, shownPath } from '../context.ts';
import { RowParts } from '../row-parts.ts';
import { type SessionWorks, treeDoneOf, treeParts } from '../works.ts';

export function trashHandler(context: SessionContext, works: SessionWorks) {
  const { storage, principal, who, log } = context;
  return handler(trash, async ({ path }, call) => {
    const found: Trashed[] = [];
    const work = await works.run(
      call,
      treeParts,
      async (work) => {
        found.push(await storage.works.trash(path, trashOwnerOf(principal.account?.id), work));
      },
      aboutMoving(context, 'trash', path),
    );
    const [trashed] = found;
    if (trashed === undefined) throw new Error('it went to the trash and is not there');
    log({ what: 'trashed', who, path: shownPath(context, path), files: work.files });
    return { deletion: deletionOf(trashed) };
  });
}

export function listTrashHandler({ storage, principal }: SessionContext, works: SessionWorks) {
  return handler(listTrash, async (_request, call) => {
    const parts = new RowParts<Deletion, TrashPart>(
      call,
      (progress, rows) => ({ ...progress, rows }),
      (row) => row.path.reduce((sum, name) => sum + name.length + 1, 0) + 64,
    );
    const work = await works.run(call, parts.tell, (work) => {
      const rows = parts.rows(work);
      return storage.works.listTrash(trashOwnerOf(principal.account?.id), [], work, (trashed) =>
        rows(deletionOf(trashed)),
      );
    });
    return treeDoneOf(work);
  });
}

export function restoreHandler(context: SessionContext) {
  const { storage, principal, who, log } = context;
  return handler(restore, async ({ id, to }) => {
    const restored = await storage.works.restore(
      trashOwnerOf(principal.account?.id),
      [],
      Buffer.from(id).toString('hex'),
      to,
    );
    log({ what: 'restored', who, path: shownPath(context, restored.path), files: restored.files });
    return { path: restored.path };
  });
}

export function emptyTrashHandler({ storage, principal }: SessionContext, works: SessionWorks) {
  return handler(emptyTrash, async ({ ids }, call) => {
    const named = ids?.map((id) => Buffer.from(id).toString('hex'));
    const work = await works.run(call, treeParts, (work) =>
      storage.works.emptyTrash(trashOwnerOf(principal.account?.id), [], named, work),
    );
    return treeDoneOf(work);
  });
}

function deletionOf({ id, ...trashed }: Trashed): Deletion {
  return { ...trashed, id: Buffer.from(id, 'hex') };
}
