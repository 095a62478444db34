/** The steps that several parts of update share: a state with what it wants done. Pure; UI thread. */

import { codeName, isWithin, type Path, type Shown, samePath, show, type WireError } from '@ferry/protocol';
import type { Side, Where } from '../engine/engine.ts';
import { keyName } from '../keymap/key-name.ts';
import { keyOf } from '../keymap/resolve.ts';
import type { Cmd } from './cmd.ts';
import { entering, movingTo, type Pane, refreshing, revisiting } from './pane.ts';
import { type AppState, isAway, type Origin, otherSide } from './state.ts';
import { notices } from './texts.ts';

export type Next = readonly [AppState, readonly Cmd[]];

/** An error as people read it, with the code that programs know. */
export function inWords(doing: string, [code, message]: WireError): Shown {
  return show(`${doing === '' ? '' : `${doing}: `}${message} [${codeName(code)}]`);
}

export function withPane(state: AppState, pane: Pane): AppState {
  return pane.side === 'remote' ? { ...state, remote: pane } : { ...state, local: pane };
}

/** Shows another folder on a side, and where both go together, on the other one too. */
export function go(state: AppState, side: Side, path: Path): Next {
  const [next, cmds] = goAlone(state, side, path);
  return together([next, cmds], next[side]);
}

/** Shows another place on a side. */
export function moveTo(state: AppState, side: Side, where: Where, path: Path): Next {
  // Folders of another place correspond to none any more.
  const next = { ...state, synced: undefined, origin: { ...state.origin, [side]: path } };
  return entered(next, movingTo(state[side], where, path, state.requests + 1));
}

/** Shows another folder on a side, whatever the other one does. */
export function goAlone(state: AppState, side: Side, path: Path): Next {
  if (isLost(state, side)) return [lost(state), []];
  return entered(state, entering(state[side], path, state.requests + 1));
}

/** Goes back in the history of a side, or forward again. */
export function revisit(state: AppState, side: Side, way: 'back' | 'forward'): Next {
  if (isLost(state, side)) return [lost(state), []];
  const pane = revisiting(state[side], way, state.requests + 1);
  return pane === undefined ? [state, []] : together(entered(state, pane), pane);
}

/** Nothing can be read there now; who walked on would only lose the place. */
function isLost(state: AppState, side: Side): boolean {
  return isAway(state, state[side]) && state[side].arrived > 0;
}

function lost(state: AppState): AppState {
  return {
    ...state,
    notice: { text: notices.away(keyName(keyOf(state.keymap, 'pane', 'refresh'))), isError: true },
  };
}

function entered(state: AppState, pane: Pane): Next {
  const { side, path, request } = pane;
  return [
    withPane({ ...state, requests: request, typing: undefined }, pane),
    [
      { kind: 'list', side, path, request },
      { kind: 'space', side, path },
    ],
  ];
}

/** The folder of the other side that corresponds to one of this side; undefined where there can be none. */
export function counterpart(base: Origin, side: Side, path: Path): Path | undefined {
  if (!isWithin(base[side], path)) return undefined;
  return [...base[otherSide(side)], ...path.slice(base[side].length)];
}

function together([state, cmds]: Next, { side, path }: Pane): Next {
  const there = state.synced === undefined ? undefined : counterpart(state.synced, side, path);
  if (there === undefined || samePath(there, state[otherSide(side)].path)) return [state, cmds];
  const [next, more] = goAlone(state, otherSide(side), there);
  return [next, [...cmds, ...more]];
}

/** What fills a pane: its folder, or a search below that. */
function listing({ side, where, path, found }: Pane, request: number): Cmd {
  return found === undefined
    ? { kind: 'list', side, path, request }
    : { kind: 'find', side, where, path, query: found.query, changed: found.changed, request };
}

/** Reads a side's folder again, leaving what is shown until the answer is there. */
export function refresh(state: AppState, side: Side): Next {
  if (isLost(state, side)) return [lost(state), [{ kind: 'reconnect', where: state[side].where }]];
  const request = state.requests + 1;
  const pane = state[side];
  const next = withPane({ ...state, requests: request }, refreshing(pane, request));
  return [next, [listing(pane, request), { kind: 'space', side, path: pane.path }]];
}
