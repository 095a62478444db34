/** Taking lines of the chat away, and letting somebody say nothing for a while: what is asked before. Pure; UI thread. */

import { Code, FerryError, show } from '@ferry/protocol';
import type { ChatLine } from '../engine/chat.ts';
import { keyName } from '../keymap/key-name.ts';
import { keyOf } from '../keymap/resolve.ts';
import { roomAt } from './chat.ts';
import type { Question } from './dialog.ts';
import { field } from './edit-line.ts';
import type { Next } from './next.ts';
import { type AppState, atWhich } from './state.ts';
import { chatTexts, prompts } from './texts.ts';
import { showChat } from './update-chat.ts';

/** Seconds. */
const spans: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400, w: 604_800 };

/** The line that is chosen, or what is said instead of doing anything to it. */
function chosenLine(state: AppState): { readonly ref: string; readonly line: ChatLine } | undefined {
  const { chat } = state;
  const room = roomAt(chat);
  const line = chat.chosen === undefined ? undefined : room?.lines[chat.chosen];
  return room === undefined || line === undefined ? undefined : { ref: room.ref, line };
}

function noted(state: AppState, text: ReturnType<typeof chatTexts.chooseFirst>): Next {
  return [{ ...state, notice: { text, isError: false } }, []];
}

function chooseFirst(state: AppState): Next {
  return noted(state, chatTexts.chooseFirst(keyName(keyOf(state.keymap, 'chat', 'up'))));
}

export function askUnsay(state: AppState): Next {
  const chosen = chosenLine(state);
  if (chosen === undefined) return chooseFirst(state);
  const { ref, line } = chosen;
  if (line.text === '') return noted(state, chatTexts.nothingThere);
  const lines = [show(`${show(line.from)}: ${show(line.text)}`), chatTexts.forEverybody];
  const question = { about: 'unsay', ref, seq: line.seq } as const;
  return [{ ...state, dialog: { kind: 'question', title: chatTexts.unsay, lines, question } }, []];
}

/** Back in the chat, where the line goes when the server says so. */
export function unsaid(state: AppState, { ref, seq }: Question & { readonly about: 'unsay' }): Next {
  const [next, cmds] = showChat(state);
  return [next, [...cmds, { kind: 'chat-unsay', ref, seq, ...atWhich(state, state.chatWhere) }]];
}

export function askMute(state: AppState): Next {
  const chosen = chosenLine(state);
  if (chosen === undefined) return chooseFirst(state);
  const { line } = chosen;
  if (line.own) return noted(state, chatTexts.notSelf);
  const title = prompts.mute(show(line.from));
  const fields = [field(prompts.muteFor, '1h')];
  const prompted = { about: 'mute', name: line.from } as const;
  return [{ ...state, dialog: { kind: 'prompt', title, fields, field: 0, prompted, error: undefined } }, []];
}

/** Milliseconds. @throws {FerryError} USAGE */
export function muteSpan(text: string): number | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  if (trimmed === '0') return 0;
  const [, number, span = ''] = /^([1-9]\d{0,4})([mhdw])$/.exec(trimmed) ?? [];
  const seconds = spans[span];
  if (number === undefined || seconds === undefined) throw new FerryError(Code.USAGE, prompts.noMute);
  return Number(number) * seconds * 1000;
}

export function muted(state: AppState, name: string, ms: number | undefined): Next {
  const [next, cmds] = showChat(state);
  return [next, [...cmds, { kind: 'chat-mute', name, ms, ...atWhich(state, state.chatWhere) }]];
}
