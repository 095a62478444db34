/**
 * Every key as data: what it does, how it is called, what it is for, and why it may not be available now. Help, footer and
 * documentation are made from this table. Pure; UI thread.
 */

import { type Shown, trusted } from '@ferry/protocol';
import type { Priority } from '../engine/job.ts';
import { type AppState, activeSide } from '../state/state.ts';
import type { ConflictPolicy } from '../transfer/conflict.ts';
import { type ViewerAction, viewerBindings } from './viewer-keys.ts';

export type Action =
  | 'up'
  | 'down'
  | 'page-up'
  | 'page-down'
  | 'first'
  | 'last'
  | 'open'
  | 'view'
  | 'edit'
  | 'preview'
  | ViewerAction
  | 'parent'
  | 'switch'
  | 'queue'
  | 'panes'
  | 'mark'
  | 'invert'
  | 'mark-all'
  | 'unmark'
  | 'help'
  | 'copy'
  | 'mkdir'
  | 'rename'
  | 'delete'
  | 'refresh'
  | 'sort-name'
  | 'sort-size'
  | 'sort-modified'
  | 'reverse'
  | 'hidden'
  | 'pause-job'
  | 'cancel-job'
  | 'retry-job'
  | 'retry-all'
  | 'job-top'
  | 'job-up'
  | 'job-down'
  | `priority-${Priority}`
  | `choose-${Exclude<ConflictPolicy, 'ask' | 'fail'>}`
  | 'choose-save-as'
  | 'choose-difference'
  | 'choose-keep'
  | 'next-scope'
  | 'previous-scope'
  | 'limit-job'
  | 'limit-all'
  | 'next-view'
  | 'overwrite-job'
  | 'job-details'
  | 'clear-jobs'
  | 'pause-all'
  | 'quit'
  | 'yes'
  | 'no'
  | 'accept'
  | 'erase'
  | 'erase-forward'
  | 'erase-word'
  | 'erase-line'
  | 'left'
  | 'right'
  | 'redraw';

/** Who has the keyboard; decided by the state alone. */
export type Layer =
  | 'pane'
  | 'queue'
  | 'viewer'
  | 'question'
  | 'conflict'
  | 'changed'
  | 'busy'
  | 'prompt'
  | 'reading';

export type Binding = {
  readonly action: Action;
  /** Names as view/keys gives them; the first one is shown. */
  readonly keys: readonly string[];
  /** Short, for the footer. */
  readonly label: Shown;
  readonly help: Shown;
  /** Why it does nothing now; undefined when it does something. */
  readonly disabled?: (state: AppState) => Shown | undefined;
};

function bind(
  action: Action,
  keys: readonly string[],
  label: string,
  help: string,
  disabled?: Binding['disabled'],
): Binding {
  const binding = { action, keys, label: trusted(label), help: trusted(help) };
  return disabled === undefined ? binding : { ...binding, disabled };
}

/** Changing the server's files needs a server, and the right to. */
function cannotChange(state: AppState): Shown | undefined {
  if (activeSide(state) === 'local') return undefined;
  if (state.connection.phase !== 'online') return trusted('the server is not connected');
  return state.connection.readOnly ? trusted('you may only look and download here') : undefined;
}

function cannotCopy(state: AppState): Shown | undefined {
  if (activeSide(state) === 'remote' || state.connection.phase !== 'online') return undefined;
  return state.connection.readOnly ? trusted('you may only look and download here') : undefined;
}

function noJob(state: AppState): Shown | undefined {
  return state.queue.jobs.length === 0 ? trusted('the queue is empty') : undefined;
}

const walking: readonly Binding[] = [
  bind('up', ['up'], 'Up', 'one row up'),
  bind('down', ['down'], 'Down', 'one row down'),
  bind('page-up', ['pageup'], 'PgUp', 'one page up'),
  bind('page-down', ['pagedown'], 'PgDn', 'one page down'),
  bind('first', ['home'], 'Home', 'first row'),
  bind('last', ['end'], 'End', 'last row'),
];

const pauseAll = bind('pause-all', ['P'], 'Pause all', 'let nothing move, or let all go on');

const always: readonly Binding[] = [
  bind('help', ['f1', '?'], 'Help', 'this list of keys'),
  bind('quit', ['f10', 'q', 'C-c'], 'Quit', 'leave; asks while jobs run'),
  bind('redraw', ['C-l'], 'Redraw', 'draw the whole screen again'),
];

export const bindings: Readonly<Record<Layer, readonly Binding[]>> = {
  pane: [
    ...walking,
    bind('open', ['enter', 'right'], 'Open', 'open the folder or file under the cursor'),
    bind('view', ['f3'], 'View', 'look at the file under the cursor'),
    bind(
      'edit',
      ['f4', 'e'],
      'Edit',
      'open the file in $VISUAL or $EDITOR, and save what changed',
      cannotChange,
    ),
    bind('preview', ['p'], 'Preview', 'show what is under the cursor in place of the other pane'),
    bind('parent', ['left', 'backspace'], 'Parent', 'go to the folder above'),
    bind('switch', ['tab'], 'Other side', 'go to the other pane'),
    bind('mark', ['space', 'insert'], 'Mark', 'mark or unmark, and go down'),
    bind('invert', ['*'], 'Invert', 'marked becomes unmarked and the other way round'),
    bind('mark-all', ['C-a'], 'Mark all', 'mark everything that is shown'),
    bind('unmark', ['escape'], 'Unmark', 'take all marks away'),
    bind('copy', ['f5'], 'Copy', 'queue the marked entries, or this one, for the other side', cannotCopy),
    bind('rename', ['f2', 'r'], 'Rename', 'give another name', cannotChange),
    bind('mkdir', ['f7'], 'MkDir', 'make a folder', cannotChange),
    bind('delete', ['f8', 'delete'], 'Delete', 'delete the marked entries, after a question', cannotChange),
    bind('sort-name', ['n'], 'By name', 'sort by name; again: the other way round'),
    bind('sort-size', ['s'], 'By size', 'sort by size; again: the other way round'),
    bind('sort-modified', ['m'], 'By time', 'sort by time; again: the other way round'),
    bind('hidden', ['.', 'M-.'], 'Hidden', 'show or hide names that begin with a dot'),
    bind('refresh', ['C-r'], 'Refresh', 'read the folder again'),
    bind('queue', ['w', 'S-tab'], 'Queue', 'go to the queue'),
    pauseAll,
    ...always,
  ],
  queue: [
    ...walking,
    bind('pause-job', ['p'], 'Pause', 'pause the marked jobs, or this one, or let them go on', noJob),
    bind('cancel-job', ['x', 'delete', 'f8'], 'Cancel', 'cancel them, after a question', noJob),
    bind('retry-job', ['r'], 'Retry', 'try what failed again', noJob),
    bind('job-details', ['enter'], 'Details', 'what the job has done and what went wrong', noJob),
    bind('next-view', ['f'], 'Filter', 'show all jobs, active, failed or done ones', noJob),
    bind('job-top', ['t'], 'Top', 'move them before all others', noJob),
    bind('job-up', ['[', 'C-up'], 'Earlier', 'move them one place up', noJob),
    bind('job-down', [']', 'C-down'], 'Later', 'move them one place down', noJob),
    bind('priority-5', ['5'], 'Priority 5', 'priority 5: before all others', noJob),
    bind('priority-4', ['4'], 'Priority 4', 'priority 4', noJob),
    bind('priority-3', ['3'], 'Priority 3', 'priority 3, which jobs have at first', noJob),
    bind('priority-2', ['2'], 'Priority 2', 'priority 2', noJob),
    bind('priority-1', ['1'], 'Priority 1', 'priority 1: when nothing else can move', noJob),
    bind('limit-job', ['l'], 'Limit', 'most bytes a second that they may take', noJob),
    bind('limit-all', ['L'], 'Limits', 'most bytes a second of all jobs, and by the time of day'),
    pauseAll,
    bind('retry-all', ['R'], 'Retry all', 'try everything that failed again', noJob),
    bind('overwrite-job', ['o'], 'Overwrite', 'try again and replace what is there, after a question', noJob),
    bind('clear-jobs', ['c'], 'Clear', 'forget what is over; asks when something failed', noJob),
    bind('mark', ['space', 'insert'], 'Mark', 'mark or unmark, and go down'),
    bind('invert', ['*'], 'Invert', 'marked becomes unmarked and the other way round'),
    bind('mark-all', ['C-a'], 'Mark all', 'mark all jobs that are shown'),
    bind('unmark', ['escape'], 'Unmark', 'take all marks away; without any: back to the files'),
    bind('panes', ['w', 'tab', 'S-tab'], 'Files', 'back to the files'),
    ...always,
  ],
  viewer: viewerBindings,
  question: [
    bind('yes', ['y', 'enter'], 'Yes', 'do it'),
    bind('no', ['n', 'escape', 'q', 'f10', 'C-c'], 'No', 'leave it'),
  ],
  conflict: [
    bind('accept', ['enter'], 'Answer', 'take the chosen answer'),
    bind(
      'next-scope',
      ['tab', 'right'],
      'For',
      'what the answer is for: this file, the job, or all of its direction',
    ),
    bind('no', ['escape', 'q', 'f10', 'C-c'], 'Later', 'let the job wait'),
    bind('up', ['up'], 'Up', 'the answer above'),
    bind('down', ['down'], 'Down', 'the answer below'),
    bind('previous-scope', ['S-tab', 'left'], 'For less', 'the other way round'),
    bind('choose-overwrite', ['o'], 'Overwrite', 'replace what is there'),
    bind('choose-newer', ['n'], 'Newer', 'replace what is older'),
    bind('choose-size-differs', ['z'], 'Size differs', 'replace what has another size'),
    bind('choose-content-differs', ['c'], 'Content differs', 'replace what holds other bytes'),
    bind('choose-resume', ['r'], 'Resume', 'go on with what is there in part'),
    bind('choose-keep-both', ['k'], 'Keep both', 'give the new one another name'),
    bind('choose-skip', ['s'], 'Skip', 'leave what is there'),
  ],
  changed: [
    bind('accept', ['enter'], 'Answer', 'take the chosen answer'),
    bind('no', ['escape', 'q', 'f10', 'C-c'], 'Later', 'keep yours here'),
    bind('up', ['up'], 'Up', 'the answer above'),
    bind('down', ['down'], 'Down', 'the answer below'),
    bind('choose-overwrite', ['o'], 'Overwrite', 'replace what is there'),
    bind('choose-save-as', ['s'], 'Save as', 'give yours another name'),
    bind('choose-difference', ['d'], 'Difference', 'show how they differ'),
    bind('choose-keep', ['k'], 'Later', 'keep yours here'),
  ],
  busy: [bind('no', ['escape', 'q', 'f10', 'C-c'], 'Stop', 'do not wait for it')],
  prompt: [
    bind('accept', ['enter'], 'OK', 'take the line'),
    bind('no', ['escape', 'f10', 'C-c'], 'Cancel', 'leave it'),
    bind('erase', ['backspace'], 'Erase', 'the character before the cursor'),
    bind('erase-forward', ['delete'], 'Erase', 'the character under the cursor'),
    bind('left', ['left'], 'Left', 'one character to the left'),
    bind('right', ['right'], 'Right', 'one character to the right'),
    bind('first', ['home', 'C-a'], 'Home', 'to the beginning'),
    bind('last', ['end', 'C-e'], 'End', 'to the end'),
    bind('down', ['tab', 'down'], 'Next', 'to the next line, where there are several'),
    bind('up', ['S-tab', 'up'], 'Previous', 'to the line before'),
  ],
  reading: [...walking, bind('no', ['escape', 'enter', 'q', 'f1', 'f10', '?', 'C-c'], 'Close', 'back')],
};

export function layerOf({ dialog, focus, viewer }: AppState): Layer {
  if (dialog === undefined && viewer !== undefined) return 'viewer';
  if (dialog === undefined) return focus === 'queue' ? 'queue' : 'pane';
  const { kind } = dialog;
  return kind === 'help' || kind === 'details' || kind === 'stop' || kind === 'difference' ? 'reading' : kind;
}

/** The binding of a key; undefined when it has none in this layer. */
export function lookUp(layer: Layer, key: string): Binding | undefined {
  return bindings[layer].find(({ keys }) => keys.includes(key));
}

/** What the function keys do now, for the footer: number, label. */
export function footerOf(layer: Layer): readonly { readonly key: string; readonly label: Shown }[] {
  const shown = layer === 'pane' ? ['f1', 'f2', 'f3', 'f4', 'f5', 'f7', 'f8', 'f10'] : undefined;
  const own = bindings[layer].filter(({ keys: [first = ''] }) =>
    shown === undefined ? first.length > 0 : shown.includes(first),
  );
  const walkingFirst = layer === 'viewer' ? 8 : layer === 'queue' || layer === 'reading' ? 6 : 0;
  const ordered = shown === undefined ? own.slice(walkingFirst) : own;
  const extra =
    layer === 'pane'
      ? bindings.pane.filter(({ action }) => action === 'mark' || action === 'switch' || action === 'queue')
      : [];
  const number = (key: string): number => Number(/^f(\d+)$/.exec(key)?.[1] ?? 99);
  return [...ordered.toSorted((a, b) => number(a.keys[0] ?? '') - number(b.keys[0] ?? '')), ...extra].map(
    ({ keys: [first = ''], label }) => ({ key: first, label }),
  );
}

const keyNames: ReadonlyMap<string, string> = new Map([
  ['up', '↑'],
  ['down', '↓'],
  ['left', '←'],
  ['right', '→'],
  ['pageup', 'PgUp'],
  ['pagedown', 'PgDn'],
  ['S-tab', 'Shift+Tab'],
  ['C-up', 'Ctrl+↑'],
  ['C-down', 'Ctrl+↓'],
]);

/** A key as people call it: `F5`, `Ctrl+R`, `Space`. */
export function keyName(key: string): Shown {
  const named = keyNames.get(key);
  if (named !== undefined) return trusted(named);
  const control = /^([CM])-(.)$/.exec(key);
  if (control !== null)
    return trusted(`${control[1] === 'C' ? 'Ctrl' : 'Alt'}+${(control[2] ?? '').toUpperCase()}`);
  if (/^f\d+$/.test(key)) return trusted(key.toUpperCase());
  return trusted(key.length > 1 ? `${key[0]?.toUpperCase()}${key.slice(1)}` : key);
}
