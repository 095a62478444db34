/**
 * (state, what happened) → (state, what is wanted done). Pure and quick: nothing here waits, and a key costs microseconds
 * whatever the folder's size. Routes to the parts; UI thread.
 */

import { Code, parentPath, samePath, show, trusted, type WireError } from '@ferry/protocol';
import type { EngineEvent, Side } from '../engine/engine.ts';
import { paneRows } from './layout.ts';
import type { Msg } from './msg.ts';
import { go, inWords, type Next, refresh, withPane } from './next.ts';
import { listed, type Pane, unlisted, withCursor, withPage } from './pane.ts';
import { followed, peeked, unpeeked } from './preview.ts';
import type { AppState } from './state.ts';
import { withNextQuestion } from './update-conflict.ts';
import { actInDialog, typed } from './update-dialog.ts';
import { onEdit, withAwayNotice, withNextChanged } from './update-edit.ts';
import { actInPane } from './update-pane.ts';
import { actInQueue, withJobs } from './update-queue.ts';
import { actInViewer, archiveListed, looked, settle, unlooked, worked, worksAt } from './update-viewer.ts';

export function update(state: AppState, msg: Msg): Next {
  return followed(stepped(state, msg));
}

function stepped(state: AppState, msg: Msg): Next {
  switch (msg.kind) {
    case 'started':
      return withLeftoversFound(both(state, (side) => (now) => go(now, side, now[side].path)));
    case 'action': {
      const calm = state.notice === undefined ? state : { ...state, notice: undefined };
      if (state.dialog !== undefined) {
        const [next, cmds] = actInDialog(calm, msg.action);
        return [withNextQuestion(withNextChanged(next)), cmds];
      }
      if (state.viewer !== undefined) {
        const [next, cmds] = actInViewer(calm, state.viewer, msg.action);
        return [withNextQuestion(withNextChanged(next)), cmds];
      }
      return state.focus === 'queue'
        ? actInQueue(calm, msg.action)
        : actInPane(calm, state.focus, msg.action);
    }
    case 'typed':
      return [typed(state, msg.text), []];
    case 'resized':
      return settle(resized(state, msg.size));
    case 'page':
      return [
        onPane(state, msg.side, msg.request, (pane) => withPage(pane, msg.entries, paneRows(state.size))),
        [],
      ];
    case 'listed':
      return ended(state, msg.side, msg.request, (pane) => listed(pane, paneRows(state.size)));
    case 'unlisted':
      return notListed(state, msg.side, msg.request, msg.error);
    case 'space': {
      const pane = state[msg.side];
      return [samePath(pane.path, msg.path) ? withPane(state, { ...pane, space: msg.space }) : state, []];
    }
    case 'looked':
      return looked(state, msg.request, msg.offset, msg.facts, msg.content);
    case 'peeked':
      return [peeked(state, msg.request, msg.seen), []];
    case 'unpeeked':
      return [unpeeked(state, msg.request, msg.error), []];
    case 'unlooked':
      return unlooked(state, msg.request, msg.error);
    case 'archive-listed':
      return archiveListed(state, msg.request, msg.text, msg.facts);
    case 'works-at':
      return [worksAt(state, msg.request, msg.at), []];
    case 'worked':
      return worked(state, msg.request, msg.at);
    case 'leftovers':
    case 'copy-fetched':
    case 'copy-unfetched':
    case 'editor-ended':
    case 'copy-stored':
    case 'copy-unstored':
    case 'copy-compared':
    case 'copy-uncompared':
      return onEdit(state, msg);
    case 'failed':
      return [{ ...state, notice: { text: inWords(msg.doing, msg.error), isError: true } }, []];
    case 'engine':
      return onEngine(state, msg.event);
  }
}

function withLeftoversFound([state, cmds]: Next): Next {
  return [state, [...cmds, { kind: 'find-leftovers' }]];
}

function onPane(state: AppState, side: Side, request: number, change: (pane: Pane) => Pane): AppState {
  const pane = state[side];
  return pane.request === request ? withPane(state, change(pane)) : state;
}

/** A folder that is gone shows its parent instead, and says why. */
function notListed(state: AppState, side: Side, request: number, error: WireError): Next {
  const pane = state[side];
  if (pane.request !== request || error[0] === Code.CANCELLED) return [state, []];
  const gone = error[0] === Code.NOT_FOUND || error[0] === Code.NOT_FOLDER;
  if (gone && pane.path.length > 0) {
    const [next, cmds] = go(state, side, parentPath(pane.path));
    const where = show(Buffer.from(pane.path.at(-1) ?? '', 'latin1').toString('utf8'));
    return [{ ...next, notice: { text: inWords(`folder ${where}`, error), isError: true } }, cmds];
  }
  return ended(state, side, request, (now) => unlisted(now, inWords('', error)));
}

/** The end of a listing, and the beginning of the next one where the folder changed meanwhile. */
function ended(state: AppState, side: Side, request: number, change: (pane: Pane) => Pane): Next {
  const next = onPane(state, side, request, change);
  const { stale, loading } = next[side];
  return stale && !loading ? refresh(next, side) : [next, []];
}

function resized(state: AppState, size: AppState['size']): AppState {
  const height = paneRows(size);
  return {
    ...state,
    size,
    remote: withCursor(state.remote, state.remote.cursor, height),
    local: withCursor(state.local, state.local.cursor, height),
  };
}

function onEngine(state: AppState, event: EngineEvent): Next {
  switch (event.kind) {
    case 'connection': {
      const told = { ...state, connection: event.status };
      const next =
        event.status.phase === 'offline' && state.connection.phase === 'online' ? withAwayNotice(told) : told;
      if (event.status.phase === 'closed' && event.status.error?.[0] === Code.PIN_MISMATCH) {
        return [withStop(next, event.status.error[1]), []];
      }
      const isBack = event.status.phase === 'online' && state.connection.phase !== 'online';
      // The first listing is under way already; after a loss the pane is read again.
      const wants = isBack && !state.remote.loading && state.remote.request > 0;
      const [looking, cmds] = isBack ? settle(next) : ([next, []] as const);
      if (!wants) return [looking, cmds];
      const [fresh, more] = refresh(looking, 'remote');
      return [fresh, [...cmds, ...more]];
    }
    case 'jobs':
      return withJobs(state, event);
    case 'queue': {
      const { notice, ...settings } = event.status;
      const next = { ...state, queue: { ...state.queue, ...settings } };
      if (notice === undefined) return [next, []];
      return [{ ...next, notice: { text: inWords('the queue', notice), isError: true } }, []];
    }
    case 'changed': {
      const pane = state[event.side];
      if (!samePath(pane.path, event.folder)) return [state, []];
      return pane.loading ? [withPane(state, { ...pane, stale: true }), []] : refresh(state, event.side);
    }
  }
}

/** Whoever answers there is not who is known: too grave for one line. */
function withStop(state: AppState, message: string): AppState {
  const lines = [...message.split('\n').map(show), trusted(''), trusted('Nothing more is sent there.')];
  return { ...state, dialog: { kind: 'stop', lines, top: 0 } };
}

/** One step after the other on both sides, collecting what they want done. */
function both(state: AppState, step: (side: Side) => (now: AppState) => Next): Next {
  const [first, firstCmds] = step('remote')(state);
  const [second, secondCmds] = step('local')(first);
  return [second, [...firstCmds, ...secondCmds]];
}
