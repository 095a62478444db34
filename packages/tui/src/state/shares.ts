/** What a user shares with people who have no account: asked for, shown to be given away, listed and ended. Pure; UI thread. */

import { Code, EntryKind, FerryError, limits, type Shown, showName, trusted } from '@ferry/protocol';
import { parseAddress } from '@ferry/protocol/session';
import type { MadeShare, OwnShare, ShareWish } from '../engine/server-shares.ts';
import { spanOf } from '../engine/server-shares.ts';
import { entryPath } from '../engine/server-works.ts';
import { keyName } from '../keymap/key-name.ts';
import type { Action } from '../keymap/keymap.ts';
import { keyOf } from '../keymap/resolve.ts';
import { type AtWhich, atServer } from './cmd.ts';
import type { Dialog, Prompted } from './dialog.ts';
import { field } from './edit-line.ts';
import { chosen, withoutShownMarks } from './marks.ts';
import { type Next, withPane } from './next.ts';
import type { Pane } from './pane.ts';
import { type AppState, activeSide, atWhich, serverAhead } from './state.ts';
import { listPage, steppedTo, withinRows } from './step.ts';
import { notices, prompts, questions, shareTexts } from './texts.ts';

export type ShareAction = 'share' | 'drop-box' | 'shares';
export type SharesDialog = Dialog & { readonly kind: 'shares' };

const usualSpan = '7d';

export function actOnShares(state: AppState, pane: Pane, action: ShareAction): Next {
  const where = pane.where === '' ? serverAhead(state) : pane.where;
  const at = atWhich(state, where);
  if (action === 'shares') {
    const dialog = { kind: 'shares', rows: undefined, cursor: 0, ...at } as const;
    return [{ ...state, dialog }, [{ kind: 'list-shares', ...at }]];
  }
  const entries = chosen(pane);
  const [first] = entries;
  const isDrop = action === 'drop-box';
  if (isDrop && (entries.length !== 1 || first?.kind !== EntryKind.folder)) {
    return [noted(state, notices.dropBoxWantsFolder), []];
  }
  if (first === undefined) return [noted(state, notices.nothingToShare), []];
  if (entries.length > limits.sharePaths) return [noted(state, notices.tooManyToShare), []];
  const what = entries.length === 1 ? showName(first.name) : shareTexts.entries(entries.length);
  const fields = [
    field(prompts.shareFor, usualSpan),
    ...(isDrop ? [] : [field(prompts.shareDownloads, '')]),
    field(prompts.shareAt, where),
  ];
  const prompted: Prompted = {
    about: 'share',
    shared: isDrop ? 'drop' : 'read',
    paths: entries.map(({ name }) => entryPath(pane.path, name)),
    ...at,
  };
  const title = isDrop ? prompts.dropBox(what) : prompts.share(what);
  return [{ ...state, dialog: { kind: 'prompt', title, fields, field: 0, prompted, error: undefined } }, []];
}

/** @throws {FerryError} USAGE: what is wrong with the field read last */
export function shared(
  state: AppState,
  { shared: kind, paths, ...at }: Prompted & { readonly about: 'share' },
  read: <T>(from: (text: string) => T) => T,
): Next {
  const wish: ShareWish = {
    kind,
    paths,
    forMs: read(spanFrom),
    downloads: kind === 'drop' ? undefined : read(downloadsFrom),
    at: read(placeFrom),
  };
  return [
    {
      ...withPane(state, withoutShownMarks(state[activeSide(state)])),
      notice: { text: notices.sharing, isError: false },
    },
    [{ kind: 'make-share', wish, ...atServer(at) }],
  ];
}

/** The line is in the clipboard at once; what the terminal did with it nobody knows, so it is shown, too. */
export function shareMade(state: AppState, made: MadeShare): Next {
  return [
    { ...state, notice: undefined, dialog: { kind: 'shared', made, top: 0 } },
    [{ kind: 'copy-text', text: lineOf(made) }],
  ];
}

/** What somebody pastes into a shell. */
export function lineOf({ invite }: MadeShare): Shown {
  return trusted(`ferry '${invite}'`);
}

/** Shown where they are waited for, and nowhere else. */
export function sharesListed(state: AppState, rows: readonly OwnShare[], at: AtWhich): AppState {
  const { dialog } = state;
  if (dialog?.kind !== 'shares' || dialog.where !== at.where) return state;
  return { ...state, dialog: { ...dialog, rows, cursor: withinRows(dialog.cursor, rows.length) } };
}

export function actInShares(state: AppState, dialog: SharesDialog, action: Action): Next {
  const { rows = [], cursor } = dialog;
  const next = steppedTo(action, cursor, listPage, rows.length);
  if (next !== undefined)
    return [{ ...state, dialog: { ...dialog, cursor: withinRows(next, rows.length) } }, []];
  switch (action) {
    case 'no':
      return [{ ...state, dialog: undefined }, []];
    case 'refresh':
      return [state, [{ kind: 'list-shares', ...atServer(dialog) }]];
    case 'forget': {
      const row = rows[cursor];
      if (row === undefined) return [state, []];
      const question = { about: 'end-share', id: row.id, list: dialog } as const;
      const lines = [questions.endShare(whatOf(row)), questions.endShareNow];
      return [{ ...state, dialog: { kind: 'question', title: questions.end, lines, question } }, []];
    }
    default:
      return [state, []];
  }
}

export function shareEnded(state: AppState, id: string, list: SharesDialog): Next {
  return [{ ...state, dialog: list }, [{ kind: 'end-share', id, ...atServer(list) }]];
}

/** Its first path, and how many more. */
export function whatOf({ paths, pathCount }: OwnShare): Shown {
  const [first = []] = paths;
  return shareTexts.what(showName(`/${first.join('/')}`), pathCount - 1);
}

/** The key that lists them, as the user has it. */
export function sharesKey({ keymap }: AppState): Shown {
  return keyName(keyOf(keymap, 'pane', 'shares'));
}

function noted(state: AppState, text: Shown): AppState {
  return { ...state, notice: { text, isError: true } };
}

function spanFrom(text: string): number {
  const ms = spanOf(text);
  if (ms === undefined) throw new FerryError(Code.USAGE, prompts.noSpan);
  return ms;
}

function downloadsFrom(text: string): number | undefined {
  if (text.trim() === '') return undefined;
  const count = /^[0-9]{1,9}$/.test(text.trim()) ? Number(text) : 0;
  if (count < 1 || count > limits.shareDownloads) {
    throw new FerryError(Code.USAGE, prompts.noDownloads(limits.shareDownloads));
  }
  return count;
}

function placeFrom(text: string): { host: string; port: number } | undefined {
  if (text.trim() === '') return undefined;
  const { host, port } = parseAddress(`ferry://${text.trim()}`);
  return { host, port };
}
