/**
 * (state, what happened) → (state, what is wanted done). Pure and quick: nothing here waits, and a key costs microseconds
 * whatever the folder's size. Routes to the parts; UI thread.
 */

import { Code, type Path, parentPath, samePath, show, showName, type WireError } from '@ferry/protocol';
import type { ConnectionStatus, EngineEvent, Side, Where } from '../engine/engine.ts';
import { type Action, layerOf } from '../keymap/keymap.ts';
import {
  chatIsOff,
  chatNews,
  inChatOf,
  roomEntered,
  roomNotEntered,
  roomsListed,
  withReadKept,
} from './chat-news.ts';
import { paneRows } from './layout.ts';
import type { Msg } from './msg.ts';
import { go, goAlone, inWords, moveTo, type Next, refresh, withPane } from './next.ts';
import { type Palette, paletteItems } from './palette.ts';
import { listed, ordered, type Pane, unlisted, withCursor, withPage } from './pane.ts';
import { peopleChanged, peopleListed, withOthers } from './people.ts';
import { followed, peeked, unpeeked } from './preview.ts';
import { withRecent } from './remembered.ts';
import { overAlready, withRule } from './replacing.ts';
import { shareMade, sharesListed } from './shares.ts';
import { type AppState, activeSide, placeOf, statusAt } from './state.ts';
import { notices, stopReport } from './texts.ts';
import { trashListed } from './trash.ts';
import { actInTyping, sought } from './typing.ts';
import { done } from './undo.ts';
import { notSaid } from './update-chat.ts';
import { withNextQuestion } from './update-conflict.ts';
import { actInDialog, typed } from './update-dialog.ts';
import { onEdit, withAwayNotice, withNextChanged } from './update-edit.ts';
import { recompared } from './update-entries.ts';
import { meaningOf } from './update-key.ts';
import { moused } from './update-mouse.ts';
import { actInPane } from './update-pane.ts';
import { pictureShown } from './update-picture.ts';
import { completed } from './update-places.ts';
import { actInQueue, withJobs } from './update-queue.ts';
import { actInViewer, archiveListed, looked, settle, unlooked, worked, worksAt } from './update-viewer.ts';
import { onOwnChange, onWatch, withWatches } from './update-watch.ts';
import { isSearching, withoutWork, withWork } from './works.ts';

export function update(state: AppState, msg: Msg): Next {
  const next = withWatches(state, followed(stepped(state, msg)));
  return withOrdering(state, withOthers(state, withReadKept(state, next)));
}

function stepped(state: AppState, msg: Msg): Next {
  switch (msg.kind) {
    case 'started':
      return withFirstLooks(both(started(state), (side) => (now) => go(now, side, now[side].path)));
    case 'key': {
      const [next, meaning] = meaningOf(state, msg);
      if (meaning.is === 'action') return act(next, meaning.action);
      return [meaning.is === 'text' ? typed(next, meaning.text) : next, []];
    }
    case 'mouse': {
      const { next, action } = moused(state, msg);
      return action === undefined ? next : act(next[0], action);
    }
    case 'action':
      return act(state, msg.action);
    case 'typed':
      return [typed(state, msg.text), []];
    case 'tick': {
      const others = new Map([...state.others].map(([where, status]) => [where, counted(status)] as const));
      return [{ ...state, connection: counted(state.connection), others }, []];
    }
    case 'resized':
      return settle(resized(state, msg.size));
    case 'page':
      return [
        onPane(state, msg.side, msg.request, (pane) => withPage(pane, msg.entries, paneRows(state.size))),
        [],
      ];
    case 'ordered':
      return [withPane(state, ordered(state[msg.side], msg.ordering, msg.ordered, paneRows(state.size))), []];
    case 'sought':
      return [sought(state, msg.side, msg.seeking, msg.found), []];
    case 'listed':
      return visited(state, msg.side, msg.request);
    case 'unlisted':
      return notListed(state, msg.side, msg.request, msg.error);
    case 'space': {
      const pane = state[msg.side];
      return [samePath(pane.path, msg.path) ? withPane(state, { ...pane, space: msg.space }) : state, []];
    }
    case 'people':
      return [peopleListed(state, msg.rows, msg), []];
    case 'watched':
    case 'change':
    case 'unwatched':
      return onWatch(state, msg);
    case 'measured':
      return [measured(state, msg), []];
    case 'completions':
      return [completed(state, msg.text, msg.names), []];
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
    case 'picture-shown':
      return pictureShown(state, msg.request, msg.picture, msg.facts);
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
    case 'did':
      return [done(state, msg.undo), []];
    case 'ruled':
      return [withRule(state, msg.rule), overAlready(state, msg.rule)];
    case 'working':
      return [withWork(state, msg.work), []];
    case 'work-over':
      return [withoutWork(state, msg.id), []];
    case 'trash':
      return [trashListed(state, msg.rows, msg), []];
    case 'share-made':
      return shareMade(state, msg.made);
    case 'shares':
      return [sharesListed(state, msg.rows, msg), []];
    case 'server-chosen': {
      const { side, where, path } = msg;
      const isNew = where !== state.address && !state.others.has(where);
      const others = isNew
        ? new Map([...state.others, [where, { phase: 'connecting', attempt: 1 } as const]])
        : state.others;
      const [next, cmds] = moveTo({ ...state, others, focus: side }, side, where, path);
      // Who speaks to us there is heard from now on.
      return [next, isNew ? [...cmds, { kind: 'chat-rooms', where }] : cmds];
    }
    case 'chat-rooms':
      return inChatOf(state, msg, (now) => roomsListed(now, msg.rooms));
    case 'chat-off':
      return inChatOf(state, msg, (now) => [chatIsOff(now, msg.error), []]);
    case 'chat-joined':
      return inChatOf(state, msg, (now) => [roomEntered(now, msg.ref), []]);
    case 'chat-not-joined':
      return inChatOf(state, msg, (now) => [roomNotEntered(now, msg.ref, msg.error), []]);
    case 'chat-not-said':
      return inChatOf(state, msg, (now) => [notSaid(now, msg.ref, msg.text, inWords('', msg.error)), []]);
    case 'said':
      return [{ ...state, notice: { text: show(msg.text), isError: false } }, []];
    case 'failed': {
      const told = { ...state, notice: { text: inWords(msg.doing, msg.error), isError: true } };
      // What it was to make is not there: another entry of that name is not it.
      return [msg.side === undefined ? told : withPane(told, { ...told[msg.side], seek: undefined }), []];
    }
    case 'engine':
      return onEngine(state, msg.event);
  }
}

/** What is to be put in order or looked for aside, or is not any more. */
function withOrdering(before: AppState, [state, cmds]: Next): Next {
  let all = cmds;
  for (const side of ['remote', 'local'] as const) {
    const { ordering, seeking } = state[side];
    if (ordering !== before[side].ordering) all = [...all, { kind: 'order', side, ordering }];
    if (seeking !== before[side].seeking) all = [...all, { kind: 'seek', side, seeking }];
  }
  return [state, all];
}

function withFirstLooks([state, cmds]: Next): Next {
  return [state, [...cmds, { kind: 'find-leftovers' }, { kind: 'chat-rooms' }]];
}

function started(state: AppState): AppState {
  const { remembered } = state;
  return { ...state, remembered: { ...remembered, starts: remembered.starts + 1 } };
}

/** An action where the keyboard is; one that does nothing now says why. */
function act(state: AppState, action: Action): Next {
  const calm = state.notice === undefined ? state : { ...state, notice: undefined };
  const { dialog } = calm;
  if (dialog?.kind === 'palette' && action === 'accept') return run(calm, dialog);
  if (dialog === undefined && calm.viewer === undefined && calm.typing !== undefined)
    return actInTyping(calm, calm.typing, action);
  if (dialog !== undefined) {
    const [next, cmds] = actInDialog(calm, action);
    return [withNextQuestion(withNextChanged(next)), cmds];
  }
  const why = state.keymap[layerOf(calm)].byAction.get(action)?.disabled?.(calm);
  if (why !== undefined) return [{ ...calm, notice: { text: why, isError: true } }, []];
  if (calm.viewer !== undefined) {
    const [next, cmds] = actInViewer(calm, calm.viewer, action);
    return [withNextQuestion(withNextChanged(next)), cmds];
  }
  return calm.focus === 'queue' ? actInQueue(calm, action) : actInPane(calm, calm.focus, action);
}

/** What was chosen in the list of all actions, where it belongs. */
function run(state: AppState, dialog: Palette): Next {
  const item = paletteItems(state, dialog)[dialog.cursor];
  if (item === undefined) return [state, []];
  const closed = { ...state, dialog: undefined };
  if (item.layer === dialog.of) return act(closed, item.binding.action);
  return act({ ...closed, focus: item.layer === 'queue' ? 'queue' : activeSide(state) }, item.binding.action);
}

function onPane(state: AppState, side: Side, request: number, change: (pane: Pane) => Pane): AppState {
  const pane = state[side];
  return pane.request === request ? withPane(state, change(pane)) : state;
}

/** A folder that is gone shows its parent instead, and says why. */
function notListed(state: AppState, side: Side, request: number, error: WireError): Next {
  const pane = state[side];
  if (pane.request !== request) return [state, []];
  // A search that was stopped; a listing is cancelled by the next one alone.
  if (error[0] === Code.CANCELLED) return isSearching(pane) ? visited(state, side, request) : [state, []];
  const gone = error[0] === Code.NOT_FOUND || error[0] === Code.NOT_FOLDER;
  if (gone && pane.path.length > 0) {
    const [next, cmds] = goAlone(state, side, parentPath(pane.path));
    const where = show(Buffer.from(pane.path.at(-1) ?? '', 'latin1').toString('utf8'));
    return [{ ...next, notice: { text: inWords(`folder ${where}`, error), isError: true } }, cmds];
  }
  return ended(state, side, request, (now) => unlisted(now, inWords('', error)));
}

/** A folder that was read for the first time is one that was visited. */
function visited(state: AppState, side: Side, request: number): Next {
  const pane = state[side];
  const isNew = pane.request === request && pane.fresh === undefined;
  const [next, cmds] = ended(state, side, request, (now) => listed(now, paneRows(state.size)));
  const told = recompared(next);
  if (!isNew) return [told, cmds];
  const remembered = withRecent(state.remembered, placeOf(state, side, pane.path));
  if (remembered === state.remembered) return [told, cmds];
  return [{ ...told, remembered }, [...cmds, { kind: 'remember', remembered }]];
}

function measured(
  state: AppState,
  { side, folder, name, bytes, files, whole }: Msg & { kind: 'measured' },
): AppState {
  const pane = state[side];
  const next = samePath(pane.path, folder)
    ? withPane(state, { ...pane, sizes: new Map([...pane.sizes, [name, bytes]]) })
    : state;
  if (!whole) return next;
  return { ...next, notice: { text: notices.counted(showName(name), bytes, files), isError: false } };
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
    case 'connection':
      return withStatus(state, event.where ?? state.address, event.status);
    case 'jobs':
      return withJobs(state, event);
    case 'queue': {
      const { notice, ...settings } = event.status;
      const next = { ...state, queue: { ...state.queue, ...settings } };
      if (notice === undefined) return [next, []];
      return [{ ...next, notice: { text: inWords('the queue', notice), isError: true } }, []];
    }
    case 'chat':
      return inChatOf(state, event, (now) => chatNews(now, event.news));
    case 'people':
      return peopleChanged(state, event.here, event);
    case 'notice':
      return [{ ...state, notice: { text: notices.fromOwner(show(event.text)), isError: false } }, []];
    case 'changed':
      return both(state, (side) => (now) => reread(now, side, event.where, event.folder));
  }
}

/** A second later. */
function counted(status: ConnectionStatus): ConnectionStatus {
  if (status.phase !== 'offline' || status.retryMs === 0) return status;
  return { ...status, retryMs: Math.max(0, status.retryMs - 1000) };
}

/** A pane that shows a folder in which something is different. */
function reread(state: AppState, side: Side, where: Where, folder: Path): Next {
  const pane = state[side];
  if (pane.where !== where || !samePath(pane.path, folder)) return [state, []];
  return onOwnChange(state, side, pane);
}

function withStatus(state: AppState, where: Where, status: ConnectionStatus): Next {
  const before = statusAt(state, where);
  const told =
    where === state.address
      ? { ...state, connection: status }
      : { ...state, others: new Map([...state.others, [where, status]]) };
  const next =
    status.phase === 'offline' && before.phase === 'online'
      ? withAwayNotice(told, where)
      : withRightsNotice(before, status, told);
  if (status.phase === 'closed' && status.error?.[0] === Code.PIN_MISMATCH) {
    return [withStop(next, status.error[1]), []];
  }
  const isBack = status.phase === 'online' && before.phase !== 'online';
  if (!isBack) return [next, []];
  const [looking, cmds] = settle(next);
  // The first listing is under way already; after a loss the panes are read again.
  const [fresh, more] = both(looking, (side) => (now) => {
    const { where: shown, loading, request } = now[side];
    return shown === where && !loading && request > 0 ? refresh(now, side) : [now, []];
  });
  return [fresh, [...cmds, ...more]];
}

/** Of one and the same session. */
function withRightsNotice(before: ConnectionStatus, now: ConnectionStatus, state: AppState): AppState {
  if (before.phase !== 'online' || now.phase !== 'online' || before.readOnly === now.readOnly) return state;
  const text = now.readOnly ? notices.nowReadOnly : notices.nowChanging;
  return { ...state, notice: { text, isError: false } };
}

/** Whoever answers there is not who is known: too grave for one line. */
function withStop(state: AppState, message: string): AppState {
  const { title, gap, rest } = stopReport;
  const lines = [...message.split('\n').map(show), gap, rest];
  return { ...state, dialog: { kind: 'words', title, lines, top: 0 } };
}

/** One step after the other on both sides, collecting what they want done. */
function both(state: AppState, step: (side: Side) => (now: AppState) => Next): Next {
  const [first, firstCmds] = step('remote')(state);
  const [second, secondCmds] = step('local')(first);
  return [second, [...firstCmds, ...secondCmds]];
}
