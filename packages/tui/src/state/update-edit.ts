/**
 * Editing: a copy is fetched, the user's editor has the screen, and what changed goes back. A copy that could not go back is kept
 * and its place said. Pure; UI thread.
 */

import {
  baseName,
  Code,
  type Entry,
  EntryKind,
  type Facts,
  joinPath,
  type Path,
  parentPath,
  type Shown,
  samePath,
  showName,
  trusted,
  type WireError,
} from '@ferry/protocol';
import prettyBytes from 'pretty-bytes';
import type { EditCopy } from '../engine/edits.ts';
import type { Side, Where } from '../engine/engine.ts';
import { entryPath } from '../engine/server-works.ts';
import { keyName } from '../keymap/key-name.ts';
import type { Action } from '../keymap/keymap.ts';
import { keyOf } from '../keymap/resolve.ts';
import { type AtWhich, atServer } from './cmd.ts';
import type { Dialog } from './dialog.ts';
import { type ChangedAnswer, changedAnswers, type Edit, type EditMsg } from './edit.ts';
import { field } from './edit-line.ts';
import { editTexts } from './file-texts.ts';
import { inWords, type Next } from './next.ts';
import { type AppState, atWhich, statusAt } from './state.ts';
import { withUndo } from './undo.ts';

/** Larger files are fetched after a question. */
const askedBytes = 64_000_000;

/** F4 on an entry. */
export function edit(state: AppState, side: Side, folder: Path, entry: Entry): Next {
  const path = entryPath(folder, entry.name);
  const { where } = state[side];
  if (where === '') {
    const canBe = entry.kind === EntryKind.file || entry.kind === EntryKind.symlink;
    if (!canBe) return [said(state, editTexts.notFile(showName(entry.name))), []];
    const request = state.requests + 1;
    const next = { ...state, requests: request };
    return [next, [{ kind: 'run-editor', request, file: path, copy: undefined }]];
  }
  if (entry.kind !== EntryKind.file) return [said(state, editTexts.notFile(showName(entry.name))), []];
  const at = atWhich(state, where);
  const own = state.edits.find((one) => samePath(one.path, path) && one.where === at.where);
  if (own?.phase === 'kept') {
    const lines = [editTexts.keptCopy, editTexts.goOn];
    return asked(state, showName(entry.name), lines, { about: 'edit-kept', id: own.id, path });
  }
  if (own !== undefined) return [said(state, editTexts.isSaving(showName(entry.name))), []];
  if (entry.size > askedBytes) {
    const lines = [editTexts.isLarge(prettyBytes(entry.size), keyName(keyOf(state.keymap, 'pane', 'view')))];
    return asked(state, editTexts.ask(showName(entry.name)), lines, { about: 'edit', path, ...at });
  }
  return fetchCopy(state, path, at);
}

function asked(
  state: AppState,
  title: Shown,
  lines: readonly Shown[],
  question: (Dialog & { kind: 'question' })['question'],
): Next {
  return [{ ...state, dialog: { kind: 'question', title, lines, question } }, []];
}

export function fetchCopy(state: AppState, path: Path, at: AtWhich): Next {
  const request = state.requests + 1;
  const title = editTexts.fetching(showName(baseName(path) ?? ''));
  const dialog: Dialog = { kind: 'busy', title, request, path, ...atServer(at) };
  const cmd = { kind: 'fetch-copy', request, path, ...atServer(at) } as const;
  return [{ ...state, requests: request, dialog }, [cmd]];
}

/** The kept copy again, or a fresh one instead of it. */
export function editKept(state: AppState, id: number): Next {
  const own = state.edits.find((one) => one.id === id);
  return own === undefined ? [state, []] : openEditor(state, own);
}

export function editAnew(state: AppState, id: number, path: Path): Next {
  const own = state.edits.find((one) => one.id === id);
  const [next, cmds] = fetchCopy(without(state, id), path, own ?? {});
  return [
    next,
    own === undefined ? cmds : [{ kind: 'drop-copy', copy: own.copy, ...atServer(own) }, ...cmds],
  ];
}

function openEditor(state: AppState, own: Edit): Next {
  const next = withEdit(state, { ...own, phase: 'open' });
  return [
    next,
    [{ kind: 'run-editor', request: own.id, file: own.copy.copy, copy: own.copy, ...atServer(own) }],
  ];
}

export function onEdit(state: AppState, msg: EditMsg): Next {
  if (msg.kind === 'leftovers') return [withLeftovers(state, msg.copies), []];
  const own = state.edits.find(({ id }) => id === msg.request);
  switch (msg.kind) {
    case 'copy-fetched':
      return fetched(state, msg.request, msg.copy);
    case 'copy-unfetched': {
      if (!isBusyWith(state, msg.request)) return [state, []];
      const next = { ...state, dialog: undefined };
      return [{ ...next, notice: { text: inWords(editTexts.doing.fetching, msg.error), isError: true } }, []];
    }
    case 'editor-ended': {
      const next = msg.problem === undefined ? state : failed(state, msg.problem);
      if (own === undefined) return [next, []];
      if (msg.isChanged) return save(next, own, own.path, own.copy.version);
      const text = msg.problem ?? editTexts.unchanged(nameOf(own));
      const dropped = without(next, own.id);
      return [
        { ...dropped, notice: { text, isError: msg.problem !== undefined } },
        [{ kind: msg.problem === undefined ? 'leave-copy' : 'drop-copy', copy: own.copy, ...atServer(own) }],
      ];
    }
    case 'copy-stored':
      if (own === undefined) return [state, []];
      return [
        withBefore(said(without(state, own.id), editTexts.saved(nameOf(own))), own),
        [{ kind: 'drop-copy', copy: own.copy, ...atServer(own) }],
      ];
    case 'copy-unstored':
      return own === undefined ? [state, []] : unstored(state, own, msg.error, msg.there);
    case 'copy-compared':
      if (own === undefined || !isBusyWith(state, msg.request)) return [state, []];
      return [{ ...state, dialog: { kind: 'difference', edit: own.id, lines: msg.lines, top: 0 } }, []];
    case 'copy-uncompared':
      if (own === undefined || !isBusyWith(state, msg.request)) return [state, []];
      return [failed({ ...state, dialog: dialogOf(own) }, inWords(editTexts.doing.comparing, msg.error)), []];
  }
}

/** Nothing that was edited goes unsaid, also when the program that knew of it was killed. */
function withLeftovers(state: AppState, copies: readonly Path[]): AppState {
  const [first] = copies;
  if (first === undefined) return state;
  const place = showName(`/${first.join('/')}`);
  return failed(state, editTexts.leftover(place, copies.length - 1));
}

/** The version before can be had back. */
function withBefore(state: AppState, { where = state.address, path, replaces }: Edit): AppState {
  if (replaces === undefined) return state;
  return withUndo(state, { kind: 'overwritten', where, files: [{ path, bytes: replaces.size }] });
}

function isBusyWith({ dialog }: AppState, request: number): boolean {
  return dialog?.kind === 'busy' && dialog.request === request;
}

/** Who does not wait for it any more has no use for it. */
function fetched(state: AppState, request: number, copy: EditCopy): Next {
  if (state.dialog?.kind !== 'busy' || state.dialog.request !== request) {
    return [state, [{ kind: 'drop-copy', copy }]];
  }
  const { path } = state.dialog;
  const own: Edit = { id: request, path, copy, phase: 'open', there: undefined, ...atServer(state.dialog) };
  return openEditor({ ...state, dialog: undefined, edits: [...state.edits, own] }, own);
}

function save(state: AppState, own: Edit, path: Path, replaces: Facts | undefined): Next {
  const saving: Edit = { ...own, path, phase: 'saving', there: undefined, replaces };
  const words =
    statusAt(state, own.where ?? state.address).phase === 'online'
      ? editTexts.saving(nameOf(saving))
      : editTexts.away(placeOf(own));
  return [
    said(withEdit(state, saving), words),
    [{ kind: 'store-copy', request: own.id, path, copy: own.copy, replaces, ...atServer(own) }],
  ];
}

const ofAnother: ReadonlySet<number> = new Set([
  Code.CONFLICT,
  Code.EXISTS,
  Code.NOT_FOUND,
  Code.NOT_REGULAR,
]);

function unstored(state: AppState, own: Edit, error: WireError, there: Facts | undefined): Next {
  if (ofAnother.has(error[0])) {
    const calm = { ...withEdit(state, { ...own, phase: 'asking', there }), notice: undefined };
    return [withNextChanged(calm), []];
  }
  const text = editTexts.keptAs(inWords(editTexts.doing.saving(nameOf(own)), error), placeOf(own));
  return [failed(withEdit(state, { ...own, phase: 'kept' }), text), []];
}

/** The dialog about a file that is another by now opens when nothing else is open. */
export function withNextChanged(state: AppState): AppState {
  if (state.dialog !== undefined || state.viewer !== undefined) return state;
  const own = state.edits.find(({ phase }) => phase === 'asking');
  return own === undefined ? state : { ...state, dialog: dialogOf(own) };
}

function dialogOf({ id }: Edit): Dialog {
  return { kind: 'changed', edit: id, chosen: undefined };
}

const choices: Partial<Record<Action, ChangedAnswer>> = {
  'choose-overwrite': 'overwrite',
  'choose-save-as': 'save-as',
  'choose-difference': 'difference',
  'choose-keep': 'keep',
};

/** Keys in that dialog. It may come in the middle of typing, so letters choose and Enter answers. */
export function actInChanged(state: AppState, dialog: Dialog & { kind: 'changed' }, action: Action): Next {
  const own = state.edits.find(({ id }) => id === dialog.edit);
  if (own === undefined) return [{ ...state, dialog: undefined }, []];
  const choose = (chosen: ChangedAnswer): Next => [{ ...state, dialog: { ...dialog, chosen } }, []];
  const chosen = choices[action];
  if (chosen !== undefined) return choose(chosen);
  const last = changedAnswers.length - 1;
  const at = dialog.chosen === undefined ? last + 1 : changedAnswers.indexOf(dialog.chosen);
  switch (action) {
    case 'up':
      return choose(changedAnswers[Math.max(0, at - 1)] ?? 'keep');
    case 'down':
      return choose(changedAnswers[Math.min(last, at + 1)] ?? 'keep');
    case 'no':
      return kept(state, own);
    case 'accept':
      return dialog.chosen === undefined
        ? [said(state, editTexts.chooseFirst), []]
        : answered(state, own, dialog.chosen);
    default:
      return [state, []];
  }
}

function answered(state: AppState, own: Edit, answer: ChangedAnswer): Next {
  switch (answer) {
    case 'overwrite':
      return save({ ...state, dialog: undefined }, own, own.path, own.there);
    case 'save-as': {
      const dialog: Dialog = {
        kind: 'prompt',
        title: editTexts.saveAs,
        fields: [field(trusted(''), Buffer.from(baseName(own.path) ?? '', 'latin1').toString('utf8'))],
        field: 0,
        prompted: { about: 'save-as', edit: own.id },
        error: undefined,
      };
      return [{ ...state, dialog }, []];
    }
    case 'difference': {
      const title = editTexts.comparing;
      const busy: Dialog = { kind: 'busy', title, request: own.id, path: own.path };
      return [
        { ...state, dialog: busy },
        [{ kind: 'compare-copy', request: own.id, path: own.path, copy: own.copy, ...atServer(own) }],
      ];
    }
    case 'keep':
      return kept(state, own);
  }
}

function kept(state: AppState, own: Edit): Next {
  const next = withEdit({ ...state, dialog: undefined }, { ...own, phase: 'kept' });
  return [said(next, editTexts.kept(placeOf(own), keyName(keyOf(state.keymap, 'pane', 'edit')))), []];
}

/** In the folder where it came from. */
export function saveAs(state: AppState, id: number, name: Entry['name']): Next {
  const own = state.edits.find((one) => one.id === id);
  if (own === undefined) return [state, []];
  return save(state, own, joinPath(parentPath(own.path), name), undefined);
}

/** Leaves what runs behind a `busy` dialog; a copy that waits for an answer asks again. */
export function leaveBusy(state: AppState, request: number): Next {
  return [withNextChanged({ ...state, dialog: undefined }), [{ kind: 'stop', request }]];
}

/** Said once when a server goes away under a copy that is on its way. */
export function withAwayNotice(state: AppState, where: Where): AppState {
  const own = state.edits.find((one) => one.phase === 'saving' && (one.where ?? state.address) === where);
  if (own === undefined) return state;
  return said(state, editTexts.away(placeOf(own)));
}

/** Of those that are not saved, for who leaves. */
export function unsaved(state: AppState): readonly { readonly name: Shown; readonly place: Shown }[] {
  return state.edits.map((own) => ({ name: nameOf(own), place: placeOf(own) }));
}

function withEdit(state: AppState, own: Edit): AppState {
  return { ...state, edits: state.edits.map((one) => (one.id === own.id ? own : one)) };
}

function without(state: AppState, id: number): AppState {
  return { ...state, edits: state.edits.filter((one) => one.id !== id) };
}

function said(state: AppState, text: Shown): AppState {
  return { ...state, notice: { text, isError: false } };
}

function failed(state: AppState, text: Shown): AppState {
  return { ...state, notice: { text, isError: true } };
}

function nameOf({ path }: Edit): Shown {
  return showName(baseName(path) ?? '');
}

export function placeOf({ copy }: Edit): Shown {
  return showName(`/${copy.copy.join('/')}`);
}
