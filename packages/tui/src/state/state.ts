/** All that the screen shows, as one value. Pure; UI thread. */

import { type Path, type Shown, show, trusted } from '@ferry/protocol';
import type { ConnectionStatus, Side } from '../engine/engine.ts';
import { isOver, type Job, type JobId } from '../engine/job.ts';
import type { Question } from '../transfer/conflict.ts';
import type { Dialog } from './dialog.ts';
import type { Edit } from './edit.ts';
import type { Size } from './layout.ts';
import { newPane, type Pane } from './pane.ts';
import type { Preview } from './preview.ts';
import { emptyQueue, type Queue } from './queue.ts';
import type { Viewer } from './viewer.ts';

export type Focus = Side | 'queue';

export type Notice = { readonly text: Shown; readonly isError: boolean };

/** What was done about questions that jobs may still be telling of. */
export type Handled = {
  /** Jobs whose question the user has put off; they ask on in the queue. */
  readonly postponed: ReadonlySet<JobId>;
  /** Questions whose answer is on its way, by job. */
  readonly answered: ReadonlyMap<JobId, Question>;
};

export type AppState = {
  readonly size: Size;
  readonly remote: Pane;
  readonly local: Pane;
  readonly focus: Focus;
  readonly queue: Queue;
  /** The file that is looked at, over panes and queue. */
  readonly viewer: Viewer | undefined;
  /** The server's files that are edited here or wait to be saved. */
  readonly edits: readonly Edit[];
  /** Stands in place of the pane that has not the focus. */
  readonly preview: Preview | undefined;
  readonly dialog: Dialog | undefined;
  readonly handled: Handled;
  readonly connection: ConnectionStatus;
  readonly address: Shown;
  /** One line for what has no place of its own; gone with the next key. */
  readonly notice: Notice | undefined;
  readonly isQuitting: boolean;
  /** Numbers listings and what is read of files. */
  readonly requests: number;
};

export function initialState(size: Size, address: string, remote: Path, local: Path): AppState {
  return {
    size,
    remote: newPane('remote', remote),
    local: newPane('local', local),
    focus: 'remote',
    queue: emptyQueue,
    viewer: undefined,
    edits: [],
    preview: undefined,
    dialog: undefined,
    handled: { postponed: new Set(), answered: new Map() },
    connection: { phase: 'connecting', attempt: 1 },
    address: show(address),
    notice: {
      text: trusted('Arrows walk · Space marks · F5 copies to the other side · F1 shows all keys'),
      isError: false,
    },
    isQuitting: false,
    requests: 0,
  };
}

export function otherSide(side: Side): Side {
  return side === 'remote' ? 'local' : 'remote';
}

/** The side whose files the keys act on, also while the queue has the focus. */
export function activeSide({ focus }: AppState): Side {
  return focus === 'local' ? 'local' : 'remote';
}

/** Jobs that are not over. */
export function runningJobs({ queue }: AppState): readonly Job[] {
  return queue.jobs.filter(({ phase }) => !isOver(phase));
}
