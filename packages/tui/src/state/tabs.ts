/**
 * Tabs: pairs of panes, of which one is on the screen. The others stay as they were left, and are read again when they come back. Pure;
 * UI thread.
 */

import { baseName, type Shown, showName, trusted } from '@ferry/protocol';
import type { Side } from '../engine/engine.ts';
import type { Action } from '../keymap/keymap.ts';
import { type Next, refresh } from './next.ts';
import type { Pane } from './pane.ts';
import { type AppState, activeSide, type Origin } from './state.ts';
import { notices } from './texts.ts';

export type Tab = {
  readonly remote: Pane;
  readonly local: Pane;
  readonly focus: Side;
  readonly synced: Origin | undefined;
};

/** Before and after the one on the screen, in order. */
export type OtherTabs = { readonly before: readonly Tab[]; readonly after: readonly Tab[] };

export const mostTabs = 9;

/** undefined for an action that has nothing to do with tabs. */
export function actOnTabs(state: AppState, action: Action): Next | undefined {
  const { before, after } = state.otherTabs;
  const here = tabOf(state);
  const notice = (text: Shown): Next => [{ ...state, notice: { text, isError: false } }, []];
  switch (action) {
    case 'tab-new':
      if (before.length + after.length + 1 >= mostTabs) return notice(notices.tooManyTabs);
      return shown(state, here, { before: [...before, here], after });
    case 'tab-close': {
      const next = after[0] ?? before.at(-1);
      if (next === undefined) return notice(notices.lastTab);
      const rest =
        after.length > 0 ? { before, after: after.slice(1) } : { before: before.slice(0, -1), after };
      return shown(state, next, rest);
    }
    case 'tab-next': {
      const [next, ...rest] = [...after, ...before];
      if (next === undefined) return notice(notices.onlyTab);
      // After the last one comes the first.
      return after.length > 0
        ? shown(state, next, { before: [...before, here], after: rest.slice(0, after.length - 1) })
        : shown(state, next, { before: [], after: [...rest, here] });
    }
    case 'tab-previous': {
      const next = before.at(-1) ?? after.at(-1);
      if (next === undefined) return notice(notices.onlyTab);
      return before.length > 0
        ? shown(state, next, { before: before.slice(0, -1), after: [here, ...after] })
        : shown(state, next, { before: [here, ...after.slice(0, -1)], after: [] });
    }
    default:
      return undefined;
  }
}

function tabOf(state: AppState): Tab {
  const { remote, local, synced } = state;
  return { remote, local, synced, focus: activeSide(state) };
}

function shown(state: AppState, { remote, local, focus, synced }: Tab, otherTabs: OtherTabs): Next {
  const next = { ...state, remote, local, focus, synced, otherTabs, typing: undefined };
  const [first, firstCmds] = refresh(next, 'remote');
  const [second, secondCmds] = refresh(first, 'local');
  return [second, [...firstCmds, ...secondCmds]];
}

export type TabName = { readonly text: Shown; readonly isHere: boolean };

/** What the tabs are called, by where their panes with the keyboard are; empty while there is one. */
export function tabNames(state: AppState): readonly TabName[] {
  const { before, after } = state.otherTabs;
  if (before.length + after.length === 0) return [];
  const all = [...before, tabOf(state), ...after];
  return all.map((tab, i) => {
    const name = baseName(tab[tab.focus].path);
    return {
      text: trusted(`${i + 1} ${name === undefined ? '/' : showName(name)}`),
      isHere: i === before.length,
    };
  });
}
