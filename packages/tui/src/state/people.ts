/** Who else is on the server, and what they may see of us. Pure; UI thread. */

import { samePath } from '@ferry/protocol';
import type { Where } from '../engine/engine.ts';
import type { Activity, Person } from '../engine/people.ts';
import type { Action } from '../keymap/keymap.ts';
import { type AtWhich, atServer, type Cmd } from './cmd.ts';
import type { Dialog } from './dialog.ts';
import type { Next } from './next.ts';
import { type AppState, activeSide, atWhich, runningJobs, serverAhead, statusAt } from './state.ts';
import { listPage, steppedTo, withinRows } from './step.ts';

export type PeopleDialog = Dialog & { readonly kind: 'people' };

export type Others = {
  /** On each server with us, ourselves among them; none: not known. */
  readonly here: ReadonlyMap<Where, number>;
  /** Where they may see the folder on the screen and what moves. */
  readonly shownAt: ReadonlySet<Where>;
  /** As it was told last. */
  readonly told: ReadonlyMap<Where, Activity>;
};

/** So many of what moves are told by name: limits.shownMoves. */
const shownMoves = 3;

export function openPeople(state: AppState): Next {
  const at = atWhich(state, serverAhead(state));
  const dialog = { kind: 'people', rows: undefined, top: 0, ...at } as const;
  return [{ ...state, dialog }, [{ kind: 'list-people', ...at }]];
}

export function actInPeople(state: AppState, dialog: PeopleDialog, action: Action): Next {
  const count = dialog.rows?.length ?? 0;
  const top = steppedTo(action, dialog.top, listPage, count);
  if (top !== undefined) return [{ ...state, dialog: { ...dialog, top: withinRows(top, count) } }, []];
  switch (action) {
    case 'no':
      return [{ ...state, dialog: undefined }, []];
    case 'refresh':
      return [state, [{ kind: 'list-people', ...atServer(dialog) }]];
    case 'show-activity': {
      const shownAt = new Set(state.people.shownAt);
      const where = dialog.where ?? state.address;
      if (!shownAt.delete(where)) shownAt.add(where);
      return [{ ...state, people: { ...state.people, shownAt } }, []];
    }
    default:
      return [state, []];
  }
}

export function peopleListed(state: AppState, rows: readonly Person[], at: AtWhich): AppState {
  const told = withHere(state, rows.length, at);
  const { dialog } = state;
  return dialog?.kind === 'people' && dialog.where === at.where
    ? { ...told, dialog: { ...dialog, rows } }
    : told;
}

/** They have changed; who looks at the list sees it. */
export function peopleChanged(state: AppState, here: number, at: AtWhich): Next {
  const { dialog } = state;
  const isSeen = dialog?.kind === 'people' && dialog.where === at.where;
  return [withHere(state, here, at), isSeen ? [{ kind: 'list-people', ...atServer(at) }] : []];
}

function withHere(state: AppState, count: number, { where = state.address }: AtWhich): AppState {
  return { ...state, people: { ...state.people, here: new Map([...state.people.here, [where, count]]) } };
}

/** What each step does beside its own: asks who is here when a server is, and tells what they may see when that changes. */
export function withOthers(before: AppState, [state, cmds]: Next): Next {
  const isBack = (where: Where): boolean =>
    statusAt(state, where).phase === 'online' && statusAt(before, where).phase !== 'online';
  const back = [state.address, ...state.others.keys()].filter(isBack);
  let told = state.people.told;
  const more: Cmd[] = back.map((where) => ({ kind: 'list-people', ...atWhich(state, where) }));
  for (const where of new Set([...state.people.shownAt, ...told.keys()])) {
    const now = state.people.shownAt.has(where) ? activityOf(state, where) : undefined;
    if (isSame(now, told.get(where))) continue;
    const next = new Map(told);
    if (now === undefined) next.delete(where);
    else next.set(where, now);
    told = next;
    more.push({ kind: 'show-activity', activity: now, ...atWhich(state, where) });
  }
  if (more.length === 0) return [state, cmds];
  return [{ ...state, people: { ...state.people, told } }, [...cmds, ...more]];
}

/** Of that server alone: other servers are nobody's business there. */
function activityOf(state: AppState, at: Where): Activity {
  const shown = [state[activeSide(state)], state.remote, state.local].find(({ where }) => where === at);
  const moving = runningJobs(state).filter(({ phase, server }) => phase === 'moving' && server === at);
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
