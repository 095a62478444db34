/** The steps that several parts of update share: a state with what it wants done. Pure; UI thread. */

import { codeName, type Path, type Shown, show, type WireError } from '@ferry/protocol';
import type { Side } from '../engine/engine.ts';
import type { Cmd } from './cmd.ts';
import { entering, type Pane, refreshing } from './pane.ts';
import type { AppState } from './state.ts';

export type Next = readonly [AppState, readonly Cmd[]];

/** An error as people read it, with the code that programs know. */
export function inWords(doing: string, [code, message]: WireError): Shown {
  return show(`${doing === '' ? '' : `${doing}: `}${message} [${codeName(code)}]`);
}

export function withPane(state: AppState, pane: Pane): AppState {
  return pane.side === 'remote' ? { ...state, remote: pane } : { ...state, local: pane };
}

/** Shows another folder on a side. */
export function go(state: AppState, side: Side, path: Path): Next {
  const request = state.requests + 1;
  const next = withPane({ ...state, requests: request }, entering(state[side], path, request));
  return [
    next,
    [
      { kind: 'list', side, path, request },
      { kind: 'space', side, path },
    ],
  ];
}

/** Reads a side's folder again, leaving what is shown until the answer is there. */
export function refresh(state: AppState, side: Side): Next {
  const request = state.requests + 1;
  const pane = state[side];
  const next = withPane({ ...state, requests: request }, refreshing(pane, request));
  return [
    next,
    [
      { kind: 'list', side, path: pane.path, request },
      { kind: 'space', side, path: pane.path },
    ],
  ];
}
