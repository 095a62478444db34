/** Keys and text in dialogs. Pure; UI thread. */

import { Code, FerryError, joinPath, nameFromText, show } from '@ferry/protocol';
import { momentsFrom, sizesFrom } from '../engine/find-words.ts';
import type { Action } from '../keymap/keymap.ts';
import { parseRate, parseTimetable } from '../transfer/timetable.ts';
import type { Cmd } from './cmd.ts';
import type { Dialog, Prompted } from './dialog.ts';
import { edited, type Field, typedInto } from './edit-line.ts';
import { withoutShownMarks, withRenamed } from './marks.ts';
import { go, type Next, withPane } from './next.ts';
import { actInPalette, typedInPalette } from './palette.ts';
import { actInPeople } from './people.ts';
import { ruledAnew } from './replacing.ts';
import { deletedForGood, found, grafted, unpacked } from './server-work.ts';
import { actInShares, lineOf, shared, shareEnded } from './shares.ts';
import type { AppState } from './state.ts';
import { listPage, steppedTo } from './step.ts';
import { prompts } from './texts.ts';
import { actInTrash, trashDropped } from './trash.ts';
import { markingLike, typedInPane } from './typing.ts';
import { actInChat, entering, roomNamed, showChat, typedInChat } from './update-chat.ts';
import { actInConflict } from './update-conflict.ts';
import { actInChanged, editAnew, editKept, fetchCopy, leaveBusy, saveAs } from './update-edit.ts';
import { muted, muteSpan, unsaid } from './update-moderation.ts';
import { actInPlaces, complete, pathTyped, typedInPlaces } from './update-places.ts';
import { goTo, searchFor } from './update-viewer.ts';

type Prompt = Dialog & { readonly kind: 'prompt' };

export function actInDialog(state: AppState, action: Action): Next {
  const { dialog } = state;
  const closed = { ...state, dialog: undefined };
  switch (dialog?.kind) {
    case undefined:
      return [state, []];
    case 'shared':
      if (action === 'copy-path') return [state, [{ kind: 'copy-text', text: lineOf(dialog.made) }]];
      return [
        action === 'no' ? closed : { ...state, dialog: { ...dialog, top: scrolled(dialog.top, action) } },
        [],
      ];
    case 'trash':
      return actInTrash(state, dialog, action);
    case 'people':
      return actInPeople(state, dialog, action);
    case 'shares':
      return actInShares(state, dialog, action);
    case 'chat':
      return actInChat(state, action);
    case 'words':
    case 'info':
    case 'details':
      return [
        action === 'no' ? closed : { ...state, dialog: { ...dialog, top: scrolled(dialog.top, action) } },
        [],
      ];
    case 'places':
      return actInPlaces(state, dialog, action);
    case 'palette':
      return [action === 'no' ? closed : actInPalette(state, dialog, action), []];
    case 'conflict':
      return actInConflict(state, dialog, action);
    case 'question':
      if (action === 'yes') return answered(closed, dialog);
      return action === 'no' ? denied(closed, dialog) : [state, []];
    case 'busy':
      return action === 'no' ? leaveBusy(state, dialog.request) : [state, []];
    case 'changed':
      return actInChanged(state, dialog, action);
    case 'difference': {
      if (action === 'no') return [closed, []];
      const top = Math.min(scrolled(dialog.top, action), Math.max(0, dialog.lines.length - 1));
      return [{ ...state, dialog: { ...dialog, top: action === 'last' ? dialog.lines.length : top } }, []];
    }
    case 'prompt':
      if (action === 'no') return isOfChat(dialog.prompted) ? showChat(state) : [closed, []];
      if (action === 'accept') return accepted(state, dialog);
      if (action === 'complete') return completeIn(state, dialog);
      return [{ ...state, dialog: editedIn(dialog, action) }, []];
  }
}

export function typed(state: AppState, text: string): AppState {
  const { dialog } = state;
  if (dialog === undefined)
    return state.typing === undefined ? state : typedInPane(state, state.typing, text);
  if (dialog.kind === 'palette') return typedInPalette(state, dialog, text);
  if (dialog.kind === 'chat') return typedInChat(state, text);
  if (dialog.kind === 'places') return typedInPlaces(state, dialog, text);
  if (dialog.kind !== 'prompt') return state;
  return { ...state, dialog: withField(dialog, typedInto(fieldOf(dialog), text)) };
}

function fieldOf({ fields, field }: Prompt): Field {
  const line = fields[field];
  if (line === undefined) throw new RangeError('a prompt has no such field');
  return line;
}

/** What was wrong with the text before says nothing about another one. */
function withField(dialog: Prompt, line: Field): Prompt {
  const error = line.text === fieldOf(dialog).text ? dialog.error : undefined;
  return { ...dialog, fields: dialog.fields.with(dialog.field, line), error };
}

/** The view stops at the last line; how many there are is not known here. */
function scrolled(top: number, action: Action): number {
  return Math.max(0, steppedTo(action, top, listPage, top + 1000) ?? top);
}

function answered(state: AppState, { question }: Dialog & { kind: 'question' }): Next {
  switch (question.about) {
    case 'quit':
      return [{ ...state, isQuitting: true }, [{ kind: 'quit' }]];
    case 'clear':
      return [state, [{ kind: 'clear' }]];
    case 'cancel':
      return [state, [{ kind: 'act', action: 'cancel', ids: question.ids }]];
    case 'overwrite': {
      const rules = ruledAnew(state, question.ids);
      const marking = rules.length === 0 ? {} : { rules };
      return [state, [{ kind: 'act', action: 'overwrite', ids: question.ids, ...marking }]];
    }
    case 'unsay':
      return unsaid(state, question);
    case 'drop-trash':
      return trashDropped(state, question.id, question.list);
    case 'end-share':
      return shareEnded(state, question.id, question.list);
    case 'edit':
      return fetchCopy(state, question.path, question);
    case 'edit-kept':
      return editKept(state, question.id);
    case 'delete': {
      const { side, folder, entries } = question;
      const { where } = state[side];
      const cmd: Cmd =
        where === ''
          ? { kind: 'remove', side, folder, entries }
          : { kind: 'delete', where, folder, entries, forGood: false };
      return [withPane(state, withoutShownMarks(state[side])), [cmd]];
    }
  }
}

/** A no means that nothing happens, but for the one that asks which of two. */
function denied(state: AppState, { question }: Dialog & { kind: 'question' }): Next {
  if (question.about === 'end-share' || question.about === 'drop-trash')
    return [{ ...state, dialog: question.list }, []];
  if (question.about === 'unsay') return showChat(state);
  return question.about === 'edit-kept' ? editAnew(state, question.id, question.path) : [state, []];
}

/** A line that cannot be taken stays, with the cursor in it and why. */
function accepted(state: AppState, dialog: Prompt): Next {
  let at = 0;
  /** The text of the next field, read; which one is remembered for what may be wrong with it. */
  const read = <T>(from: (text: string) => T): T => {
    const text = dialog.fields[at]?.text ?? '';
    const value = from(text);
    at += 1;
    return value;
  };
  try {
    return taken({ ...state, dialog: undefined }, dialog.prompted, read);
  } catch (error) {
    if (!(error instanceof FerryError)) throw error;
    return [{ ...state, dialog: { ...dialog, field: at, error: show(error.message) } }, []];
  }
}

/** @throws {FerryError} what is wrong with the field read last */
function taken(state: AppState, prompted: Prompted, read: <T>(from: (text: string) => T) => T): Next {
  switch (prompted.about) {
    case 'save-as':
      return saveAs(state, prompted.edit, read(nameFromText));
    case 'search':
      return searchFor(state, read(String), prompted.by);
    case 'go-to':
      return read((text) => goTo(state, text));
    case 'limit':
      return [state, [{ kind: 'limit', limit: read(rateFrom), ids: prompted.ids }]];
    case 'limits':
      return [
        state,
        [
          {
            kind: 'limits',
            limits: { up: read(rateFrom), down: read(rateFrom), timetable: read(timetableFrom) },
          },
        ],
      ];
    case 'pattern': {
      const pane = state[prompted.side];
      return [markingLike(state, pane, read(String), prompted.on), []];
    }
    case 'room': {
      const ref = read(roomNamed);
      const passphrase = read(String);
      return entering(state, ref, passphrase === '' ? undefined : passphrase);
    }
    case 'mute':
      return muted(state, prompted.name, read(muteSpan));
    case 'share':
      return shared(state, prompted, read);
    case 'permissions': {
      const { side, folder, entries } = prompted;
      const mode = read(modeFrom);
      return [
        withPane(state, withoutShownMarks(state[side])),
        [{ kind: 'permissions', side, folder, entries, mode }],
      ];
    }
    case 'for-good':
      return read((text) => deletedForGood(state, prompted, text));
    case 'find': {
      const name = read(String);
      const content = read(String);
      const size = read((text) => {
        sizesFrom(text);
        return text;
      });
      const changed = read((text) => {
        momentsFrom(text, 0);
        return text;
      });
      return found(state, { name, content, size, changed });
    }
    case 'unpack':
      return read((text) => unpacked(state, prompted, text));
    case 'graft':
      return read((text) => grafted(state, prompted, text));
    case 'go-to-path': {
      const { side } = prompted;
      return go(
        state,
        side,
        read((text) => pathTyped(text, state[side].path)),
      );
    }
    case 'mkdir':
    case 'rename': {
      const { side, folder } = prompted;
      const name = read(nameFromText);
      const path = joinPath(folder, name);
      const next = { ...state[side], seek: name };
      if (prompted.about === 'mkdir') return [withPane(state, next), [{ kind: 'mkdir', side, path }]];
      if (name === prompted.from) return [state, []];
      const from = joinPath(folder, prompted.from);
      return [
        withPane(state, withRenamed(next, prompted.from, name)),
        [{ kind: 'rename', side, from, to: path }],
      ];
    }
  }
}

function isOfChat({ about }: Prompted): boolean {
  return about === 'room' || about === 'mute';
}

function modeFrom(text: string): number {
  if (!/^[0-7]{1,4}$/.test(text.trim())) throw new FerryError(Code.USAGE, prompts.notPermissions);
  return Number.parseInt(text.trim(), 8);
}

/** What Tab does in a line: completes a path, or goes on to the next line. */
function completeIn(state: AppState, dialog: Prompt): Next {
  if (dialog.prompted.about !== 'go-to-path') return [{ ...state, dialog: editedIn(dialog, 'down') }, []];
  try {
    return complete(state, dialog, dialog.prompted.side);
  } catch (error) {
    if (!(error instanceof FerryError)) throw error;
    return [{ ...state, dialog: { ...dialog, error: show(error.message) } }, []];
  }
}

/** Nothing means no limit. */
function rateFrom(text: string): number | undefined {
  return text.trim() === '' ? undefined : parseRate(text.trim(), Code.USAGE);
}

function timetableFrom(text: string): string {
  if (text.trim() !== '') parseTimetable(text, Code.USAGE);
  return text.trim();
}

function editedIn(dialog: Prompt, action: Action): Prompt {
  const to = (field: number): Prompt => ({
    ...dialog,
    field: (field + dialog.fields.length) % dialog.fields.length,
  });
  if (action === 'up') return to(dialog.field - 1);
  if (action === 'down') return to(dialog.field + 1);
  return withField(dialog, edited(fieldOf(dialog), action));
}
