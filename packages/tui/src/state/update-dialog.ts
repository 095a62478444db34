/** Keys and text in dialogs. Pure; UI thread. */

import { FerryError, joinPath, type Name, nameFromText, show } from '@ferry/protocol';
import type { Action } from '../keymap/keymap.ts';
import type { Cmd } from './cmd.ts';
import type { Dialog } from './dialog.ts';
import { type Next, withPane } from './next.ts';
import { withMarks } from './pane.ts';
import type { AppState } from './state.ts';

type Prompt = Dialog & { readonly kind: 'prompt' };

/** Longest line a prompt takes, characters; a name has at most 255 bytes. */
const promptCharacters = 255;

export function actInDialog(state: AppState, action: Action): Next {
  const { dialog } = state;
  const closed = { ...state, dialog: undefined };
  switch (dialog?.kind) {
    case undefined:
      return [state, []];
    case 'help':
    case 'details':
      return [
        action === 'no' ? closed : { ...state, dialog: { ...dialog, top: scrolled(dialog.top, action) } },
        [],
      ];
    case 'question':
      if (action === 'yes') return answered(closed, dialog);
      return [action === 'no' ? closed : state, []];
    case 'prompt':
      if (action === 'no') return [closed, []];
      if (action === 'accept') return accepted(state, dialog);
      return [{ ...state, dialog: edited(dialog, action) }, []];
  }
}

export function typed(state: AppState, text: string): AppState {
  const { dialog } = state;
  if (dialog?.kind !== 'prompt') return state;
  const characters = [...dialog.text];
  if (characters.length + [...text].length > promptCharacters) return state;
  characters.splice(dialog.at, 0, ...text);
  return {
    ...state,
    dialog: { ...dialog, text: characters.join(''), at: dialog.at + [...text].length, error: undefined },
  };
}

const steps: Partial<Record<Action, number>> = { up: -1, down: 1, 'page-up': -10, 'page-down': 10 };

/** The view stops at the last line; how many there are is not known here. */
function scrolled(top: number, action: Action): number {
  if (action === 'first') return 0;
  return Math.max(0, top + (action === 'last' ? 1000 : (steps[action] ?? 0)));
}

function answered(state: AppState, { question }: Dialog & { kind: 'question' }): Next {
  if (question.about === 'quit') return [{ ...state, isQuitting: true }, [{ kind: 'quit' }]];
  const { side, folder, entries } = question;
  return [withPane(state, withMarks(state[side], [])), [{ kind: 'remove', side, folder, entries }]];
}

function accepted(state: AppState, dialog: Prompt): Next {
  let name: Name;
  try {
    name = nameFromText(dialog.text);
  } catch (error) {
    if (!(error instanceof FerryError)) throw error;
    return [{ ...state, dialog: { ...dialog, error: show(error.message) } }, []];
  }
  const { prompted } = dialog;
  const { side, folder } = prompted;
  const path = joinPath(folder, name);
  const cmd: Cmd =
    prompted.about === 'mkdir'
      ? { kind: 'mkdir', side, path }
      : { kind: 'rename', side, from: joinPath(folder, prompted.from), to: path };
  const pane = { ...state[side], seek: name };
  return [
    { ...withPane(state, pane), dialog: undefined },
    prompted.about === 'rename' && name === prompted.from ? [] : [cmd],
  ];
}

function edited(dialog: Prompt, action: Action): Prompt {
  const characters = [...dialog.text];
  const at = (place: number): Prompt => ({ ...dialog, at: Math.min(Math.max(0, place), characters.length) });
  switch (action) {
    case 'left':
      return at(dialog.at - 1);
    case 'right':
      return at(dialog.at + 1);
    case 'first':
      return at(0);
    case 'last':
      return at(characters.length);
    case 'erase':
      if (dialog.at === 0) return dialog;
      return {
        ...dialog,
        text: characters.toSpliced(dialog.at - 1, 1).join(''),
        at: dialog.at - 1,
        error: undefined,
      };
    case 'erase-forward':
      return { ...dialog, text: characters.toSpliced(dialog.at, 1).join(''), error: undefined };
    default:
      return dialog;
  }
}
