/** All that the screen shows, as one value. Pure; UI thread. */

import { type Path, type Shown, show } from '@ferry/protocol';
import type { ConnectionStatus, Side, Where } from '../engine/engine.ts';
import { isOver, type Job, type JobId } from '../engine/job.ts';
import { keyName } from '../keymap/key-name.ts';
import type { Action } from '../keymap/keymap.ts';
import type { Keymap } from '../keymap/resolve.ts';
import type { Question } from '../transfer/conflict.ts';
import { type ChatState, emptyChat } from './chat.ts';
import type { AtWhich } from './cmd.ts';
import type { Dialog } from './dialog.ts';
import type { Edit } from './edit.ts';
import { type Layout, layout, type Size } from './layout.ts';
import { kindOf, newPane, type Pane } from './pane.ts';
import type { Others } from './people.ts';
import type { Preview } from './preview.ts';
import { emptyQueue, type Queue } from './queue.ts';
import type { Place, Remembered } from './remembered.ts';
import type { Replacing } from './replacing.ts';
import type { OtherTabs } from './tabs.ts';
import { notices, sideNames } from './texts.ts';
import type { Typing } from './typing.ts';
import type { Undo } from './undo.ts';
import type { Viewer } from './viewer.ts';
import type { Work } from './works.ts';

export type Focus = Side | 'queue';

export type Notice = { readonly text: Shown; readonly isError: boolean };

/** What was done about questions that jobs may still be telling of. */
export type Handled = {
  /** Jobs whose question the user has put off; they ask on in the queue. */
  readonly postponed: ReadonlySet<JobId>;
  /** Questions whose answer is on its way, by job. */
  readonly answered: ReadonlyMap<JobId, Question>;
};

/** A folder on each side. */
export type Origin = { readonly remote: Path; readonly local: Path };

export type AppState = {
  readonly size: Size;
  /** The keys that hold; the same as long as this ferry runs. */
  readonly keymap: Keymap;
  /** How soon after Esc a digit makes a function key of both, milliseconds. */
  readonly escapeMs: number;
  readonly remote: Pane;
  readonly local: Pane;
  readonly focus: Focus;
  readonly queue: Queue;
  /** The file that is looked at, over panes and queue. */
  readonly viewer: Viewer | undefined;
  /** The server's files that are edited here or wait to be saved. */
  readonly edits: readonly Edit[];
  /** What was done and can be taken back, the last at the end. */
  readonly undos: readonly Undo[];
  /** Rules by which uploads replace files. */
  readonly replacing: readonly Replacing[];
  /** What servers, or this machine, are doing with their own files. */
  readonly works: readonly Work[];
  /** Stands in place of the pane that has not the focus. */
  readonly preview: Preview | undefined;
  readonly dialog: Dialog | undefined;
  /** What is talked on a server… */
  readonly chat: ChatState;
  readonly chatWhere: Where;
  /** …and what on the others meanwhile. */
  readonly otherChats: ReadonlyMap<Where, ChatState>;
  readonly handled: Handled;
  /** Of the first server… */
  readonly connection: ConnectionStatus;
  /** Who else is on the servers, and what they may see. */
  readonly people: Others;
  readonly address: Shown;
  /** …and of those that were connected to since. */
  readonly others: ReadonlyMap<Where, ConnectionStatus>;
  /** One line for what has no place of its own; gone with the next key. */
  readonly notice: Notice | undefined;
  /** Letters that go to a pane itself. */
  readonly typing: Typing | undefined;
  readonly remembered: Remembered;
  /** Where both sides began: folders below them correspond to each other. */
  readonly origin: Origin;
  /** Where each pane showed its first place. */
  readonly homes: Origin;
  readonly otherTabs: OtherTabs;
  /** Going somewhere on one side goes there on the other; from these folders on. */
  readonly synced: Origin | undefined;
  /** Keys pressed so far of a chord; '' for none. */
  readonly chord: string;
  /** Before the Esc that was the last key; a digit after it makes them one key. */
  readonly beforeEscape: AppState | undefined;
  /** The border between the panes is being dragged. */
  readonly dragging: boolean;
  readonly isQuitting: boolean;
  /** Numbers listings and what is read of files. */
  readonly requests: number;
};

export type Beginning = {
  readonly size: Size;
  readonly keymap: Keymap;
  readonly escapeMs?: number;
  readonly address: string;
  readonly remote: Path;
  readonly local: Path;
  readonly remembered: Remembered;
  /** Others on the first server may see the folder on the screen and what moves. Default: not. */
  readonly isShown?: boolean;
};

export function initialState({
  size,
  keymap,
  escapeMs = 800,
  address,
  remote,
  local,
  remembered,
  isShown = false,
}: Beginning): AppState {
  return {
    size,
    keymap,
    escapeMs,
    remote: newPane('remote', remote, address),
    local: newPane('local', local, ''),
    focus: 'remote',
    queue: emptyQueue,
    viewer: undefined,
    edits: [],
    undos: [],
    replacing: [],
    works: [],
    preview: undefined,
    dialog: undefined,
    chat: emptyChat,
    chatWhere: address,
    otherChats: new Map(),
    handled: { postponed: new Set(), answered: new Map() },
    connection: { phase: 'connecting', attempt: 1 },
    people: { here: new Map(), shownAt: new Set(isShown ? [address] : []), told: new Map() },
    address: show(address),
    others: new Map(),
    notice: remembered.starts < hintedStarts ? hint(keymap) : undefined,
    typing: undefined,
    remembered,
    origin: { remote, local },
    homes: { remote, local },
    synced: undefined,
    otherTabs: { before: [], after: [] },
    chord: '',
    beforeEscape: undefined,
    dragging: false,
    isQuitting: false,
    requests: 0,
  };
}

/** How many first starts begin with a hint. */
export const hintedStarts = 5;

/** Three keys that are enough to begin with, as they are now; gone with the first key. */
function hint({ pane }: Keymap): Notice | undefined {
  const key = (action: Action): Shown => keyName(pane.byAction.get(action)?.keys[0] ?? '');
  return { text: notices.hint(key('mark'), key('copy'), key('help')), isError: false };
}

export function otherSide(side: Side): Side {
  return side === 'remote' ? 'local' : 'remote';
}

/** The side whose files the keys act on, also while the queue has the focus. */
export function activeSide({ focus }: AppState): Side {
  return focus === 'local' ? 'local' : 'remote';
}

/** Where everything is on this screen now. */
export function layoutOf(state: AppState): Layout {
  // A preview takes the place of the other pane, so that one has to be there.
  const shown = state.preview === undefined ? activeSide(state) : undefined;
  return layout(state.size, state.remembered.arrangement, shown);
}

/** A folder of a side, as it is remembered. */
export function placeOf(state: AppState, side: Side, path: Path): Place {
  const { where } = state[side];
  return { side: kindOf(state[side]), server: where, path };
}

/** For commands that are about a server, as AtWhich has it. */
export function atWhich({ address }: AppState, where: Where): AtWhich {
  return where === '' || where === address ? {} : { where };
}

/** How the connection to a server is. */
export function statusAt({ connection, address, others }: AppState, where: Where): ConnectionStatus {
  return where === address ? connection : (others.get(where) ?? { phase: 'connecting', attempt: 1 });
}

/** The server was there and is not: what its pane shows is as it was then. */
export function isAway(state: AppState, { where, request }: Pane): boolean {
  if (where === '' || request === 0) return false;
  const status = statusAt(state, where);
  return (
    status.phase === 'offline' ||
    status.phase === 'closed' ||
    (status.phase === 'connecting' && status.attempt > 1)
  );
}

/** What stands before the paths of a pane; a server's own name once there are several. */
export function placeName({ others }: AppState, { where }: Pane): string {
  if (where === '') return sideNames.local;
  return others.size === 0 ? sideNames.remote : `${show(where)}: `;
}

/** A server's own name once there are several; '' for the only one. */
export function serverWord({ others }: AppState, where: Where): string {
  return others.size === 0 ? '' : show(where);
}

/** The server that the screen's title is about: that of the pane one is in, else the other's, else the first. */
export function serverAhead(state: AppState): Where {
  const side = activeSide(state);
  return state[side].where || state[otherSide(side)].where || state.address;
}

/** Jobs that are not over. */
export function runningJobs({ queue }: AppState): readonly Job[] {
  return queue.jobs.filter(({ phase }) => !isOver(phase));
}
