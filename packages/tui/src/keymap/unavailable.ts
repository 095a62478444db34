/** Why actions may not be available now: what a server must be there for, and what its user may do. Pure; UI thread. */

import { type Shown, trusted } from '@ferry/protocol';
import type { Where } from '../engine/engine.ts';
import { viewerTexts } from '../state/file-texts.ts';
import { type AppState, activeSide, otherSide, serverAhead, statusAt } from '../state/state.ts';
import { notices } from '../state/texts.ts';

/** Changing the server's files needs a server, and the right to. */
export function cannotChange(state: AppState): Shown | undefined {
  return cannotChangeAt(state, state[activeSide(state)].where);
}

function cannotChangeAt(state: AppState, where: Where): Shown | undefined {
  if (where === '') return undefined;
  const status = statusAt(state, where);
  if (status.phase !== 'online') return trusted('the server is not connected');
  return status.readOnly ? trusted('you may only look and download here') : undefined;
}

/** What the server does with its own files. */
export function cannotWork(state: AppState): Shown | undefined {
  return isHere(state) ? trusted('that is for the files of the server') : cannotChange(state);
}

/** What was done last may have been done anywhere. */
export function cannotUndo(state: AppState): Shown | undefined {
  const last = state.undos.at(-1);
  return last === undefined ? cannotWork(state) : cannotChangeAt(state, last.where);
}

export function cannotFind(state: AppState): Shown | undefined {
  if (isHere(state)) return trusted('that is for the files of the server');
  return statusAt(state, state[activeSide(state)].where).phase === 'online'
    ? undefined
    : trusted('the server is not connected');
}

/** Between two places there is no moving, only copying and then deleting: nothing is lost where one of them goes away. */
export function cannotMove(state: AppState): Shown | undefined {
  const { where } = state[activeSide(state)];
  if (where === state[otherSide(activeSide(state))].where) return cannotChange(state);
  return notices.movesWithin;
}

/** For what the server ahead has beside its files. */
export function notConnected(state: AppState): Shown | undefined {
  return statusAt(state, serverAhead(state)).phase === 'online'
    ? undefined
    : trusted('the server is not connected');
}

function isHere(state: AppState): boolean {
  return state[activeSide(state)].where === '';
}

/** To a server that is away the jobs wait. */
export function cannotCopy(state: AppState): Shown | undefined {
  const { where } = state[otherSide(activeSide(state))];
  if (where === '') return undefined;
  return statusAt(state, where).phase === 'online' ? cannotChangeAt(state, where) : undefined;
}

/** A picture has no rows, and no text to look through. */
export function notInPicture({ viewer }: AppState): Shown | undefined {
  return viewer?.shows === 'picture' ? viewerTexts.notInPicture : undefined;
}

/** Text has no other size than that of its letters. */
export function onlyInPicture({ viewer }: AppState): Shown | undefined {
  return viewer?.shows === 'picture' ? undefined : viewerTexts.onlyInPicture;
}

/** Of the chat. */
export function noLine({ chat }: AppState): Shown | undefined {
  return chat.chosen === undefined ? trusted('choose a line first') : undefined;
}

export function noJob(state: AppState): Shown | undefined {
  return state.queue.jobs.length === 0 ? trusted('the queue is empty') : undefined;
}
