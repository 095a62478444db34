/** Who else is on the server, and what they may see of us. Pure; UI thread. */

import { samePath } from '@ferry/protocol';
import type { Activity, Person } from '../engine/people.ts';
import type { Action } from '../keymap/keymap.ts';
import type { Dialog } from './dialog.ts';
import type { Next } from './next.ts';
import { type AppState, activeSide, runningJobs } from './state.ts';
import { listPage, steppedTo, withinRows } from './step.ts';

export type PeopleDialog = Dialog & { readonly kind: 'people' };

export type Others = {
  /** On the server with us, ourselves among them; 0: not known. */
  readonly here: number;
  /** They may see the folder on the screen and what moves. */
  readonly isShown: boolean;
  /** As it was told last. */
  readonly told: Activity | undefined;
};

/** So many of what moves are told by name: limits.shownMoves. */
const shownMoves = 3;

export function openPeople(state: AppState): Next {
  return [{ ...state, dialog: { kind: 'people', rows: undefined, top: 0 } }, [{ kind: 'list-people' }]];
}

export function actInPeople(state: AppState, dialog: PeopleDialog, action: Action): Next {
  const count = dialog.rows?.length ?? 0;
  const top = steppedTo(action, dialog.top, listPage, count);
  if (top !== undefined) return [{ ...state, dialog: { ...dialog, top: withinRows(top, count) } }, []];
  switch (action) {
    case 'no':
      return [{ ...state, dialog: undefined }, []];
    case 'refresh':
      return [state, [{ kind: 'list-people' }]];
    case 'show-activity': {
      const isShown = !state.people.isShown;
      return [{ ...state, people: { ...state.people, isShown } }, []];
    }
    default:
      return [state, []];
  }
}

export function peopleListed(state: AppState, rows: readonly Person[]): AppState {
  const told = { ...state, people: { ...state.people, here: rows.length } };
  return state.dialog?.kind === 'people' ? { ...told, dialog: { ...state.dialog, rows } } : told;
}

/** They have changed; who looks at the list sees it. */
export function peopleChanged(state: AppState, here: number): Next {
  const told = { ...state, people: { ...state.people, here } };
  return [told, state.dialog?.kind === 'people' ? [{ kind: 'list-people' }] : []];
}

/** What each step does beside its own: asks who is here when the server is, and tells what they may see when that changes. */
export function withOthers(before: AppState, [state, cmds]: Next): Next {
  const isBack = state.connection.phase === 'online' && before.connection.phase !== 'online';
  const asked: Next = isBack ? [state, [...cmds, { kind: 'list-people' }]] : [state, cmds];
  const now = state.people.isShown ? activityOf(state) : undefined;
  if (isSame(now, state.people.told)) return asked;
  return [
    { ...state, people: { ...state.people, told: now } },
    [...asked[1], { kind: 'show-activity', activity: now }],
  ];
}

/** Of the server that was connected to first alone: other servers are nobody's business there. */
function activityOf(state: AppState): Activity {
  const shown = [state[activeSide(state)], state.remote, state.local].find(
    ({ where }) => where === state.address,
  );
  const moving = runningJobs(state).filter(
    ({ phase, server }) => phase === 'moving' && server === state.address,
  );
  return {
    folder: shown?.path,
    moving: moving.slice(0, shownMoves).map((job) => ({
      way: job.direction === 'upload' ? 0 : 1,
      path: job.direction === 'upload' ? job.target : job.source,
    })),
    movingCount: moving.length,
  };
}

function isSame(a: Activity | undefined, b: Activity | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    (a.folder === undefined || b.folder === undefined
      ? a.folder === b.folder
      : samePath(a.folder, b.folder)) &&
    a.movingCount === b.movingCount &&
    a.moving.every(({ way, path }, i) => {
      const other = b.moving[i];
      return other !== undefined && other.way === way && samePath(other.path, path);
    })
  );
}
