/** What is told of the folders that are shown. Pure; UI thread. */

import { Code, samePath } from '@ferry/protocol';
import type { Side } from '../engine/engine.ts';
import { paneRows } from './layout.ts';
import { caughtUp, isLive, withChange } from './live-pane.ts';
import type { Msg } from './msg.ts';
import { type Next, refresh, withPane } from './next.ts';
import { noChanges, type Pane } from './pane.ts';
import { type AppState, statusAt } from './state.ts';
import { recompared } from './update-entries.ts';

export type WatchMsg = Extract<Msg, { readonly kind: 'watched' | 'change' | 'unwatched' }>;

/** Its own panes alone: what comes for a folder that was left is late. */
export function onWatch(state: AppState, msg: WatchMsg): Next {
  const pane = state[msg.side];
  if (!samePath(pane.path, msg.path)) return [state, []];
  switch (msg.kind) {
    case 'watched':
      return [withPane(state, { ...pane, pollMs: msg.pollMs }), []];
    case 'change':
      if (msg.change.kind === 'again') return again(state, pane);
      return [
        recompared(withPane(state, withChange(pane, msg.change, paneRows(state.size)))),
        [{ kind: 'space', side: msg.side, path: pane.path, soon: true }],
      ];
    case 'unwatched': {
      const next = withPane(state, { ...pane, pollMs: undefined });
      // Why the folder is not to be had, or that it is again, its listing says.
      const isGone = goneCodes.has(msg.error[0]);
      return isGone && isLive(pane) && !pane.loading ? refresh(next, msg.side) : [next, []];
    }
  }
}

const goneCodes: ReadonlySet<number> = new Set([Code.NOT_FOUND, Code.NOT_FOLDER, Code.FORBIDDEN]);

function again(state: AppState, pane: Pane): Next {
  if (!isLive(pane)) return [state, []];
  return pane.loading ? [withPane(state, { ...pane, stale: true }), []] : refresh(state, pane.side);
}

/** Something was changed by us: who is told of it anyway needs no listing, only the space that is left. */
export function onOwnChange(state: AppState, side: Side, pane: Pane): Next {
  if (pane.pollMs === 0 && isLive(pane)) return [state, [{ kind: 'space', side, path: pane.path }]];
  return pane.loading ? [withPane(state, { ...pane, stale: true }), []] : refresh(state, side);
}

/**
 * What each step does beside its own: another folder that is shown is watched from before it is listed, after a loss anew, and what
 * came late is shown when it can be.
 */
export function withWatches(before: AppState, [state, cmds]: Next): Next {
  let next: Next = [state, cmds];
  // Each puts its own before the rest.
  for (const side of ['local', 'remote'] as const) next = watched(before, next, side);
  return next;
}

function watched(before: AppState, [state, cmds]: Next, side: Side): Next {
  const [was, pane] = [before[side], state[side]];
  if (was === pane && isOnline(before, pane) === isOnline(state, pane)) return [state, cmds];
  const isBack = isOnline(state, pane) && !isOnline(before, pane) && was.request > 0;
  const isOther =
    (was.request === 0 && pane.request > 0) || !samePath(was.path, pane.path) || was.where !== pane.where;
  if (isOther || isBack) {
    const fresh = { ...pane, pollMs: undefined, late: noChanges };
    return [withPane(state, fresh), [{ kind: 'watch', side, path: pane.path }, ...cmds]];
  }
  const caught = caughtUp(pane, paneRows(state.size));
  if (caught === pane) return [state, cmds];
  return [recompared(withPane(state, caught)), cmds];
}

/** This machine always is. */
function isOnline(state: AppState, { where }: Pane): boolean {
  return where === '' || statusAt(state, where).phase === 'online';
}
