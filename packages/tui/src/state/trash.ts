/** What a user deleted or overwrote on the server, as a list to bring it back from. Pure; UI thread. */

import { type Shown, showName } from '@ferry/protocol';
import type { Where } from '../engine/engine.ts';
import type { TrashRow } from '../engine/server-trash.ts';
import type { Action } from '../keymap/keymap.ts';
import { type AtWhich, atServer } from './cmd.ts';
import type { Dialog } from './dialog.ts';
import type { Next } from './next.ts';
import { withoutWideRules } from './replacing.ts';
import { type AppState, atWhich } from './state.ts';
import { listPage, steppedTo, withinRows } from './step.ts';
import { questions } from './texts.ts';
import type { Undo } from './undo.ts';

export type TrashDialog = Dialog & { readonly kind: 'trash' };

export function openTrash(state: AppState, where: Where): Next {
  const at = atWhich(state, where);
  const dialog = { kind: 'trash', rows: undefined, cursor: 0, ...at } as const;
  return [{ ...state, dialog }, [{ kind: 'list-trash', ...at }]];
}

/** Shown where it is waited for, and nowhere else. */
export function trashListed(state: AppState, rows: readonly TrashRow[], at: AtWhich): AppState {
  const { dialog } = state;
  if (dialog?.kind !== 'trash' || dialog.where !== at.where) return state;
  return { ...state, dialog: { ...dialog, rows, cursor: withinRows(dialog.cursor, rows.length) } };
}

export function actInTrash(state: AppState, dialog: TrashDialog, action: Action): Next {
  const { rows = [], cursor } = dialog;
  const row = rows[cursor];
  const next = steppedTo(action, cursor, listPage, rows.length);
  if (next !== undefined)
    return [{ ...state, dialog: { ...dialog, cursor: withinRows(next, rows.length) } }, []];
  switch (action) {
    case 'no':
      return [{ ...state, dialog: undefined }, []];
    case 'refresh':
      return [state, [{ kind: 'list-trash', ...atServer(dialog) }]];
    case 'accept': {
      if (row === undefined) return [state, []];
      const undo = {
        kind: 'deleted',
        where: dialog.where ?? state.address,
        ids: [row.id],
        folder: row.path.slice(0, -1),
      } as const;
      // It is not to be brought back twice.
      const undos = state.undos.flatMap((one): readonly Undo[] => {
        if (!('ids' in one)) return [one];
        const ids = one.ids.filter((id) => id !== row.id);
        return ids.length === 0 ? [] : [{ ...one, ids }];
      });
      const next = withoutWideRules({ ...state, dialog: undefined, undos }, undo.where);
      return [next, [{ kind: 'undo', undo }]];
    }
    case 'forget': {
      if (row === undefined) return [state, []];
      const question = { about: 'drop-trash', id: row.id, list: dialog } as const;
      const lines = [questions.dropTrash(placeOf(row)), questions.forGood];
      return [{ ...state, dialog: { kind: 'question', title: questions.delete, lines, question } }, []];
    }
    default:
      return [state, []];
  }
}

export function trashDropped(state: AppState, id: string, list: TrashDialog): Next {
  return [{ ...state, dialog: list }, [{ kind: 'drop-trash', id, ...atServer(list) }]];
}

/** Where it was. */
export function placeOf({ path }: TrashRow): Shown {
  return showName(`/${path.join('/')}`);
}
